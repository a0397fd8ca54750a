//! What can go wrong, by what the operator can do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

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

struct Said<'a>(&'a str);
impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Servers send line feeds and a final NUL.
        let mut words = self
            .0
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty());
        let Some(first) = words.next() else {
            return Ok(());
        };
        write!(f, " (server: {first}")?;
        words.try_for_each(|word| write!(f, " {word}"))?;
        f.write_str(")")
    }
}

/// Why a server's certificate does not do, or TLS failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// The certificate's time is over, or has not come.
    #[error("its certificate is expired or not yet valid{}", Since(.not_after))]
    Expired {
        /// The end of its time, when TLS told.
        not_after: Option<SystemTime>,
    },
    /// The certificate is somebody else's.
    #[error("its certificate does not name this host{}", Names(.presented))]
    WrongName {
        /// The names in the certificate, when TLS told.
        presented: Vec<String>,
    },
    /// No trusted authority has signed the certificate.
    #[error("its certificate is signed by an unknown authority")]
    UnknownAuthority,
    /// The trusted certificates cannot be read.
    #[error("the trusted certificates cannot be used: {0}")]
    Roots(String),
    /// The server has no TLS, or not now.
    #[error("the server did not start TLS: {0}")]
    NotStarted(String),
    /// The handshake was not over in time.
    #[error("the handshake took longer than {0:?}")]
    Timeout(Duration),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

struct Since<'a>(&'a Option<SystemTime>);
impl fmt::Display for Since<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Ok(age)) = self.0.map(|end| end.elapsed()) else {
            return Ok(());
        };
        write!(f, " (for {} hours)", age.as_secs() / 3600)
    }
}

struct Names<'a>(&'a [String]);
impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, " but {}", self.0.join(", "))
        }
    }
}

/// Why an account cannot log on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogonFailure {
    /// The password or key is not the account's.
    #[error("the password or key is wrong")]
    WrongPassword,
    /// No such account. Servers may also answer so to hide whether there is one.
    #[error("the domain has no such account")]
    UnknownUser,
    /// The two clocks are too far apart for Kerberos (5 minutes by default).
    #[error("the clocks differ by {} seconds", apart(*.client, *.server))]
    ClockSkew {
        /// This machine's clock when the answer came.
        client: SystemTime,
        /// The server's clock, from its answer.
        server: SystemTime,
    },
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The account's time is over.
    #[error("the account has expired")]
    Expired,
    /// Too many wrong passwords.
    #[error("the account is locked out")]
    Locked,
    /// Disabled, expired or locked out; the server does not say which.
    #[error("the account is disabled, expired or locked out")]
    Revoked,
    /// The password's time is over.
    #[error("the password has expired")]
    PasswordExpired,
    /// The password must be changed at the first log-on.
    #[error("the password must be changed first")]
    PasswordMustChange,
    /// Not at this hour, not from this machine, or a policy says no.
    #[error(
        "a policy of the domain forbids it (hours, workstation, protected user or authentication policy)"
    )]
    Forbidden,
    /// No account has the service principal name, or more than one has.
    #[error("no account of the domain has the service principal name {0}, or more than one has")]
    ServicePrincipal(String),
    /// The key distribution centre does not serve this realm.
    #[error("the key distribution centre does not serve the realm of {0}")]
    WrongRealm(String),
    /// No answer from the key distribution centre.
    #[error("the key distribution centre at {address} cannot be reached: {detail}")]
    KdcUnreachable {
        /// Where it was looked for.
        address: SocketAddr,
        /// The operating system's words.
        detail: String,
    },
    /// Account and server share no encryption type with this client (AES128 and AES256 with HMAC-SHA1).
    #[error("the account or server allows none of the encryption types AES128 and AES256")]
    EncryptionType,
    /// The server wants another protection of the connection, or its binding to the TLS channel failed.
    #[error("the server demands a better protected connection: {0}")]
    Protection(String),
    /// Another Kerberos error (RFC 4120 section 7.5.9, "Error Codes").
    #[error("the key distribution centre answered with error {code}{}", Said(.text))]
    Kerberos {
        /// The number.
        code: u32,
        /// Its words; may be empty.
        text: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

fn apart(a: SystemTime, b: SystemTime) -> u64 {
    a.duration_since(b)
        .unwrap_or_else(|reverse| reverse.duration())
        .as_secs()
}
