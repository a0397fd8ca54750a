//! Looks whether everything that a run was to bring about still holds.

use model::names::{RunId, StepId};
use model::plan::Step;
use model::ports::Journal;
use serde::Serialize;

use crate::error::EngineError;
use crate::history::History;
use crate::run::with_causes;
use crate::step::{Check, Scene};
use crate::steps;
use crate::transition::StepState;
use crate::world::World;

/// The result of looking at every lasting outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether all of them hold.
    pub holds: bool,
    /// Each of them.
    pub checks: Vec<CheckResult>,
}

/// One outcome, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// The step whose outcome it is.
    pub id: StepId,
    /// What it is about.
    pub subject: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was seen.
    pub detail: String,
}

/// Looks, and changes nothing. Of a run that was taken back in part, it looks at what stands.
///
/// # Errors
/// Where the run cannot be read; what cannot be seen in the world is a check that does not hold.
pub async fn verify(
    world: &World,
    journal: &dyn Journal,
    run: &RunId,
) -> Result<Verification, EngineError> {
    let history = History::read(journal, run)?;
    let undone = |step: &Step| history.state(&step.id) == StepState::Undone;
    let changed = |step: &Step| history.state(&step.id).may_have_changed();
    if history.plan.steps.iter().any(undone) && !history.plan.steps.iter().any(changed) {
        let why = "was taken back: nothing of it is left to verify".to_owned();
        return Err(EngineError::NotNow {
            run: run.clone(),
            why,
        });
    }
    let mut checks = Vec::new();
    for step in history.plan.steps.iter().filter(|step| !undone(step)) {
        let code = steps::of(step, &history.plan.estate);
        let scene = Scene {
            world,
            history: &history,
            step: &step.id,
        };
        let seen = match code {
            Ok(code) if code.lasts() => code.check(&scene).await,
            Ok(_) => continue,
            Err(error) => Err(error),
        };
        let (holds, detail) = match seen {
            Ok(Check::Holds(detail)) => (true, detail),
            // Whatever cannot be seen has a step after it that proves it; alone it says nothing.
            Ok(Check::CannotTell(_)) => continue,
            Ok(Check::Differs(detail)) => (false, detail),
            Err(error) => (false, with_causes(&error)),
        };
        checks.push(CheckResult {
            id: step.id.clone(),
            subject: step.subject.clone(),
            holds,
            detail,
        });
    }
    Ok(Verification {
        holds: checks.iter().all(|check| check.holds),
        checks,
    })
}
