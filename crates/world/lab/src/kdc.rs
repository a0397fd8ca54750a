//! The key distribution centre of the lab's domain, over TCP (RFC 4120, [MS-KILE]).
//!
//! AES only. Tickets carry the SIDs of their time; times are the system's, not the lab clock's.

mod as_exchange;
mod failure;
mod keys;
pub(crate) mod principals;
pub(crate) mod server;
mod tgs_exchange;
mod ticket;
pub(crate) mod wire;

pub(crate) use keys::{AccountSecret, Key};
pub(crate) use server::{answer, serve};
pub(crate) use ticket::TicketContent;
