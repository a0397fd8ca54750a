//! What ran in a lab, as rows of the report's page.

use std::collections::BTreeMap;

use engine::{RunReport, StepReport, Verification};
use model::names::StepId;
use report::{StepDone, Verdict};

/// Each step's state; what was taken back keeps why it failed.
pub fn steps(run: &RunReport, failures: &BTreeMap<StepId, String>) -> Vec<StepDone> {
    let done = |step: &StepReport| StepDone {
        state: step.status.clone(),
        why: step.why.as_ref().or(failures.get(&step.id)).cloned(),
        took_ms: step.took_ms,
    };
    run.steps.iter().map(done).collect()
}

/// What was looked at afterwards.
pub fn checks(verification: Option<&Verification>) -> Vec<Verdict> {
    let checks = verification.iter().flat_map(|seen| &seen.checks);
    let verdict = |check: &engine::CheckResult| Verdict {
        holds: check.holds,
        what: check.subject.clone(),
        detail: check.detail.clone(),
    };
    checks.map(verdict).collect()
}

/// A line of a summary.
pub fn verdict(holds: bool, what: &str, detail: impl Into<String>) -> Verdict {
    Verdict {
        holds,
        what: what.to_owned(),
        detail: detail.into(),
    }
}

/// How many of the checks hold.
pub fn verified(checks: &[Verdict]) -> Verdict {
    let holding = checks.iter().filter(|check| check.holds).count();
    verdict(
        !checks.is_empty() && holding == checks.len(),
        "Verified",
        format!("{holding} of {} checks hold", checks.len()),
    )
}
