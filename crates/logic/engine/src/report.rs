//! What a run says of itself at its end.

use model::finding::Finding;
use model::names::{RunId, StepId};
use model::run::Outcome;
use serde::Serialize;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// Which run; none where nothing was begun.
    pub run: Option<RunId>,
    /// How it stands.
    pub outcome: Outcome,
    /// Where each step stands, in the plan's order.
    pub steps: Vec<StepReport>,
    /// What the operator should know.
    pub findings: Vec<Finding>,
    /// What this process spent on writing the journal, in milliseconds.
    pub journal_ms: f64,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Which.
    pub id: StepId,
    /// The word of its state, or `no-op`.
    pub status: String,
    /// Why it failed, waits, or was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// How long it took in this process, with its records in the journal, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
}
