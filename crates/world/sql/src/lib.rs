//! A client of Microsoft SQL Server ([MS-TDS] over TCP): logs on over TLS, asks with parameters, runs batches.
//!
//! | item | what |
//! |---|---|
//! | [`Client::connect`] | TLS, then the log-on |
//! | [`Client::ask`] | one parameterised query, its [`Row`]s |
//! | [`Client::run`] | a batch of statements, for what they do |
//! | [`Endpoint`], [`Auth`], [`Protocol`] | where, as whom, and TLS inside of TDS 7 or around TDS 8 |
//! | [`ServerAddress`], [`browser`] | `SERVER`, `SERVER\INSTANCE` and `SERVER,PORT` |
//! | [`Asker`] | what the planner judges by: what server and database have of an account |
//! | [`SqlDatabases`] | the database port, by the [`Way`] to each server |
//! | [`Error`], [`ServerError`] | by what the operator can do |
//!
//! INVARIANT: nothing but the negotiation of TLS travels outside of it; a server without TLS is refused.
//! INVARIANT: Kerberos, NTLM and a password are never tried one after the other.
//!
//! Messages and tokens are coded by `tds-protocol`; packets, TLS and the log-on are here, so that `logon` gives the
//! tokens, as for LDAP and WinRM. Kerberos tokens carry no channel binding (why: `ldap`'s page), which a server with
//! Extended Protection set to "Required" refuses.

mod access;
mod address;
pub mod browser;
mod client;
mod databases;
mod error;
mod handshake;
mod login;
mod packets;
mod row;

pub use access::{Asker, Whose};
pub use address::{InvalidServerAddress, ServerAddress};
pub use client::{Client, Parameter};
pub use databases::{SqlDatabases, Way};
pub use error::{Error, ServerError};
pub use login::{Auth, Endpoint, Protocol};
pub use row::{Row, Value};
