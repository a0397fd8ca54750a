//! What goes wrong between here and an agent.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use agent_protocol::{Failure, FailureKind, FrameError, InvalidName, VersionMismatch};
use logon::TicketCacheError;
use model::names::HostName;
use model::ports::{ErrorKind, WorldError};
use thiserror::Error;

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

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } => ErrorKind::Unreachable,
            Self::ConnectTimeout { .. } | Self::Closed { .. } | Self::TimedOut { .. } => {
                ErrorKind::Timeout
            }
            Self::UnknownHostKey { .. } | Self::ChangedHostKey { .. } => ErrorKind::Untrusted,
            Self::LogonRefused { .. } => ErrorKind::Credential,
            Self::Start { .. }
            | Self::KnownHosts { .. }
            | Self::IdentityFile { .. }
            | Self::SshAgent(_)
            | Self::CaFile { .. }
            | Self::NotConfigured(_)
            | Self::NotStarted { .. } => ErrorKind::NotConfigured,
            Self::TicketCache(_) => ErrorKind::Credential,
            Self::Winrm(error) => winrm_kind(error),
            Self::Ssh(_) | Self::Version(_) | Self::Garbled { .. } | Self::Unexpected { .. } => {
                ErrorKind::Protocol
            }
            Self::Name(_) => ErrorKind::Conflict,
            Self::Failed(failure) => match failure.kind {
                FailureKind::NotFound => ErrorKind::NotFound,
                FailureKind::Exists => ErrorKind::Exists,
                FailureKind::Denied => ErrorKind::Denied,
                FailureKind::Busy | FailureKind::Invalid => ErrorKind::Conflict,
                FailureKind::Timeout => ErrorKind::Timeout,
                FailureKind::NotSupported => ErrorKind::NotSupported,
                FailureKind::Failed => ErrorKind::Failed,
            },
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

    fn advice(&self) -> Option<String> {
        if let Self::TicketCache(error) = self {
            return Some(error.advice());
        }
        self.fixed_advice().map(str::to_owned)
    }

    fn fixed_advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { .. } | Self::ConnectTimeout { .. } => {
                "check name, port and firewall, and that sshd runs there"
            }
            Self::Start { .. } => "check the host's command in estate.toml",
            Self::UnknownHostKey { .. } => {
                "compare the fingerprint with the host's own (ssh-keygen -lf on the host), then add the key to that file"
            }
            Self::ChangedHostKey { .. } => {
                "find out why before anything else: a reinstalled host, or somebody in between; then replace that line"
            }
            Self::KnownHosts { .. } => "name the file by known-hosts in estate.toml",
            Self::IdentityFile {
                source: russh::keys::Error::KeyIsEncrypted,
                ..
            } => "load the key into an ssh-agent and set ssh-agent = true in estate.toml",
            Self::IdentityFile { .. } | Self::NotConfigured(_) => {
                "check the host's entry in estate.toml"
            }
            Self::SshAgent(_) => {
                "start an ssh-agent, load the key (ssh-add), and keep SSH_AUTH_SOCK in the environment"
            }
            Self::LogonRefused { .. } => {
                "check user and key or password in estate.toml, and the host's sshd log"
            }
            Self::NotStarted { .. } => {
                "check that the agent is installed and that sshd_config has its Subsystem line"
            }
            Self::Winrm(error) => return winrm_advice(error),
            Self::CaFile { .. } => "check the host's ca-file in estate.toml",
            Self::Version(_) => "install the agent that came with this gmsactl",
            Self::Garbled { .. } => {
                "check that the host's command is gmsactl-agent and nothing prints before it"
            }
            Self::Closed {
                outcome: Outcome::Unknown,
                ..
            }
            | Self::TimedOut {
                outcome: Outcome::Unknown,
                ..
            } => {
                "look at the host's state before the next step; apply and rollback do so by themselves"
            }
            Self::Closed { .. } => {
                "start the agent by hand on the host, with the account and command of estate.toml: what does it say?"
            }
            Self::TimedOut { .. } => "look what keeps the host busy, then repeat the command",
            Self::Failed(failure) if failure.kind == FailureKind::Denied => {
                "the agent must run as an administrator of the host, with an elevated token"
            }
            _ => return None,
        })
    }
}

fn winrm_kind(error: &winrm::Error) -> ErrorKind {
    use winrm::Error;
    match error {
        Error::Connect { .. } => ErrorKind::Unreachable,
        Error::Tls { .. } => ErrorKind::Untrusted,
        Error::Logon(_) | Error::Refused { .. } => ErrorKind::Credential,
        Error::Unsupported(_) => ErrorKind::NotSupported,
        Error::Fault { fault, .. } if fault.is_denied() => ErrorKind::Denied,
        Error::Fault { .. } => ErrorKind::Failed,
        Error::Connection { .. } | Error::Timeout { .. } => ErrorKind::Timeout,
        Error::Protocol { .. } => ErrorKind::Protocol,
    }
}

fn winrm_advice(error: &winrm::Error) -> Option<&'static str> {
    use winrm::Error;
    match error {
        Error::Connect { .. } | Error::Timeout { .. } => Some(
            "check name, port and firewall, and that WinRM listens there (winrm enumerate winrm/config/listener)",
        ),
        Error::Tls { .. } => Some(
            "name the authority of the host's certificate as ca-file, or use HTTP: it is sealed",
        ),
        Error::Logon(_) | Error::Refused { .. } => Some(
            "check user and password or tickets, and that the host's account has HTTP or HOST under this name as SPN",
        ),
        Error::Fault { fault, .. } => fault.advice(),
        Error::Unsupported(_) => Some("use tls = false, or auth = \"ntlm\" with tls"),
        Error::Connection { .. } | Error::Protocol { .. } => None,
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
mod tests {
    use agent_protocol::win32::Win32Code;

    use super::*;

    fn world(error: AgentError) -> WorldError {
        error.into_world(&"MIMSYNC01".parse().unwrap())
    }

    #[test]
    fn a_lost_answer_to_a_change_is_ambiguous() {
        let closed = |outcome| AgentError::Closed {
            request: "stop service S".into(),
            outcome,
            said: "it ended with exit code 3".into(),
            source: None,
        };
        let lost = world(closed(Outcome::Unknown));
        assert!(lost.ambiguous && lost.advice.is_some());
        assert_eq!(
            lost.to_string(),
            "MIMSYNC01: the agent closed the connection during \"stop service S\"; \
             whether it was done is unknown; it ended with exit code 3"
        );
        assert!(!world(closed(Outcome::Unchanged)).ambiguous);
    }

    #[test]
    fn windows_codes_keep_name_and_meaning() {
        let failure = Failure::from_code(Win32Code(1060), "open service S");
        let error = world(failure.into());
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "MIMSYNC01: open service S: 1060 ERROR_SERVICE_DOES_NOT_EXIST (no service of that name is installed)"
        );
    }

    #[test]
    fn causes_are_kept() {
        let source = io::Error::other("refused");
        let error = world(AgentError::Unreachable {
            address: "h:22".into(),
            source,
        });
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "refused"
        );
    }
}
