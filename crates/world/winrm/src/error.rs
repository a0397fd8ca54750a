//! What can go wrong, by what the operator can do about it.

use std::time::Duration;

use logon::{LogonError, TlsFailure};

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection: name, address, firewall, or no listener.
    #[error("cannot connect to {address}")]
    Connect {
        /// Name, address and port.
        address: String,
        /// The operating system's reason; `TimedOut` when the time-out was ours.
        source: std::io::Error,
    },
    /// The server could not be trusted, or TLS failed.
    #[error("no trusted TLS connection to {server}: {reason}")]
    Tls {
        /// The name that the certificate was checked against.
        server: String,
        /// What is wrong.
        reason: TlsFailure,
    },
    /// The log-on was not begun, or the key distribution centre refused it.
    #[error(transparent)]
    Logon(#[from] LogonError),
    /// The host refused the log-on.
    #[error("{server} refused {user}")]
    Refused {
        /// The host.
        server: String,
        /// Who logged on.
        user: String,
    },
    /// Not done, on purpose.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The host understood and answered with a fault.
    #[error("cannot {doing}: {fault}")]
    Fault {
        /// What was asked, as in "open a shell".
        doing: &'static str,
        /// The answer.
        fault: Fault,
    },
    /// The connection ended, or HTTP failed.
    #[error("the connection failed while it was to {doing}: {detail}")]
    Connection {
        /// What was asked.
        doing: &'static str,
        /// What the system or the server said.
        detail: String,
    },
    /// No answer in time.
    #[error("no answer within {} s when asked to {doing}", .after.as_secs())]
    Timeout {
        /// What was asked.
        doing: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The answer makes no sense.
    #[error("the answer is not understood when asked to {doing}: {detail}")]
    Protocol {
        /// What was asked.
        doing: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// A fault of WS-Management (DSP0226, 14, "Fault messages"), with the code of Windows ([MS-WSMV] 2.2.4.43, "WSManFault").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The last subcode without its prefix, as in `AccessDenied`.
    pub subcode: String,
    /// The number in `WSManFault`, if there is one.
    pub code: Option<u32>,
    /// The host's words.
    pub text: String,
}

/// ERROR_WSMAN_OPERATION_TIMEDOUT ([MS-ERREF] 2.2): nothing happened in time, ask again.
const OPERATION_TIMED_OUT: u32 = 0x8033_8029;
/// ERROR_WSMAN_UNEXPECTED_SELECTORS: there is no such shell (any more).
const SHELL_NOT_FOUND: u32 = 0x8033_805b;
/// ERROR_WSMAN_QUOTA_MAX_SHELLS, _MAX_SHELLUSERS and _MAX_SHELLS_PPQ.
const SHELL_QUOTAS: [u32; 3] = [0x8033_81a5, 0x8033_81ab, 0x8033_81e4];

impl Fault {
    pub(crate) fn is_timeout(&self) -> bool {
        self.code == Some(OPERATION_TIMED_OUT) || self.subcode == "TimedOut"
    }

    /// Whether the host says no to this user.
    pub fn is_denied(&self) -> bool {
        self.subcode == "AccessDenied" || self.code == Some(5)
    }

    /// What to do about it, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self.code {
            _ if self.is_denied() => Some(
                "the user must be an administrator of the host (or in Remote Management Users)",
            ),
            Some(code) if SHELL_QUOTAS.contains(&code) => Some(
                "the user has too many shells there: Get-WSManInstance shell -Enumerate shows them, \
                 or raise MaxShellsPerUser",
            ),
            Some(SHELL_NOT_FOUND) => Some("the host has ended the shell: repeat the command"),
            Some(2) => Some("check the path of the agent in the host's command in estate.toml"),
            _ => None,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.subcode.is_empty() {
            "fault"
        } else {
            &self.subcode
        })?;
        if let Some(code) = self.code {
            write!(f, " {code:#x}")?;
        }
        write!(f, "{}", logon::Said(&self.text))
    }
}
