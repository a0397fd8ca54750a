//! Async LDAP client: Kerberos-sealed by default, TLS with channel binding beside it.
//!
//! | item | what |
//! |---|---|
//! | [`Client::connect`]`(&`[`ConnectOptions`]`)` | TCP, TLS if asked, log-on ([`Auth`]); then requests through `&Client` |
//! | [`Client::search`], [`Client::search_paged`], [`Client::search_pages`] | [`Search`] → [`SearchResult`] of [`Entry`]s with binary values |
//! | [`Client::compare`] | whether a value is there, without reading it |
//! | [`Client::add_each`] | many entries, several requests on their way at a time |
//! | [`Client::add`], [`Client::modify`], [`Client::delete`], [`Client::modify_dn`] | writes; [`Error::is_ambiguous`] tells when the outcome is unknown |
//! | [`search_over_udp`] | the same without connection and log-on: pings domain controllers |
//! | [`kerberos_logon`] | proves a password or key with an AS exchange, changes and opens nothing |
//! | [`Filter`], [`Dn`], [`Control`] | values that cannot become syntax |
//! | [`Error`] | by what the operator can do; [`Refusal::windows`] names the Windows error in the server's words |
//!
//! ```no_run
//! # async fn example(password: ldap::Password) -> Result<(), ldap::Error> {
//! use ldap::{Auth, Client, ConnectOptions, Filter, LogonSecret, Mechanism, Scope, Search, Transport};
//!
//! let auth = Auth::Kerberos {
//!     mechanism: Mechanism::GssSpnego,
//!     user: "Administrator@CONTOSO.COM".into(),
//!     secret: LogonSecret::Password(password),
//! };
//! let address = ([192, 0, 2, 1], 389).into();
//! let client = Client::connect(&ConnectOptions::new("dc1.contoso.com", address, Transport::Sealed, auth)).await?;
//! let accounts = Search::new("DC=contoso,DC=com", Scope::Subtree, Filter::equal("objectClass", "msDS-GroupManagedServiceAccount"));
//! for entry in client.search_paged(&accounts.attributes(["sAMAccountName"]), 500).await?.entries {
//!     println!("{} {:?}", entry.dn, entry.text("sAMAccountName"));
//! }
//! # Ok(()) }
//! ```
//!
//! INVARIANT: no secret is ever part of an error, a log record or a `Debug` text of this crate.
//! INVARIANT: NTLM is used only when asked for by name; a failed Kerberos log-on ends as an error.
//! INVARIANT: after an error that leaves the byte stream undefined the connection refuses further requests.
//!
//! Kerberos over TLS is refused: picky-krb 0.13.1 writes the channel-binding option (KERB_AP_OPTIONS_CBT) in two bytes
//! instead of four, and servers that enforce channel binding reject the log-on. Sealed connections need no binding.
//!
//! The targets `sspi` and `picky` print Kerberos keys at TRACE: never enable them above INFO.
//!
//! It does not know what an account is (`directory`) nor where a domain controller runs (the caller resolves names).

mod bind;
mod cldap;
mod client;
mod connection;
mod control;
mod dn;
mod entry;
mod error;
mod filter;
mod filter_text;
mod frame;
mod options;
mod pipeline;
mod ranges;
mod result_code;
mod search;
mod windows_error;
mod wire;

pub use cldap::search_over_udp;
pub use client::{Client, Pages};
pub use control::{Control, SdFlags};
pub use dn::Dn;
pub use entry::{Attribute, Entry, Modification, ModificationKind};
pub use error::{Error, Operation, Refusal};
pub use filter::Filter;
pub use logon::{
    EncryptionType, KerberosKey, LogonFailure, LogonProof, LogonSecret, Mechanism, Password,
    TicketCache, TicketCacheError, TlsFailure, TlsRoots, kerberos_logon,
};
pub use options::{Auth, ConnectOptions, Timeouts, Transport};
pub use result_code::ResultCode;
pub use search::{Scope, Search, SearchResult};
pub use windows_error::WindowsError;
