//! What is needed of a host to put an agent there, whatever carries it.

use async_trait::async_trait;
use model::names::HostFolder;

use super::agent_file::AgentFile;
use super::script::Script;
use crate::{AgentError, Transport};

/// Most that a script may print, in bytes: it tells of a handful of files.
pub(super) const MOST_OUTPUT: usize = 1 << 20;

/// A way to log on to a host.
#[async_trait]
pub(crate) trait OpenShell: Send + Sync {
    /// Logs on.
    async fn open(&self) -> Result<Box<dyn Shell>, AgentError>;
}

/// A host that has let us in.
#[async_trait]
pub(crate) trait Shell: Send {
    /// Runs a script that needs no input.
    async fn run(&mut self, script: Script<'_>, folder: &HostFolder)
    -> Result<Printed, AgentError>;

    /// Writes the agent into the folder under [`AgentFile::part_name`], over whatever has that name.
    async fn send(&mut self, agent: &AgentFile, folder: &HostFolder) -> Result<(), AgentError>;

    /// Starts the program: the log-on is its own from now on.
    async fn start(self: Box<Self>, program: &str) -> Result<Box<dyn Transport>, AgentError>;

    /// Logs off.
    async fn close(self: Box<Self>);
}

/// What a script printed, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    pub stdout: Vec<u8>,
    /// Its stderr and exit code as one line, empty when there is nothing to say.
    pub end: String,
}
