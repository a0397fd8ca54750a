//! What `gmsactl agent` prints.

use std::path::PathBuf;

use model::estate::AgentSource;
use model::names::{HostFolder, HostName};
use serde::Serialize;

/// The document of every verb.
#[derive(Debug, Serialize)]
pub struct AgentDocument {
    /// What gmsactl would put on a host; `null` where it has none.
    pub agent: Option<CarriedAgent>,
    /// Whether changes were only to be shown.
    pub dry_run: bool,
    /// Each host that was asked for.
    pub hosts: Vec<AgentOnHost>,
}

/// The agent that gmsactl brings along.
#[derive(Debug, Serialize)]
pub struct CarriedAgent {
    /// The file; `null` for the copy inside gmsactl.
    pub path: Option<PathBuf>,
    /// SHA-256.
    pub sha256: String,
    /// In bytes.
    pub size: usize,
}

/// One host.
#[derive(Debug, Serialize)]
pub struct AgentOnHost {
    /// Which.
    pub host: HostName,
    /// What estate.toml says about its agent.
    pub source: AgentSource,
    /// Where gmsactl puts it; `null` where somebody installed one.
    pub folder: Option<HostFolder>,
    /// How it stands now.
    pub state: AgentState,
    /// Agents in the folder: those that are there, or for `remove` those that were.
    pub files: Vec<AgentOnDisk>,
    /// Things in the folder that no gmsactl put there.
    pub others: usize,
    /// How the agent introduced itself; `null` where it was not started.
    pub hello: Option<AgentIntroduction>,
    /// Why it failed, with its causes.
    pub error: Option<String>,
    /// What to do about that.
    pub advice: Option<String>,
}

/// How an agent stands on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// Somebody installed it, and it answers.
    Installed,
    /// It is there and can be started.
    Ready,
    /// It is not there.
    Absent,
    /// It was sent just now.
    Sent,
    /// It is not there, and would be sent.
    WouldBeSent,
    /// Everything that gmsactl put there was removed.
    Removed,
    /// Everything that gmsactl put there would be removed.
    WouldBeRemoved,
    /// Some of it is in use, and was left.
    Left,
    /// The error says why.
    Failed,
}

/// A file in the folder.
#[derive(Debug, Serialize)]
pub struct AgentOnDisk {
    /// Its name.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: String,
    /// Whether it is the one that gmsactl would put there.
    pub current: bool,
}

/// How an agent introduces itself.
#[derive(Debug, Serialize)]
pub struct AgentIntroduction {
    /// Its version.
    pub version: String,
    /// The protocol that it speaks.
    pub protocol: u16,
    /// The system that it was built for.
    pub os: String,
}
