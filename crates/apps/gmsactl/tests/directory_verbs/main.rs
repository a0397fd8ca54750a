//! The directory's verbs as operators type them, against a lab of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod accounts;
mod causes;
mod controllers;
mod databases;
mod delegation;
mod groups;
mod hard_names;
mod keys;
mod lost_answers;
mod rights;
mod spns;
mod tables;
mod world;
