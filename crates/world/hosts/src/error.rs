//! What goes wrong between here and an agent.

mod advice;
mod kind;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use agent_protocol::{Failure, FailureKind, FrameError, InvalidName, VersionMismatch};
use logon::TicketCacheError;
use model::names::HostName;
use model::ports::WorldError;
use thiserror::Error;

use crate::DeployError;

/// Whether a request was done whose answer did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It changes nothing, or never left: ask again.
    Unchanged,
    /// It may have been done: read back before anything else.
    Unknown,
}

/// Why a host's agent did not do what was asked.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Nobody answers at the address.
    #[error("cannot reach {address}")]
    Unreachable {
        /// Name or IP address, and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Connecting, checking the host and logging on took too long.
    #[error("{address} did not let us in within {} s", .after.as_secs())]
    ConnectTimeout {
        /// Name or IP address, and port.
        address: String,
        /// The limit.
        after: Duration,
    },
    /// The local agent did not start.
    #[error("cannot start {program}")]
    Start {
        /// First word of the command line.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The host's key is in no line of the file.
    #[error("the host key of {host} is not known: {fingerprint} is not in {}", .known_hosts.display())]
    UnknownHostKey {
        /// The name that was looked up.
        host: String,
        /// SHA-256 fingerprint of the key that the host showed.
        fingerprint: String,
        /// The file.
        known_hosts: PathBuf,
    },
    /// The file has another key for that host.
    #[error(
        "the host key of {host} has changed: it is {fingerprint} now, line {line} of {} has another",
        .known_hosts.display()
    )]
    ChangedHostKey {
        /// The name that was looked up.
        host: String,
        /// SHA-256 fingerprint of the key that the host showed.
        fingerprint: String,
        /// The file.
        known_hosts: PathBuf,
        /// The line of the other key.
        line: usize,
    },
    /// The known host keys cannot be read.
    #[error("cannot read the known host keys in {}", .path.display())]
    KnownHosts {
        /// The file.
        path: PathBuf,
        /// Why.
        source: russh::keys::Error,
    },
    /// The private key cannot be read.
    #[error("cannot read the private key {}", .path.display())]
    IdentityFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: russh::keys::Error,
    },
    /// The ssh-agent cannot be used.
    #[error("cannot use the ssh-agent")]
    SshAgent(#[source] russh::keys::Error),
    /// A setting that a transport needs is missing.
    #[error("{0}")]
    NotConfigured(&'static str),
    /// The host accepted none of our proofs.
    #[error("{host} refused {user}, who tried {tried}")]
    LogonRefused {
        /// The host.
        host: String,
        /// The user.
        user: String,
        /// What was tried: `key ~/.ssh/id`, `ssh-agent (2 keys)`, `password`.
        tried: String,
    },
    /// The host does not have the subsystem, or may not run the command.
    #[error("{host} refused to start {what}")]
    NotStarted {
        /// The host.
        host: String,
        /// `subsystem "…"` or `command "…"`.
        what: String,
    },
    /// SSH itself broke.
    #[error("the ssh connection failed")]
    Ssh(#[from] russh::Error),
    /// WinRM refused or broke.
    #[error(transparent)]
    Winrm(#[from] winrm::Error),
    /// The tickets for a log-on by WinRM are of no use.
    #[error(transparent)]
    TicketCache(#[from] TicketCacheError),
    /// The trusted certificates cannot be read.
    #[error("cannot read {}", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Agent and gmsactl do not match.
    #[error(transparent)]
    Version(#[from] VersionMismatch),
    /// The agent's answer is no frame: something else talks on its stdout.
    #[error("the agent's answer to \"{request}\" is not understood{}", after_semicolon(.said))]
    Garbled {
        /// What was asked.
        request: String,
        /// What is known of the agent, or empty.
        said: String,
        /// Why.
        source: FrameError,
    },
    /// The agent answered another question.
    #[error("the agent's answer to \"{request}\" is one to something else")]
    Unexpected {
        /// What was asked.
        request: String,
    },
    /// The connection ended before the answer.
    #[error("the agent closed the connection during \"{request}\"{}{}", in_words(.outcome), after_semicolon(.said))]
    Closed {
        /// What was asked.
        request: String,
        /// Whether it was done.
        outcome: Outcome,
        /// What is known of the agent's end, or empty.
        said: String,
        /// What the system says, if anything.
        source: Option<io::Error>,
    },
    /// The answer did not come in time.
    #[error("no answer to \"{request}\" within {} s{}{}", .after.as_secs(), in_words(.outcome), after_semicolon(.said))]
    TimedOut {
        /// What was asked.
        request: String,
        /// The limit.
        after: Duration,
        /// Whether it was done.
        outcome: Outcome,
        /// What is known of the agent, or empty.
        said: String,
    },
    /// The agent cannot be brought along.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// A name that cannot be one on a host.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The agent did not do it, and says why.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl AgentError {
    /// Whether the connection is of no more use.
    pub fn breaks_connection(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Name(_))
    }

    /// The port's error, about that host.
    pub fn into_world(self, host: &HostName) -> WorldError {
        let advice = self.advice();
        let mut world =
            WorldError::new(self.kind(), format!("{host}: {self}")).ambiguous(self.is_ambiguous());
        if let Some(advice) = advice {
            world = world.advise(advice);
        }
        match std::error::Error::source(&self).map(chain) {
            Some(causes) => world.caused_by(causes),
            None => world,
        }
    }

    fn is_ambiguous(&self) -> bool {
        match self {
            Self::Closed { outcome, .. } | Self::TimedOut { outcome, .. } => {
                *outcome == Outcome::Unknown
            }
            // The agent gave up waiting; what it had begun may still come about.
            Self::Failed(failure) => failure.kind == FailureKind::Timeout,
            // It answered, so it was asked.
            Self::Garbled { .. } | Self::Unexpected { .. } => true,
            _ => false,
        }
    }
}

/// An error and what it came from, as one: a port's error keeps one source.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn in_words(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unchanged => "",
        Outcome::Unknown => "; whether it was done is unknown",
    }
}

fn after_semicolon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!("; {said}")
    }
}

#[cfg(test)]
mod tests;
