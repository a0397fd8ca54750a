//! All integration tests, in one binary: built once, linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod cli;
mod clients;
mod differential;
mod directory;
mod engine;
mod hosts;
mod rig;
mod samba_derivation;
mod vectors;
