//! The verbs, one file each: arguments in, exit code out.

pub mod account;
pub mod agent;
pub mod apply;
pub mod changing;
pub mod decode;
pub mod delegation;
pub mod demo;
pub mod discover;
pub mod doctor;
pub mod explain;
pub mod group;
pub mod host;
pub mod kds;
pub mod keyset;
pub mod keytab;
pub mod lab;
pub mod mim;
pub mod msi;
mod own_run;
pub mod plan;
pub mod rehearse;
pub mod rollback;
pub mod runs;
pub mod spn;
pub mod sql;
pub mod verify;
pub mod waiting;

use model::run::Outcome;

use crate::error::{Failure, exit};

/// What a command hands back: its exit code, or why it could not do its work.
pub type Done = Result<u8, Failure>;

/// The exit code of a run's outcome.
fn exit_of(outcome: Outcome, wanted: Outcome) -> u8 {
    match outcome {
        outcome if outcome == wanted => 0,
        Outcome::Done | Outcome::Refused | Outcome::Failed => exit::REFUSED,
        Outcome::Unwound => exit::UNWOUND,
        Outcome::Stuck => exit::STUCK,
        Outcome::Waiting => exit::WAITING,
    }
}
