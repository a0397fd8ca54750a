//! Who logs on, and what protects the bytes afterwards: Kerberos and NTLM over `sspi`, TLS with channel binding.
//!
//! | item | what |
//! |---|---|
//! | [`SecurityContext`] | one log-on: exchanges tokens, then seals and opens messages |
//! | [`Kdc`] | the way to one key distribution centre |
//! | [`LogonSecret`] | what proves an account: a password, a key, the tickets of a [`TicketCache`], or being logged on to Windows |
//! | [`kerberos_logon`] | proves a password or key with an AS exchange, changes and opens nothing |
//! | [`tls`] | whom to trust, and the channel's binding to a log-on |
//! | [`LogonFailure`], [`TlsFailure`] | by what the operator can do |
//!
//! INVARIANT: no secret is ever part of an error, a log record or a `Debug` text of this crate.
//! INVARIANT: NTLM is used only when asked for by name; a failed Kerberos log-on ends as an error.
//!
//! The targets `sspi` and `picky` print Kerberos keys at TRACE: never enable them above INFO.
//!
//! It does not know the protocol that carries the tokens (`ldap`), nor what an account is (`directory`).

mod failure;
mod granted;
mod kdc;
mod kdc_error;
mod logged_on;
mod package;
mod proof;
mod secret;
mod security;
mod ticket_cache;
mod ticket_file;
pub mod tls;

pub use failure::{LogonError, LogonFailure, Said};
pub use kdc::Kdc;
pub use logged_on::{logged_on_as, logged_on_user};
pub use proof::{LogonProof, kerberos_logon};
pub use secret::{EncryptionType, KerberosKey, LogonSecret, Password};
pub use security::{Mechanism, Sealed, SecurityContext, Step};
pub use ticket_cache::{TicketCache, TicketCacheError, bare_name};
pub use ticket_file::Malformed;
pub use tls::{TlsFailure, TlsRoots};
