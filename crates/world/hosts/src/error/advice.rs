//! What to do about an error.

use agent_protocol::FailureKind;

use super::Outcome;
use crate::AgentError;

impl AgentError {
    pub(super) fn advice(&self) -> Option<String> {
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
            Self::Version(mismatch) if mismatch.theirs > mismatch.ours => {
                "use the gmsactl that this agent came with, or install the agent that came with this gmsactl: \
                 gmsactl agent deploy, with agent = \"deploy\" in estate.toml"
            }
            Self::Version(_) => {
                "install the agent that came with this gmsactl: gmsactl agent deploy, with agent = \"deploy\" in \
                 estate.toml"
            }
            Self::Deploy(error) => return Some(error.advice()),
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
            Self::Failed(failure) if failure.kind == FailureKind::NotFound => {
                "compare the name with what is there: gmsactl host shows services, values, pools, tasks and groups"
            }
            Self::Failed(failure) if failure.kind == FailureKind::NotSupported => {
                "this part of Windows is missing there: look whether its role, feature or tool is installed on the host"
            }
            _ => return None,
        })
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
