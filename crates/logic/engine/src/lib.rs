//! Runs a plan, step by step, and can take it back.
//!
//! | verb | reads | writes |
//! |---|---|---|
//! | [`discover`] | world | nothing |
//! | [`apply`] | plan, journal, world | journal, world |
//! | [`verify`] | plan, world | nothing |
//! | [`rollback`] | journal, world | journal, world |
//!
//! INVARIANT: a step's prior state is on disk before its `apply` begins.
//! INVARIANT: no secret is ever written to the journal.
//! INVARIANT: the journal is a word of the one transition function in [`transition`]; anything else is an error
//! that names the record.
//!
//! It does not decide what to convert (`planner`) or how to reach a host or a directory (`hosts`, `directory`).

mod admission;
mod apply;
mod discover;
mod error;
mod history;
mod key_sets;
mod progress;
mod report;
mod restarts;
mod rollback;
mod run;
mod step;
mod steps;
pub mod transition;
mod verify;
mod world;

pub use admission::changed_facts;
pub use apply::{ApplyRequest, apply, open_run};
pub use discover::{
    ComponentProbe, HostQuestion, Manner, Questions, discover, discover_with, namespaces_with,
};
pub use error::EngineError;
pub use history::{Direction, History, StepRecord};
pub use key_sets::{
    ExportedKeySet, SavedKeySet, SealedKeySet, exported_key_sets, key_sets_saved_by_setup,
};
pub use progress::{Progress, Silent};
pub use report::{RunReport, StepReport};
pub use restarts::restarts_wanted;
pub use rollback::{RollbackRequest, rollback};
pub use step::{Check, StepError};
pub use transition::StepState;
pub use verify::{CheckResult, Verification, verify};
pub use world::World;
