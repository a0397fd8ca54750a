//! What stops the engine itself.

use model::finding::Finding;
use model::names::{HostName, RunId, StepId};
use model::ports::{JournalError, WorldError};

use crate::transition::IllegalTransition;

/// What stops the engine before or beside the steps; a step's own failure is part of the run's report.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal cannot be used; nothing was touched since its last record.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal holds a record that cannot stand there.
    #[error("record {record} of run {run} cannot be: {why}")]
    Record {
        /// Number of the record.
        record: u64,
        /// The run.
        run: RunId,
        /// Why not.
        why: String,
    },
    /// The journal's words do not follow on one another.
    #[error("record {record} of run {run}, step {step}: {source}")]
    Transition {
        /// Number of the record.
        record: u64,
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
        /// What does not follow.
        source: IllegalTransition,
    },
    /// There is no run of that name.
    #[error("there is no run {0} in this journal")]
    NoSuchRun(RunId),
    /// The plan must not be applied.
    #[error("the plan is blocked by {} finding(s)", .0.len())]
    Blocked(Vec<Finding>),
    /// The world is not the one that the plan was made from.
    #[error("the saved plan is stale: {} fact(s) changed since it was made", .0.len())]
    Stale(Vec<String>),
    /// The plan is for another estate.
    #[error("the plan is for {planned}, this estate is {here}")]
    OtherEstate {
        /// What the plan names.
        planned: String,
        /// What was found.
        here: String,
    },
    /// A password that steps need is missing or wrong.
    #[error("{why}")]
    Password {
        /// Which and why.
        why: String,
        /// What to do.
        advice: String,
    },
    /// Some steps could not be taken back, and nobody said that this is acceptable.
    #[error("without the password of {account} there is no way back for: {}", .steps.join(", "))]
    NoWayBack {
        /// Whose password is missing.
        account: String,
        /// Ids of the steps.
        steps: Vec<String>,
    },
    /// What the plan writes is there already, and is never overwritten.
    #[error("{file} is there already on {host}: nothing was touched")]
    InTheWay {
        /// The file.
        file: String,
        /// Where.
        host: HostName,
    },
    /// A run on this estate is still open.
    #[error("run {0} on this estate was begun and is not over")]
    OpenRun(RunId),
    /// The run cannot go that way.
    #[error("run {run} {why}")]
    NotNow {
        /// Which run.
        run: RunId,
        /// Why not.
        why: String,
    },
    /// The directory or a host does not answer before the run begins.
    #[error(transparent)]
    World(#[from] WorldError),
}
