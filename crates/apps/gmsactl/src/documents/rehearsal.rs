//! The document of `rehearse`.

use std::path::PathBuf;

use model::names::{HostName, ServiceName, StepId};
use model::run::Outcome;
use serde::Serialize;

/// A plan, rehearsed.
#[derive(Debug, Serialize)]
pub struct RehearsalDocument {
    /// The plan comes through without faults, and every fault ends clean.
    pub passed: bool,
    /// Without a fault first, then one for each fault.
    pub runs: Vec<RehearsedRun>,
    /// Faults that the plan comes through all the same.
    pub survives: Vec<&'static str>,
    /// What neither inventory nor export tell, and the lab took to be so.
    pub assumed: Vec<String>,
    /// What the lab could not take over.
    pub not_taken_over: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The report's file, where one was asked for.
    pub report: Option<PathBuf>,
}

/// What became of the plan on one copy of the estate.
#[derive(Debug, Serialize)]
pub struct RehearsedRun {
    /// What went wrong on purpose; null in the first run.
    pub fault: Option<&'static str>,
    /// How `apply` ended.
    pub outcome: Outcome,
    /// Whether nothing is left half-way: it is done, or everything is as it was before.
    pub clean: bool,
    /// The step that failed first, or waits.
    pub step: Option<StepId>,
    /// Why, in the words of `apply`.
    pub why: Option<String>,
    /// What to do about it, in the words of `apply`.
    pub advice: Option<String>,
    /// What an administrator had to do meanwhile.
    pub by_hand: Vec<String>,
    /// Of a run that is done: whether everything was seen to hold, and a plan made again has nothing to do.
    pub verified: Option<bool>,
    /// How `rollback` ended, where it was needed or tried.
    pub rolled_back: Option<Outcome>,
    /// What could not be taken back, and what to do about it.
    pub left: Vec<String>,
    /// What is not as it was before, after it was taken back.
    pub differences: Vec<String>,
    /// How long each service was down.
    pub downtime: Vec<Downtime>,
}

/// How long a service is down.
#[derive(Debug, Serialize)]
pub struct Downtime {
    /// Where.
    pub host: HostName,
    /// Which.
    pub service: ServiceName,
    /// What the plan expects, in seconds.
    pub expected_seconds: u32,
    /// From its stop to its start, by the lab's clock: by the times that the lab assumes.
    pub simulated_seconds: f64,
    /// Whether it ran at the end.
    pub runs: bool,
}
