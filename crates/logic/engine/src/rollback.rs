//! Takes a run back, from the journal alone.

use model::names::{ComponentId, RunId};
use model::plan::SHARED;
use model::ports::Journal;
use model::run::{Outcome, RunChange};

use crate::admission;
use crate::error::EngineError;
use crate::history::History;
use crate::progress::Progress;
use crate::report::RunReport;
use crate::run::{Run, report};
use crate::world::World;

/// What `rollback` needs beside the world.
pub struct RollbackRequest<'a> {
    /// The run.
    pub run: RunId,
    /// One component of it only.
    pub only: Option<ComponentId>,
    /// Who works: person and machine.
    pub by: &'a str,
}

/// Takes a run back. Repeating it after it got stuck goes on where it stopped; repeating it after it was done
/// changes nothing.
///
/// # Errors
/// Where there is no such run or component, a password is missing or wrong, or the journal failed; a step's failure
/// is an outcome in the report.
pub async fn rollback(
    world: &World,
    journal: &dyn Journal,
    progress: &dyn Progress,
    request: &RollbackRequest<'_>,
) -> Result<RunReport, EngineError> {
    let history = History::read(journal, &request.run)?;
    admission::the_same_domain(world, &history.plan).await?;
    if let Some(only) = &request.only {
        may_go_alone(&history, only)?;
    }
    admission::no_other_open_run(journal, &history)?;
    let steps: Vec<_> = history.changed(request.only.as_ref()).collect();
    if steps.is_empty() && !history.is_open() {
        return Ok(report(&history, Outcome::Unwound));
    }
    admission::passwords_to_undo(world, &steps).await?;
    let mut run = Run::new(world, journal, progress, request.by, history);
    run.record_run(RunChange::RollbackStarted {
        only: request.only.clone(),
    })?;
    let outcome = run.unwind().await?;
    run.record_run(RunChange::Ended { outcome })?;
    Ok(run.report(outcome))
}

/// One component alone is taken back from a run that is over, or was being taken back alone already: otherwise the run
/// would end with another component half-way.
fn may_go_alone(history: &History, only: &ComponentId) -> Result<(), EngineError> {
    let not_now = |why: String| EngineError::NotNow {
        run: history.run.clone(),
        why,
    };
    if only.as_str() == SHARED {
        return Err(not_now(
            "has steps under that name that its components rest on: take it back as a whole"
                .to_owned(),
        ));
    }
    if !history
        .plan
        .steps
        .iter()
        .any(|step| step.component == *only)
    {
        return Err(not_now(format!("has no component {only}")));
    }
    if history.is_open() && history.only.as_ref() != Some(only) {
        return Err(not_now(format!(
            "is not over: apply its plan again, or take it back as a whole, not {only} alone"
        )));
    }
    Ok(())
}
