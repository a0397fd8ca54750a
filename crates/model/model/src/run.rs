//! What was done: the events of a run, as the journal keeps them.

use security::FileTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{ComponentId, RunId, StepId};
use crate::plan::Plan;

/// One event of a run.
///
/// INVARIANT: no event holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run began, or somebody took it up again.
    Run {
        /// What happened to the run.
        change: RunChange,
        /// When.
        at: FileTime,
        /// Who, on which machine.
        by: String,
    },
    /// Something happened to a step.
    Step {
        /// Which.
        step: StepId,
        /// What.
        change: StepChange,
        /// When.
        at: FileTime,
    },
}

/// What happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum RunChange {
    /// It was made, from this plan: the journal alone is enough to go on or back.
    Started {
        /// The whole plan.
        plan: Box<Plan>,
    },
    /// Another process goes on applying.
    Resumed,
    /// Somebody asked to take it back.
    RollbackStarted {
        /// One component only.
        only: Option<ComponentId>,
    },
    /// It came to an end, or to a halt.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// What happened to a step: the words of the transition function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum StepChange {
    /// The prior state is being read.
    Observing,
    /// The prior state: durable before `Applying`.
    Observed {
        /// As the step's kind defines it.
        prior: Value,
    },
    /// The change is about to be made.
    Applying,
    /// The change was made.
    Applied {
        /// What undo and later steps need to know of it, such as the GUID of a created object.
        outcome: Value,
    },
    /// The change was read back and holds.
    Checked {
        /// What was seen.
        detail: String,
    },
    /// It cannot hold yet: a gate to wait at.
    Waiting {
        /// What it waits for.
        why: String,
    },
    /// A person is to do it, and may have begun.
    HandedOver {
        /// What was seen.
        why: String,
        /// What the person is to do.
        advice: Option<String>,
    },
    /// It failed.
    Failed {
        /// What went wrong.
        why: String,
        /// What to do.
        advice: Option<String>,
    },
    /// The change is about to be taken back.
    Undoing,
    /// The change was taken back.
    Undone,
    /// Taking it back failed.
    UndoFailed {
        /// What went wrong.
        why: String,
        /// What to do.
        advice: Option<String>,
    },
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step holds.
    Done,
    /// Nothing was begun.
    Refused,
    /// It failed and nothing was left to take back.
    Failed,
    /// It failed or was called back, and everything was taken back.
    Unwound,
    /// Taking back failed: a person must act, then repeat the command.
    Stuck,
    /// A gate is not open yet, or a person is to do something: apply again later.
    Waiting,
}

/// An event as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, rising over the whole journal.
    pub number: u64,
    /// The run that it belongs to.
    pub run: RunId,
    /// What happened.
    pub event: Event,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unwound => "unwound",
            Self::Stuck => "stuck",
            Self::Waiting => "waiting",
        })
    }
}
