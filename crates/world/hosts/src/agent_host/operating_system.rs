//! Events, tickets, restart.

use std::time::Duration;

use agent_protocol::{PipeName, Reply, Request, Secret};
use async_trait::async_trait;
use model::host::{EventPage, EventQuery};
use model::ports::{OperatingSystem, WorldError};
use model::secret::Password;

use super::{AgentHost, LONG, MARGIN, SHORT};

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

    async fn converse(
        &self,
        pipe: &str,
        secret: &Password,
        timeout: Duration,
    ) -> Result<String, WorldError> {
        let request = Request::Converse {
            pipe: PipeName::parse(pipe).map_err(|e| self.world(e))?,
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        };
        let secret = Secret::copy_of(secret.expose_bytes());
        let asked = self.ask(request, secret, timeout + MARGIN).await;
        match asked.map_err(|error| self.world(error))? {
            Reply::Said(text) => Ok(text),
            _ => Err(self.unexpected("talk to the pipe")),
        }
    }

    async fn reboot(&self, delay: Duration) -> Result<(), WorldError> {
        let delay_seconds = u32::try_from(delay.as_secs()).unwrap_or(u32::MAX);
        self.plain(Request::Reboot { delay_seconds }, SHORT)
            .await
            .map(drop)
    }
}
