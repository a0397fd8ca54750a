//! Takes a run back, from the journal alone.

use model::names::{ComponentId, RunId};
use model::plan::Step;
use model::ports::Journal;
use model::run::{Outcome, RunChange};

use crate::admission;
use crate::error::EngineError;
use crate::history::History;
use crate::progress::Progress;
use crate::run::{Run, report};
use crate::world::{RunReport, World};

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
    let wanted = |step: &&Step| {
        request
            .only
            .as_ref()
            .is_none_or(|only| step.component == *only)
    };
    let mut steps: Vec<_> = history.plan.steps.iter().filter(wanted).collect();
    if steps.is_empty() {
        let only = request.only.as_ref().map_or("", |only| only.as_str());
        return Err(EngineError::NotNow {
            run: request.run.clone(),
            why: format!("has no component {only}"),
        });
    }
    steps.retain(|step| history.state(&step.id).may_have_changed());
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
