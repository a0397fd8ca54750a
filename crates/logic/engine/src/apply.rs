//! Applies a plan, or goes on where an earlier process stopped.

use std::time::Instant;

use model::names::RunId;
use model::plan::{Plan, Step, StepStatus};
use model::ports::{ErrorKind, Journal, WorldError};
use model::run::{Event, Outcome, RunChange, StepChange};

use crate::admission;
use crate::error::EngineError;
use crate::history::{Direction, History};
use crate::progress::Progress;
use crate::report::RunReport;
use crate::run::{Run, report, with_causes};
use crate::step::{Check, JournaledStep, StepError};
use crate::transition::StepState;
use crate::verify::verify;
use crate::world::World;

/// What `apply` needs beside the world.
pub struct ApplyRequest<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The same plan made anew from the world as it is now: tells whether the saved one is stale. Only a run that is
    /// open already ([`open_run`]) does without.
    pub fresh: Option<&'a Plan>,
    /// The id of the run, should one begin.
    pub new_run: RunId,
    /// Who works: person and machine.
    pub by: &'a str,
    /// The operator accepts steps that cannot be taken back without a password that is missing.
    pub accept_no_way_back: bool,
}

/// Applies a plan: resumes its open run, or begins one. A plan that was applied and still holds is left as it is.
///
/// # Errors
/// Where nothing was begun, or the journal failed; a step's failure is an outcome in the report.
pub async fn apply(
    world: &World,
    journal: &dyn Journal,
    progress: &dyn Progress,
    request: &ApplyRequest<'_>,
) -> Result<RunReport, EngineError> {
    let plan = request.plan;
    let open = open_run(journal, plan)?;
    if open.is_none()
        && let Some(report) = applied_before(world, journal, plan).await?
    {
        return Ok(report);
    }
    admission::the_same_domain(world, plan).await?;
    if open.is_none() {
        admission::fresh(plan, request.fresh)?;
        admission::nothing_in_the_way(world, plan).await?;
    }
    match &open {
        Some(history) if history.direction == Direction::Backwards => {
            let steps: Vec<_> = history.changed(history.only.as_ref()).collect();
            admission::passwords_to_undo(world, &steps).await?;
        }
        _ => admission::passwords_to_apply(world, plan, request.accept_no_way_back).await?,
    }
    let resumed = open.is_some();
    let history = match open {
        Some(history) => history,
        None => begin(world, journal, request)?,
    };
    let mut run = Run::new(world, journal, progress, request.by, history);
    if resumed {
        run.record_run(RunChange::Resumed)?;
    }
    let outcome = match run.history.direction {
        Direction::Forwards => forwards(&mut run).await?,
        Direction::Backwards => turn_back(&mut run).await?,
    };
    run.record_run(RunChange::Ended { outcome })?;
    Ok(run.report(outcome))
}

/// The run of this plan that is not over, if there is one.
///
/// # Errors
/// An open run of another plan on the same estate stands in the way; a journal that cannot be read.
pub fn open_run(journal: &dyn Journal, plan: &Plan) -> Result<Option<History>, EngineError> {
    let open = History::of_estate(journal, &plan.estate)?
        .into_iter()
        .rev()
        .find(History::is_open);
    match open {
        Some(history) if history.plan != *plan => Err(EngineError::OpenRun(history.run)),
        open => Ok(open),
    }
}

/// Repeating a command must not hurt: the estate's last run was this plan's, it was done, and it still holds.
async fn applied_before(
    world: &World,
    journal: &dyn Journal,
    plan: &Plan,
) -> Result<Option<RunReport>, EngineError> {
    let last = History::of_estate(journal, &plan.estate)?.pop();
    let Some(history) =
        last.filter(|last| last.plan == *plan && last.outcome == Some(Outcome::Done))
    else {
        return Ok(None);
    };
    let verification = verify(world, journal, &history.run).await?;
    Ok(verification.holds.then(|| report(&history, Outcome::Done)))
}

/// Writes the run's first record.
fn begin(
    world: &World,
    journal: &dyn Journal,
    request: &ApplyRequest<'_>,
) -> Result<History, EngineError> {
    let started = RunChange::Started {
        plan: Box::new(request.plan.clone()),
    };
    let event = Event::Run {
        change: started,
        at: world.clock.now(),
        by: request.by.to_owned(),
    };
    journal.append(&request.new_run, &event)?;
    History::read(journal, &request.new_run)
}

