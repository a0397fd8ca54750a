//! Why a log-on did not come about.

use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::ticket_cache::TicketCacheError;

/// A log-on that was not begun, or was refused.
#[derive(Debug, thiserror::Error)]
pub enum LogonError {
    /// The caller's input is malformed. Nothing was sent.
    #[error("{what}: {detail}")]
    Input {
        /// Which input.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The log-on was refused.
    #[error("{user} cannot log on: {failure}")]
    Refused {
        /// The account, as given.
        user: String,
        /// Why.
        failure: LogonFailure,
    },
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
    /// The tickets of an earlier log-on are of no use.
    #[error(transparent)]
    TicketCache(#[from] TicketCacheError),
    /// The key distribution centre does not take the ticket of an earlier log-on any more.
    #[error("the ticket is refused: it has expired, or the domain has changed its keys since")]
    TicketRefused,
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

/// A server's own words behind ours, in brackets and on one line; nothing when it has none.
pub struct Said<'a>(pub &'a str);
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
