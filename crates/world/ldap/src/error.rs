//! What can go wrong, by what the operator can do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use logon::{LogonError, LogonFailure, Said, TlsFailure};

use crate::result_code::ResultCode;
use crate::windows_error::WindowsError;

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No TCP connection: name, address, firewall or a server that is down.
    #[error("cannot connect to {server} at {address}")]
    Connect {
        /// Host name as given.
        server: String,
        /// Address that was tried.
        address: SocketAddr,
        /// The operating system's reason; `TimedOut` when the time-out was ours.
        source: io::Error,
    },
    /// The server could not be trusted, or TLS failed.
    #[error("no trusted TLS connection to {server}: {reason}")]
    Tls {
        /// Host name the certificate was checked against.
        server: String,
        /// What is wrong.
        reason: TlsFailure,
    },
    /// The log-on was refused.
    #[error("{user} cannot log on: {failure}")]
    Authentication {
        /// The account, as given.
        user: String,
        /// Why.
        failure: LogonFailure,
    },
    /// The server understood and refused. Nothing was changed by the operation.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// No answer in time.
    #[error("{operation} was not answered within {after:?}{}", unknown_outcome(*.ambiguous))]
    Timeout {
        /// What was asked.
        operation: Operation,
        /// How long was waited.
        after: Duration,
        /// The request is out and writes: it may or may not have been carried out; read back, do not repeat blindly.
        ambiguous: bool,
    },
    /// The connection ended.
    #[error("the server closed the connection during {operation}{}: {detail}", unknown_outcome(*.ambiguous))]
    Closed {
        /// What was asked.
        operation: Operation,
        /// As in [`Error::Timeout`].
        ambiguous: bool,
        /// What the server or the operating system said about it.
        detail: String,
    },
    /// The peer's bytes make no sense. The connection cannot be used any more.
    #[error("the server broke the protocol during {operation}{}: {detail}", unknown_outcome(*.ambiguous))]
    Protocol {
        /// What was asked.
        operation: Operation,
        /// As in [`Error::Timeout`].
        ambiguous: bool,
        /// What was wrong.
        detail: String,
    },
    /// This client does not do that, on purpose or not yet. Nothing was sent.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The caller's input is malformed. Nothing was sent.
    #[error("{what}: {detail}")]
    Input {
        /// Which input.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl Error {
    /// Whether a write may have been carried out although no answer says so.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Timeout { ambiguous, .. }
            | Self::Closed { ambiguous, .. }
            | Self::Protocol { ambiguous, .. } => *ambiguous,
            _ => false,
        }
    }

    /// The server's result code, when it refused.
    pub fn result_code(&self) -> Option<ResultCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }
}

impl From<LogonError> for Error {
    fn from(error: LogonError) -> Self {
        match error {
            LogonError::Input { what, detail } => Self::Input { what, detail },
            LogonError::Refused { user, failure } => Self::Authentication { user, failure },
        }
    }
}

fn unknown_outcome(ambiguous: bool) -> &'static str {
    if ambiguous {
        " (its outcome is unknown)"
    } else {
        ""
    }
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Start TLS.
    StartTls,
    /// Log on.
    Bind,
    /// Search.
    Search,
    /// Add an entry.
    Add,
    /// Change an entry.
    Modify,
    /// Delete an entry.
    Delete,
    /// Rename or move an entry.
    ModifyDn,
    /// Compare a value.
    Compare,
    /// Say good-bye.
    Unbind,
}

impl Operation {
    /// Whether it changes the directory.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Modify | Self::Delete | Self::ModifyDn
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StartTls => "start TLS",
            Self::Bind => "bind",
            Self::Search => "search",
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::ModifyDn => "rename",
            Self::Compare => "compare",
            Self::Unbind => "unbind",
        })
    }
}

/// A server's "no".
#[derive(Debug, thiserror::Error)]
#[error("the server refused to {operation} {}: {code}{}{}", Named(.dn), Windows(.windows), Said(.diagnostic))]
pub struct Refusal {
    /// What was asked.
    pub operation: Operation,
    /// Of which entry.
    pub dn: String,
    /// The answer.
    pub code: ResultCode,
    /// The server's own words; may be empty.
    pub diagnostic: String,
    /// The Windows error code inside these words, if there is one.
    pub windows: Option<WindowsError>,
    /// The nearest entry that does exist, with `noSuchObject`; may be empty.
    pub matched_dn: String,
    /// LDAP URLs of servers to ask instead, with `referral`.
    pub referrals: Vec<String>,
}

struct Named<'a>(&'a str);
impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "the root DSE"
        } else {
            self.0
        })
    }
}

struct Windows<'a>(&'a Option<WindowsError>);
impl fmt::Display for Windows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |error| write!(f, ", {error}"))
    }
}
