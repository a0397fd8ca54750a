//! Events, tickets, restart.

use std::time::Duration;

use agent_protocol::{Reply, Request};
use async_trait::async_trait;
use model::host::{EventPage, EventQuery};
use model::ports::{OperatingSystem, WorldError};

use super::{AgentHost, LONG, SHORT};

#[async_trait]
impl OperatingSystem for AgentHost {
    async fn events(&self, query: &EventQuery) -> Result<EventPage, WorldError> {
        match self.plain(Request::Events(query.clone()), LONG).await? {
            Reply::Events(page) => Ok(page),
            _ => Err(self.unexpected("read the log")),
        }
    }

    async fn purge_tickets(&self) -> Result<(), WorldError> {
        self.plain(Request::PurgeTickets, SHORT).await.map(drop)
    }

    async fn reboot(&self, delay: Duration) -> Result<(), WorldError> {
        let delay_seconds = u32::try_from(delay.as_secs()).unwrap_or(u32::MAX);
        self.plain(Request::Reboot { delay_seconds }, SHORT)
            .await
            .map(drop)
    }
}
