//! Why tickets that are there cannot be used, and what to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::ticket_file::Malformed;

/// Why a cache is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketCacheError {
    /// Only files are read here.
    #[error("the ticket cache {name} is of kind {kind}; only FILE can be read")]
    Kind {
        /// As in KRB5CCNAME.
        name: String,
        /// `KCM`, `KEYRING`, `DIR` …
        kind: String,
    },
    /// Nothing says where tickets are.
    #[error("no ticket cache is named")]
    Unnamed,
    /// The tickets are another user's.
    #[error("the tickets in {} are {holder}'s, not {user}'s", .path.display())]
    Holder {
        /// The file.
        path: PathBuf,
        /// Whose tickets these are, `name@REALM`.
        holder: String,
        /// Who was named.
        user: String,
    },
    /// No log-on has left tickets.
    #[error("there is no ticket cache {}", .0.display())]
    Missing(PathBuf),
    /// The operating system refuses the file.
    #[error("the ticket cache {} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The file is no cache.
    #[error("the ticket cache {} cannot be used: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// The tickets are for elsewhere.
    #[error("the ticket cache {} holds no ticket-granting ticket of {realm}; it is {holder}'s", .path.display())]
    NoTicket {
        /// The file.
        path: PathBuf,
        /// The realm that was wanted.
        realm: String,
        /// Whose tickets these are, `name@REALM`.
        holder: String,
    },
    /// The ticket's time is over.
    #[error("the ticket of {holder} in {} expired {} minutes ago", .path.display(), .ago.as_secs() / 60)]
    Expired {
        /// The file.
        path: PathBuf,
        /// Whose ticket, `name@REALM`.
        holder: String,
        /// Since when.
        ago: Duration,
    },
    /// The ticket's session key is none that this client has ciphers for.
    #[error(
        "the ticket of {holder} has a session key of encryption type {kind}; AES128 (17) or AES256 (18) is needed"
    )]
    EncryptionType {
        /// Whose ticket, `name@REALM`.
        holder: String,
        /// The number in the Kerberos encryption type registry.
        kind: u16,
    },
}

impl TicketCacheError {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Kind { .. } => "set KRB5CCNAME to a file, as in FILE:/tmp/krb5cc_1000, and run kinit again".into(),
            Self::Unnamed => {
                "set KRB5CCNAME to a file that MIT Kerberos for Windows keeps".into()
            }
            Self::Holder { holder, user, .. } => {
                format!("run kinit for {user}, or name no user to be {holder}")
            }
            Self::Missing(_) => "run kinit; where the system keeps tickets elsewhere (klist shows it), \
                                 set KRB5CCNAME to a file first"
                .into(),
            Self::Unreadable { .. } | Self::Malformed { .. } => "make the cache anew with kinit".into(),
            Self::NoTicket { realm, .. } => format!("run kinit NAME@{realm}, or set KRB5CCNAME to the right cache"),
            Self::Expired { .. } => "run kinit again (kinit -R where the ticket can be renewed)".into(),
            Self::EncryptionType { .. } => {
                "allow AES for the account and the realm (msDS-SupportedEncryptionTypes), then run kinit again".into()
            }
        }
    }
}
