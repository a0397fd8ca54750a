//! Applies a plan, or goes on where an earlier process stopped.

use std::time::Instant;

use model::names::{LogonAccount, RunId};
use model::plan::{Plan, Reversible, Step, StepStatus};
use model::ports::{ErrorKind, Journal, WorldError};
use model::run::{Event, Outcome, RunChange, StepChange};

use crate::error::EngineError;
use crate::history::{Direction, History};
use crate::progress::Progress;
use crate::run::{Run, with_causes};
use crate::step::{Check, JournaledStep, StepError};
use crate::transition::StepState;
use crate::world::{RunReport, World};

/// What `apply` needs beside the world.
pub struct ApplyRequest<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The same plan made anew from the world as it is now: tells whether the saved one is stale.
    pub fresh: &'a Plan,
    /// The id of the run, should one begin.
    pub new_run: RunId,
    /// Who works: person and machine.
    pub by: &'a str,
    /// The operator accepts steps that cannot be taken back without a password that is missing.
    pub accept_no_way_back: bool,
}

/// Applies a plan: resumes its open run, or begins one.
///
/// # Errors
/// Where nothing was begun, or the journal failed; a step's failure is an outcome in the report.
pub async fn apply(
    world: &World,
    journal: &dyn Journal,
    progress: &dyn Progress,
    request: &ApplyRequest<'_>,
) -> Result<RunReport, EngineError> {
    let open = open_run(journal, request.plan)?;
    let prove = open
        .as_ref()
        .is_none_or(|history| history.direction == Direction::Forwards);
    if prove {
        passwords(world, request.plan, request.accept_no_way_back).await?;
    }
    let mut run = match open {
        Some(history) => {
            let mut run = Run {
                world,
                journal,
                progress,
                by: request.by,
                history,
            };
            run.record_run(RunChange::Resumed)?;
            run
        }
        None => Run {
            world,
            journal,
            progress,
            by: request.by,
            history: begin(world, journal, request)?,
        },
    };
    let outcome = match run.history.direction {
        Direction::Forwards => forwards(&mut run).await?,
        Direction::Backwards => turn_back(&mut run).await?,
    };
    run.record_run(RunChange::Ended { outcome })?;
    Ok(run.report(outcome))
}

/// The run of this plan that is not over, if there is one; an open run of another plan stands in the way.
fn open_run(journal: &dyn Journal, plan: &Plan) -> Result<Option<History>, EngineError> {
    for run in journal.runs()?.iter().rev() {
        let history = History::read(journal, run)?;
        if !history.is_open() || history.plan.estate.domain_sid != plan.estate.domain_sid {
            continue;
        }
        return if history.plan == *plan {
            Ok(Some(history))
        } else {
            Err(EngineError::OpenRun(run.clone()))
        };
    }
    Ok(None)
}

/// Refuses what must not begin, then writes the run's first record.
fn begin(
    world: &World,
    journal: &dyn Journal,
    request: &ApplyRequest<'_>,
) -> Result<History, EngineError> {
    let (plan, fresh) = (request.plan, request.fresh);
    if plan.estate.domain_sid != fresh.estate.domain_sid {
        let name = |plan: &Plan| format!("{} ({})", plan.estate.domain, plan.estate.domain_sid);
        return Err(EngineError::OtherEstate {
            planned: name(plan),
            here: name(fresh),
        });
    }
    if plan.fingerprint != fresh.fingerprint {
        return Err(EngineError::Stale(differences(plan, fresh)));
    }
    let blocking: Vec<_> = plan.blocking().chain(fresh.blocking()).cloned().collect();
    if !blocking.is_empty() {
        return Err(EngineError::Blocked(blocking));
    }
    let started = RunChange::Started {
        plan: Box::new(plan.clone()),
    };
    let event = Event::Run {
        change: started,
        at: world.clock.now(),
        by: request.by.to_owned(),
    };
    journal.append(&request.new_run, &event)?;
    History::read(journal, &request.new_run)
}

/// What changed since the plan was made, a line each.
fn differences(plan: &Plan, fresh: &Plan) -> Vec<String> {
    let value = |facts: &[model::plan::Fact], subject: &str, what: &str| {
        let fact = facts
            .iter()
            .find(|fact| fact.subject == subject && fact.what == what);
        fact.map_or_else(|| "unknown".to_owned(), |fact| fact.value.clone())
    };
    let mut names: Vec<_> = plan
        .prior
        .iter()
        .chain(&fresh.prior)
        .map(|fact| (&fact.subject, &fact.what))
        .collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|(subject, what)| {
            (
                subject,
                what,
                value(&plan.prior, subject, what),
                value(&fresh.prior, subject, what),
            )
        })
        .filter(|(_, _, then, now)| then != now)
        .map(|(subject, what, then, now)| format!("{subject}, {what}: was {then}, is {now}"))
        .collect()
}

/// Every password that the plan needs is there and proved, or its absence is accepted.
async fn passwords(
    world: &World,
    plan: &Plan,
    accept_no_way_back: bool,
) -> Result<(), EngineError> {
    let mut proved: Vec<&LogonAccount> = Vec::new();
    let changing = plan
        .steps
        .iter()
        .filter(|step| step.status == StepStatus::Change);
    for need in changing.filter_map(|step| step.action.password()) {
        if proved.contains(&need.account) {
            continue;
        }
        match world.secrets.password(need.account) {
            Some(password) => {
                let proof = world
                    .directory
                    .prove_user_password(need.account, password)
                    .await?;
                if !proof.holds {
                    return Err(EngineError::Password {
                        why: format!(
                            "the password given for {} does not log on: {}",
                            need.account, proof.detail
                        ),
                        advice: "nothing was touched; correct the password's source and repeat"
                            .to_owned(),
                    });
                }
                proved.push(need.account);
            }
            None if need.to_apply => {
                return Err(EngineError::Password {
                    why: format!(
                        "the password of {} is needed: it opens the key set",
                        need.account
                    ),
                    advice: "name its source under [[credential]] in estate.toml".to_owned(),
                });
            }
            None if !accept_no_way_back => {
                return Err(EngineError::NoWayBack {
                    account: need.account.to_string(),
                    steps: one_way(plan, need.account),
                });
            }
            None => proved.push(need.account),
        }
    }
    Ok(())
}

fn one_way(plan: &Plan, account: &LogonAccount) -> Vec<String> {
    let needs = |step: &&Step| {
        step.reversible != Reversible::None
            && step
                .action
                .password()
                .is_some_and(|need| need.account == account)
    };
    plan.steps
        .iter()
        .filter(needs)
        .map(|step| step.id.to_string())
        .collect()
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
    let touched = |step: &Step| {
        step.status == StepStatus::Change && run.history.state(&step.id).may_have_changed()
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
        StepState::Applying | StepState::Applied
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
