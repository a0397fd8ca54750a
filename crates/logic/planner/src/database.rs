//! Whether an account gets into a database, what it lacks beside another account, and the T-SQL that gives it.
//!
//! The server is asked with the [`questions`]; [`judge`] compares the answers; [`script`] writes the repairs down.

mod lacks;
pub mod questions;
mod tsql;
mod verdict;

pub use lacks::Repair;
pub use tsql::{quoted_name, quoted_text, script};
pub use verdict::{Check, Matter, Verdict, judge};
