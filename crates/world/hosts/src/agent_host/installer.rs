//! Setups of products.

use std::time::Duration;

use agent_protocol::{Reply, Request, SetupEnd, SetupRun};
use async_trait::async_trait;
use model::ports::{Installer, WorldError};
use model::secret::Password;

use super::{AgentHost, MARGIN, secret_of};

#[async_trait]
impl Installer for AgentHost {
    async fn run_setup(
        &self,
        run: &SetupRun,
        secret: Option<&Password>,
    ) -> Result<SetupEnd, WorldError> {
        let patience = Duration::from_millis(run.timeout_ms.saturating_add(run.busy_ms));
        let (_, secret) = secret_of(secret);
        let request = Request::RunSetup(run.clone());
        let asked = self.ask(request, secret, patience.saturating_add(MARGIN));
        match asked.await.map_err(|error| self.world(error))? {
            Reply::SetupEnded(end) => Ok(end),
            _ => Err(self.unexpected("run the setup")),
        }
    }
}
