//! LDAPv3 as a domain controller speaks it (RFC 4511, [MS-ADTS] 3.1.1.3 "LDAP").
//!
//! INVARIANT: what a client sends ends in an answer or a closed connection, in bounded memory.
//! INVARIANT: a client that does not read is cut; others do not notice.

mod bind;
mod connection;
mod continuations;
mod encode;
mod entries;
mod filter;
mod frame;
mod global_catalog;
mod listener;
mod pages;
mod read_only;
mod requests;
mod search;
mod tls;

pub(crate) use connection::Connection;
pub(crate) use listener::{Port, Ports, serve};
pub(crate) use tls::{Certificate, Identity};
