//! The lab's directory, asked by the clients that production uses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which may fail"
)]

mod account_settings;
mod faults;
mod global_catalog;
mod hostile;
mod import;
mod ldif;
mod log_ons;
mod ntlm;
mod port;
mod read_only;
mod referrals;
mod replication;
mod rules;
mod scale;
mod searches;
mod world;
