//! The lab's database server as the real client sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod hostile;
mod log_ons;
mod statements;
mod world;