/// Step after step; a failure turns the run back.
async fn forwards(run: &mut Run<'_>) -> Result<Outcome, EngineError> {
    let plan = run.history.plan.clone();
    for step in plan
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::NoOp)
    {
        if run.history.state(&step.id) == StepState::Checked {
            continue;
        }
        let since = Instant::now();
        run.progress.begins(step, false);
        let result = advance(run, step).await?;
        let note = match &result {
            Ok(note) => note.clone(),
            Err(error) => with_causes(error),
        };
        match result {
            Ok(detail) => run.record(&step.id, StepChange::Checked { detail })?,
            Err(StepError::Waiting { why, advice }) => {
                let why = advice.map_or(why.clone(), |advice| format!("{why}; {advice}"));
                run.record(&step.id, StepChange::Waiting { why })?;
                run.tell(step, &note, since);
                return Ok(Outcome::Waiting);
            }
            Err(StepError::HandedOver { why, advice }) => {
                let advice = Some(advice);
                run.record(&step.id, StepChange::HandedOver { why, advice })?;
                run.tell(step, &note, since);
                return Ok(Outcome::Waiting);
            }
            Err(error) => {
                run.record(
                    &step.id,
                    StepChange::Failed {
                        why: note.clone(),
                        advice: error.advice(),
                    },
                )?;
                run.tell(step, &note, since);
                return turn_back(run).await;
            }
        }
        run.tell(step, &note, since);
    }
    Ok(Outcome::Done)
}

/// After a failure: everything back, or nothing to do where nothing was touched.
async fn turn_back(run: &mut Run<'_>) -> Result<Outcome, EngineError> {
    // What an earlier process took back was touched too: its gates may be left to take back, and the run is unwound.
    let touched = |step: &Step| {
        let state = run.history.state(&step.id);
        step.status == StepStatus::Change
            && (state.may_have_changed() || state == StepState::Undone)
    };
    if !run.history.plan.steps.iter().any(touched) {
        return Ok(Outcome::Failed);
    }
    run.unwind().await
}

/// Brings one step to the point where its check holds; the outer error is the journal's, the inner the step's.
async fn advance(run: &mut Run<'_>, step: &Step) -> Result<Result<String, StepError>, EngineError> {
    let code = match run.code(step) {
        Ok(code) => code,
        Err(error) => {
            run.record(&step.id, StepChange::Observing)?;
            return Ok(Err(error));
        }
    };
    if !matches!(
        run.history.state(&step.id),
        StepState::Applying | StepState::HandedOver | StepState::Applied
    ) {
        run.record(&step.id, StepChange::Observing)?;
        match code.observe(&run.scene(&step.id)).await {
            Ok(prior) => run.record(&step.id, StepChange::Observed { prior })?,
            Err(error) => return Ok(Err(error)),
        }
    }
    if run.history.state(&step.id) != StepState::Applied {
        run.record(&step.id, StepChange::Applying)?;
        // A crash between the change and its record is no matter: apply reads first and makes what is missing.
        match change(run, step, code.as_ref()).await {
            Ok(outcome) => run.record(&step.id, StepChange::Applied { outcome })?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(settled(code.check(&run.scene(&step.id)).await))
}

/// Makes the change. A lost answer is read back: what holds is taken, what does not is tried once more.
async fn change(
    run: &Run<'_>,
    step: &Step,
    code: &dyn JournaledStep,
) -> Result<serde_json::Value, StepError> {
    let scene = run.scene(&step.id);
    let prior = run
        .history
        .step(&step.id)
        .and_then(|record| record.prior.clone())
        .unwrap_or_default();
    match code.apply(&scene, &prior).await {
        Err(error) if error.is_ambiguous() => code.apply(&scene, &prior).await,
        result => result,
    }
}

fn settled(check: Result<Check, StepError>) -> Result<String, StepError> {
    match check? {
        Check::Holds(detail) | Check::CannotTell(detail) => Ok(detail),
        Check::Differs(detail) => Err(WorldError::new(
            ErrorKind::Failed,
            format!("the change was made and does not hold when read back: {detail}"),
        )
        .into()),
    }
}
