//! Whether an account gets into a database, what it lacks beside another account, and the T-SQL that gives it.
//!
//! The server is asked with the [`questions`]; [`judge`] compares the answers; [`script`] writes the repairs down, and
//! [`way_back`] what takes them back. For a plan, [`wanted`] judges what an inventory has.

mod lacks;
pub mod questions;
mod tsql;
mod verdict;
mod wanted;
mod way_back;

pub use lacks::lacking;
pub use tsql::{quoted_name, quoted_text, script};
pub use verdict::{Check, Matter, Verdict, judge, operator_may};
pub use wanted::{Judged, wanted};
pub use way_back::way_back;
