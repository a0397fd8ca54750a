//! A client of Windows Remote Management's command shell ([MS-WSMV] 3.1.4.5, "WS-Management Shell Methods"): one
//! process on a host, its stdin, stdout and stderr.
//!
//! | item | what |
//! |---|---|
//! | [`Process::start`] | logs on, opens a shell, starts a program in it |
//! | [`Process::send`], [`Process::receive`], [`Process::end`] | its streams and its end |
//! | [`Endpoint`], [`Auth`] | where, and as whom |
//! | [`Error`], [`Fault`] | by what the operator can do |
//!
//! INVARIANT: what travels is sealed by the log-on (HTTP) or by TLS (HTTPS); there is no Basic authentication.
//! INVARIANT: one connection carries one log-on; when it breaks, the process is lost to us.
//!
//! Kerberos over HTTPS is refused for the reason that `ldap` gives: the channel binding would be malformed.
//!
//! It does not know what the process is (`hosts`).

mod envelope;
mod error;
mod http;
mod multipart;
mod process;
mod reply;

pub use error::{Error, Fault};
pub use http::{Auth, Endpoint};
pub use process::{Output, Process};
