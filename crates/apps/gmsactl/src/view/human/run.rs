//! Runs: how they ended, what holds, which there are.

use engine::{RunReport, Verification};
use model::run::Outcome;

use super::Paint;
use crate::documents::{RunDetail, RunSummary};

/// How a run ended.
pub fn report(report: &RunReport, paint: &Paint) -> String {
    let run = report
        .run
        .as_ref()
        .map_or_else(String::new, |run| run.to_string());
    let mut text = String::new();
    for step in report.steps.iter().filter(|step| step.why.is_some()) {
        text += &format!(
            "  {} {}: {}\n",
            step.id,
            step.status,
            step.why.as_deref().unwrap_or_default()
        );
        if let Some(advice) = &step.advice {
            let advice = advice.replace('\n', "\n      ");
            text += &format!("    {} {advice}\n", paint.strong("what to do:"));
        }
    }
    text + &match report.outcome {
        Outcome::Done => format!(
            "{} run {run}: every step holds. Look again at any time: gmsactl verify {run}\n",
            paint.good("Done,")
        ),
        Outcome::Unwound => format!(
            "{} run {run}: everything that it changed was taken back.\n",
            paint.warn("Unwound,")
        ),
        Outcome::Failed => format!("{} run {run}: nothing was changed.\n", paint.bad("Failed,")),
        Outcome::Waiting => format!(
            "{} run {run}: nothing is lost; apply the same plan again and it goes on from here.\n",
            paint.warn("Waiting,")
        ),
        Outcome::Stuck => format!(
            "{} run {run}: a step could not be taken back. Resolve what it says above, then type:\n\n    gmsactl rollback {run}\n\n",
            paint.bad("Stuck,")
        ),
        Outcome::Refused => format!("{}\n", paint.bad("Refused: nothing was begun.")),
    }
}

/// What holds.
pub fn verification(verification: &Verification, paint: &Paint) -> String {
    let mut text = String::new();
    for check in &verification.checks {
        let word = if check.holds {
            paint.good("holds  ")
        } else {
            paint.bad("differs")
        };
        text += &format!(
            "  {word} {}\n          {}\n",
            check.subject,
            paint.dim(&check.detail)
        );
    }
    let broken = verification
        .checks
        .iter()
        .filter(|check| !check.holds)
        .count();
    let all = verification.checks.len();
    text + &if verification.holds {
        paint.good(&format!("All {all} checks hold.\n"))
    } else {
        paint.bad(&format!("{broken} of {all} checks do not hold.\n"))
    }
}

/// All runs of a journal.
pub fn runs(runs: &[RunSummary], paint: &Paint) -> String {
    if runs.is_empty() {
        return "No runs in this journal.\n".to_owned();
    }
    let line = |run: &RunSummary| {
        let outcome = run.outcome.as_deref().unwrap_or("interrupted");
        format!(
            "{}  {:<11}  {}  {}  {}\n",
            paint.strong(run.run.as_str()),
            outcome,
            run.started,
            run.estate,
            run.by
        )
    };
    runs.iter().map(line).collect()
}

/// One run.
pub fn run(detail: &RunDetail, paint: &Paint) -> String {
    let mut text = runs(std::slice::from_ref(&detail.summary), paint);
    for step in &detail.steps {
        text += &format!("  {:<11} {}\n", step.status, step.id);
        if let Some(why) = &step.why {
            text += &format!("              {why}\n");
        }
    }
    text
}
