//! Bringing the agent along: it is put on the host under a name with its hash, checked there, started, taken away.
//!
//! ```text
//! look ── there, with the right hash, where nobody else may write ──────────────▶ start
//!   └──── not there ──▶ create the folder ──▶ send ──▶ settle: hash, name ──▶ look again
//! ```
//!
//! INVARIANT: nothing is started whose content, folder or access list was not checked on the host in the same log-on.
//! INVARIANT: an agent that is another than its name says is never replaced: somebody has to look first.

mod access;
mod agent_file;
mod answer;
mod error;
mod found;
mod script;
mod shell;
mod ssh_shell;
#[cfg(test)]
mod tests;
mod winrm_shell;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::names::HostFolder;
use tokio::time::timeout;

pub use agent_file::{AgentFile, NoAgentFile};
pub use error::DeployError;
pub use found::{Found, FoundFile};
use script::Script;
pub(crate) use shell::OpenShell;
use shell::Shell;

use crate::{AgentError, Connect, Transport};

/// For one script: Windows may take long to start PowerShell.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(60);
/// For the agent's way to the host.
const SEND_TIMEOUT: Duration = Duration::from_secs(600);

/// The agent's place on one host.
pub struct Deployment {
    way: Box<dyn OpenShell>,
    folder: HostFolder,
    agent: Option<Arc<AgentFile>>,
    stays: bool,
}

impl Deployment {
    /// A place that was not looked at yet; `stays`: whether the agent is left there when a session ends.
    pub(crate) fn new(
        way: Box<dyn OpenShell>,
        folder: HostFolder,
        agent: Option<Arc<AgentFile>>,
        stays: bool,
    ) -> Self {
        Self {
            way,
            folder,
            agent,
            stays,
        }
    }

    /// The folder on the host.
    pub fn folder(&self) -> &HostFolder {
        &self.folder
    }

    /// The agent to bring along.
    ///
    /// # Errors
    /// When there is none.
    pub fn agent(&self) -> Result<&Arc<AgentFile>, AgentError> {
        let agent = self.agent.as_ref();
        agent.ok_or(AgentError::Deploy(DeployError::NoAgent))
    }

    /// What is there; changes nothing.
    ///
    /// # Errors
    /// Those of the way there, and what keeps the host from telling.
    pub async fn look(&self) -> Result<Found, AgentError> {
        let mut shell = self.way.open().await?;
        let found = self.run(&mut *shell, Script::Look).await;
        shell.close().await;
        found
    }

    /// Puts the agent there unless it is there; whether it was sent.
    ///
    /// # Errors
    /// As [`Deployment::look`], and every reason not to start what is there.
    pub async fn deploy(&self) -> Result<bool, AgentError> {
        let mut shell = self.way.open().await?;
        let deployed = self.ensure(&mut *shell).await;
        shell.close().await;
        deployed
    }

    /// Removes every agent that gmsactl put there, and the folder if nothing else is in it; what is there afterwards.
    ///
    /// # Errors
    /// As [`Deployment::look`].
    pub async fn remove(&self) -> Result<Found, AgentError> {
        self.remove_some(None).await
    }

    async fn remove_some(&self, agent: Option<&AgentFile>) -> Result<Found, AgentError> {
        let mut shell = self.way.open().await?;
        let removed = self.removal(&mut *shell, agent).await;
        shell.close().await;
        removed
    }

    async fn removal(
        &self,
        shell: &mut dyn Shell,
        agent: Option<&AgentFile>,
    ) -> Result<Found, AgentError> {
        // What leads elsewhere is not followed.
        self.run(shell, Script::Look)
            .await?
            .check_is_folder(&self.folder)?;
        self.run(shell, Script::Remove(agent)).await
    }

    async fn ensure(&self, shell: &mut dyn Shell) -> Result<bool, AgentError> {
        let agent = self.agent()?;
        let mut found = self.run(shell, Script::Look).await?;
        if found.check_agent(&self.folder, agent)? {
            return Ok(false);
        }
        if !found.has_folder() {
            found = self.run(shell, Script::Create).await?;
        }
        found.check_folder(&self.folder)?;
        tracing::info!(folder = %self.folder, sha256 = agent.sha256(), "sends the agent");
        let sending = timeout(SEND_TIMEOUT, shell.send(agent, &self.folder)).await;
        sending.unwrap_or_else(|_| Err(late("send the agent", SEND_TIMEOUT)))?;
        let found = self.run(shell, Script::Settle(agent)).await?;
        if found.check_agent(&self.folder, agent)? {
            return Ok(true);
        }
        let path = self.folder.file(&agent.name());
        Err(DeployError::Damaged { path }.into())
    }

    async fn run(&self, shell: &mut dyn Shell, script: Script<'_>) -> Result<Found, AgentError> {
        let running = timeout(SCRIPT_TIMEOUT, shell.run(script, &self.folder)).await;
        let printed = running.unwrap_or_else(|_| Err(late(script.doing(), SCRIPT_TIMEOUT)))?;
        printed.understood(script, Found::parse)
    }
}

fn late(doing: &'static str, after: Duration) -> AgentError {
    let seconds = after.as_secs();
    DeployError::Late { doing, seconds }.into()
}

/// The agent's place, as a way to a started agent.
pub(crate) struct Deployed(pub Arc<Deployment>);

#[async_trait]
impl Connect for Deployed {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let place = &self.0;
        let mut shell = place.way.open().await?;
        if let Err(error) = place.ensure(&mut *shell).await {
            shell.close().await;
            return Err(error);
        }
        let program = place.folder.file(&place.agent()?.name());
        let agent = shell.start(&program).await?;
        if place.stays {
            return Ok(agent);
        }
        Ok(Box::new(Visiting {
            agent,
            place: Arc::clone(place),
        }))
    }
}

/// A started agent that is taken away when it ends.
struct Visiting {
    agent: Box<dyn Transport>,
    place: Arc<Deployment>,
}

#[async_trait]
impl Transport for Visiting {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.agent.send(bytes).await
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.agent.receive().await
    }

    async fn last_words(&mut self) -> String {
        self.agent.last_words().await
    }

    async fn close(&mut self) {
        self.agent.close().await;
        let removed = self.place.remove_some(self.place.agent.as_deref()).await;
        let left = match removed {
            Ok(found) => found.kept().join(", "),
            Err(error) => error.to_string(),
        };
        if !left.is_empty() {
            let folder = &self.place.folder;
            tracing::warn!(%folder, left, "the agent was not removed: gmsactl agent remove");
        }
    }
}
