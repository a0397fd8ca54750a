//! The client against servers that do what real ones seldom do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod conversation;
mod datagrams;
mod pipeline;
mod server;
mod tls;
