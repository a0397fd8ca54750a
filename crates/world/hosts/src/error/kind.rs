//! Which of the port's kinds an error is.

use agent_protocol::FailureKind;
use model::ports::ErrorKind;

use crate::AgentError;

impl AgentError {
    pub(super) fn kind(&self) -> ErrorKind {
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
            Self::Deploy(error) => error.kind(),
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
