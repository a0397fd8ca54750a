//! Takes a run back, from the journal alone.

use model::names::{ComponentId, RunId};
use model::ports::Journal;
use model::run::{Outcome, RunChange};

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
    the_same_domain(world, &history).await?;
    if let Some(only) = &request.only
        && !history
            .plan
            .steps
            .iter()
            .any(|step| step.component == *only)
    {
        let why = format!("has no component {only}");
        return Err(EngineError::NotNow {
            run: request.run.clone(),
            why,
        });
    }
    let wanted =
        |component: &ComponentId| request.only.as_ref().is_none_or(|only| only == component);
    let mut left = history
        .plan
        .steps
        .iter()
        .filter(|step| wanted(&step.component));
    if !left.any(|step| history.state(&step.id).may_have_changed()) {
        return Ok(report(&history, Outcome::Unwound));
    }
    passwords(world, &history, &wanted).await?;
    let mut run = Run {
        world,
        journal,
        progress,
        by: request.by,
        history,
    };
    run.record_run(RunChange::RollbackStarted {
        only: request.only.clone(),
    })?;
    let outcome = run.unwind().await?;
    run.record_run(RunChange::Ended { outcome })?;
    Ok(run.report(outcome))
}

/// The run was made in the domain that answers here.
async fn the_same_domain(world: &World, history: &History) -> Result<(), EngineError> {
    let (planned, here) = (&history.plan.estate, world.directory.domain().await?);
    if planned.domain_sid == here.sid {
        return Ok(());
    }
    Err(EngineError::OtherEstate {
        planned: format!("{} ({})", planned.domain, planned.domain_sid),
        here: format!("{} ({})", here.dns_name, here.sid),
    })
}

/// Passwords that the way back needs are there and log on: found out before the way back begins.
async fn passwords(
    world: &World,
    history: &History,
    wanted: &(dyn Fn(&ComponentId) -> bool + Sync),
) -> Result<(), EngineError> {
    let to_undo = history
        .plan
        .steps
        .iter()
        .filter(|step| wanted(&step.component));
    let to_undo = to_undo.filter(|step| history.state(&step.id).may_have_changed());
    let mut accounts: Vec<_> = to_undo
        .filter_map(|step| step.action.password())
        .filter(|need| !need.to_apply)
        .map(|need| need.account)
        .collect();
    accounts.sort();
    accounts.dedup();
    for account in accounts {
        let password = world
            .secrets
            .password(account)
            .ok_or_else(|| EngineError::Password {
                why: format!(
                    "the password of {account} is needed to give the service its account back"
                ),
                advice: "name its source under [[credential]] in estate.toml".to_owned(),
            })?;
        let proof = world
            .directory
            .prove_user_password(account, password)
            .await?;
        if !proof.holds {
            return Err(EngineError::Password {
                why: format!(
                    "the password given for {account} does not log on: {}",
                    proof.detail
                ),
                advice: "nothing was touched; correct the password's source and repeat".to_owned(),
            });
        }
    }
    Ok(())
}
