//! What can go wrong, by what the operator can do about it.

use std::fmt;
use std::time::Duration;

use logon::{LogonError, TlsFailure};

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection: name, address, firewall, or TCP is not enabled on the server.
    #[error("cannot connect to {address}")]
    Connect {
        /// Name, address and port.
        address: String,
        /// The operating system's reason; `TimedOut` when the time-out was ours.
        source: std::io::Error,
    },
    /// The SQL Server Browser did not tell where the instance listens.
    #[error(
        "the SQL Server Browser of {server} does not tell the port of the instance {instance}: {detail}"
    )]
    Browser {
        /// The server.
        server: String,
        /// The instance.
        instance: String,
        /// Why not.
        detail: String,
    },
    /// The server could not be trusted, or TLS failed.
    #[error("no trusted TLS connection to {server}: {reason}")]
    Tls {
        /// The name that the certificate was checked against.
        server: String,
        /// What is wrong.
        reason: TlsFailure,
    },
    /// The server offers no encryption.
    #[error("{server} offers no encryption")]
    NoEncryption {
        /// The server.
        server: String,
    },
    /// The log-on was not begun, or the key distribution centre refused it.
    #[error(transparent)]
    Logon(#[from] LogonError),
    /// The server answered with an error.
    #[error("cannot {doing}: {error}")]
    Server {
        /// What was asked, as in "log on".
        doing: &'static str,
        /// The answer.
        error: ServerError,
    },
    /// Not done, on purpose.
    #[error("{0}")]
    Unsupported(String),
    /// The connection ended.
    #[error("the connection failed while it was to {doing}: {detail}")]
    Connection {
        /// What was asked.
        doing: &'static str,
        /// What the system said.
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

impl Error {
    /// The server's own error, where there is one.
    pub fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::Server { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether what was asked for may have been done all the same: the answer was lost.
    pub fn leaves_open(&self) -> bool {
        matches!(
            self,
            Self::Connection { .. } | Self::Timeout { .. } | Self::Protocol { .. }
        )
    }

    /// What to do about it, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Connect { .. } => Some(
                "check the name, the port and the firewall; TCP/IP must be enabled for the instance \
                 (SQL Server Configuration Manager)",
            ),
            Self::Browser { .. } => Some(
                "name the port instead, as SERVER,PORT; or start the SQL Server Browser there and let UDP 1434 through",
            ),
            Self::Tls {
                reason: TlsFailure::UnknownAuthority,
                ..
            } => Some(
                "name the certificate's authority with --ca-file; a server without a certificate of its own makes one \
                 up at each start, which nothing can verify",
            ),
            Self::Tls { .. } => {
                Some("give the instance a certificate that names the server as you do")
            }
            Self::NoEncryption { .. } => {
                Some("give the instance a certificate: gmsactl does not log on without TLS")
            }
            Self::Server { error, .. } => error.advice(),
            _ => None,
        }
    }
}

/// An error of the server ([MS-TDS] 2.2.7.10, "ERROR"), its first one where there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// The number, as in `sys.messages`.
    pub number: i32,
    /// Where in the server it came from; 18456 tells strangers 1 whatever it was.
    pub state: u8,
    /// The severity.
    pub class: u8,
    /// The server's words.
    pub message: String,
    /// The line of the batch.
    pub line: i32,
}

impl ServerError {
    /// Whether the server did not let the operator in.
    pub fn is_refused_log_on(&self) -> bool {
        matches!(
            self.number,
            18452 | 18456 | 18470 | 18486 | 18487 | 18488 | 17892
        )
    }

    /// Whether the operator is known and may not do this.
    pub fn is_denied(&self) -> bool {
        matches!(
            self.number,
            229 | 230 | 262 | 297 | 300 | 916 | 4060 | 15151 | 15247
        )
    }

    /// What to do about it, where that is known. Numbers and their meaning: "Database Engine events and errors" of
    /// SQL Server's documentation.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self.number {
            18456 => {
                "the server knows no login for this user, or it is disabled, or the password is wrong: its own log \
                 (ERRORLOG) tells which by the state behind 18456"
            }
            18452 => {
                "the server takes no Windows log-on of this domain: no trust between them, a server that is in no \
                 domain, or Extended Protection set to Required, which wants a token bound to TLS"
            }
            18486 => "the login is locked out: ALTER LOGIN … WITH PASSWORD = … UNLOCK",
            18487 | 18488 => "the login's password has expired: change it",
            18470 => "the login is disabled: ALTER LOGIN … ENABLE",
            17892 => "a logon trigger refuses the log-on: ask who wrote it",
            4060 | 911 => {
                "there is no database of that name for this login: check the name, and that the login is mapped to a \
                 user in it"
            }
            916 | 4064 => "the login has no user in that database: CREATE USER … FOR LOGIN …",
            942 | 945 | 922 | 927 | 952 => {
                "the database is not online: sys.databases shows its state"
            }
            976 | 978 | 983 => {
                "the database is a secondary copy of an availability group: ask the primary, or its listener"
            }
            229 | 230 | 262 | 297 | 300 => {
                "the operator lacks a right there: it takes a member of sysadmin, or VIEW ANY DEFINITION to look"
            }
            15247 => {
                "the operator may not do this: it takes ALTER ANY LOGIN or ALTER ANY USER, or sysadmin"
            }
            15151 | 15404 | 15401 => {
                "the server does not find that account: the name may be wrong, or its domain cannot be asked"
            }
            15025 | 15023 | 15063 => "it is there already: look at the account again",
            15138 => "the user owns schemas or objects there: give them to somebody else first",
            15421 => "the login owns something on the server: give it to somebody else first",
            3906 | 3908 => "the database is read-only",
            1205 => "another session was in the way: repeat the command",
            102 | 156 | 207 | 208 => {
                "the server does not know what was asked: it is older than SQL Server 2012, or no SQL Server"
            }
            _ => return None,
        })
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {} state {}", self.number, self.state)?;
        if self.line > 1 {
            write!(f, " in line {}", self.line)?;
        }
        write!(f, "{}", logon::Said(&self.message))
    }
}

impl From<tds_protocol::ServerError> for ServerError {
    fn from(error: tds_protocol::ServerError) -> Self {
        Self {
            number: error.number,
            state: error.state,
            class: error.class,
            message: error.message,
            line: error.line,
        }
    }
}
