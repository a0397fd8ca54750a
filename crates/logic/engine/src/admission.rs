//! What must hold before a run touches anything.

use model::names::LogonAccount;
use model::plan::{Fact, Plan, Step, StepStatus};
use model::ports::Journal;

use crate::error::EngineError;
use crate::history::History;
use crate::world::World;

/// The plan was made for the domain that answers here.
pub(crate) async fn the_same_domain(world: &World, plan: &Plan) -> Result<(), EngineError> {
    let (planned, here) = (&plan.estate, world.directory.domain().await?);
    if planned.domain_sid == here.sid {
        return Ok(());
    }
    Err(EngineError::OtherEstate {
        planned: format!("{} ({})", planned.domain, planned.domain_sid),
        here: format!("{} ({})", here.dns_name, here.sid),
    })
}

/// No other run on the same estate is half-way: what it changed must not be pulled away from under it.
pub(crate) fn no_other_open_run(
    journal: &dyn Journal,
    history: &History,
) -> Result<(), EngineError> {
    let others = History::of_estate(journal, &history.plan.estate)?;
    match others
        .into_iter()
        .find(|other| other.run != history.run && other.is_open())
    {
        Some(other) => Err(EngineError::OpenRun(other.run)),
        None => Ok(()),
    }
}

/// The plan is not stale and nothing blocks it: made anew, it rests on the same facts and does the same.
pub(crate) fn fresh(plan: &Plan, fresh: Option<&Plan>) -> Result<(), EngineError> {
    let (prior, steps) = fresh
        .map(|fresh| (fresh.prior.as_slice(), fresh.steps.as_slice()))
        .unwrap_or_default();
    let mut differences = changed_facts(&plan.prior, prior);
    if differences.is_empty() {
        differences = other_steps(&plan.steps, steps);
    }
    if !differences.is_empty() {
        return Err(EngineError::Stale(differences));
    }
    let mut blocking: Vec<_> = plan.blocking().cloned().collect();
    let now = fresh.iter().flat_map(|fresh| fresh.blocking());
    for finding in now {
        if !blocking.contains(finding) {
            blocking.push(finding.clone());
        }
    }
    if blocking.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Blocked(blocking))
    }
}

/// What changed between two prior states, a line each.
pub fn changed_facts(then: &[Fact], now: &[Fact]) -> Vec<String> {
    let value = |facts: &[Fact], subject: &str, what: &str| {
        let fact = facts
            .iter()
            .find(|fact| fact.subject == subject && fact.what == what);
        fact.map_or_else(|| "unknown".to_owned(), |fact| fact.value.clone())
    };
    let mut names: Vec<_> = then
        .iter()
        .chain(now)
        .map(|fact| (&fact.subject, &fact.what))
        .collect();
    names.sort();
    names.dedup();
    let both = names.into_iter().map(|(subject, what)| {
        (
            subject,
            what,
            value(then, subject, what),
            value(now, subject, what),
        )
    });
    both.filter(|(_, _, then, now)| then != now)
        .map(|(subject, what, then, now)| format!("{subject}, {what}: was {then}, is {now}"))
        .collect()
}

/// Steps that would be done otherwise now, or not at all, a line each.
fn other_steps(then: &[Step], now: &[Step]) -> Vec<String> {
    let stands_in = |steps: &[Step], step: &Step| {
        let mut same = steps.iter().filter(|other| other.id == step.id);
        same.any(|other| other.action == step.action && other.status == step.status)
    };
    let gone = then.iter().filter(|step| !stands_in(now, step));
    let new = now.iter().filter(|step| !stands_in(then, step));
    let mut ids: Vec<_> = gone.chain(new).map(|step| &step.id).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter()
        .map(|id| format!("step {id}: would not be planned like this now"))
        .collect()
}

/// Files of a key set that the plan writes are not there yet: one that is may be the only copy of a key set.
pub(crate) async fn nothing_in_the_way(world: &World, plan: &Plan) -> Result<(), EngineError> {
    let steps = plan.steps.iter();
    for step in steps.filter(|step| step.status != StepStatus::NoOp) {
        let (Some(file), Some(host)) = (step.action.key_set_written(), &step.host) else {
            continue;
        };
        if world.host(host).await?.file(file).await?.is_some() {
            return Err(EngineError::InTheWay {
                file: file.to_owned(),
                host: host.clone(),
            });
        }
    }
    Ok(())
}

/// Every password that the plan needs is there and logs on; one that only the way back needs may be missing where
/// the operator accepts that.
pub(crate) async fn passwords_to_apply(
    world: &World,
    plan: &Plan,
    accept_no_way_back: bool,
) -> Result<(), EngineError> {
    let changing = || {
        plan.steps
            .iter()
            .filter(|step| step.status != StepStatus::NoOp)
    };
    let needs = |account: &LogonAccount, to_apply: bool| {
        changing()
            .filter(|step| {
                step.action
                    .password()
                    .is_some_and(|need| need.account == account && need.to_apply == to_apply)
            })
            .map(|step| step.id.to_string())
            .collect::<Vec<_>>()
    };
    for account in accounts(changing()) {
        if world.secrets.password(account).is_some() {
            // A mailbox elsewhere has an account that this domain does not know: its owner's server proves it.
            if matches!(account, LogonAccount::Domain { .. }) {
                logs_on(world, account).await?;
            }
        } else if let [step, ..] = needs(account, true).as_slice() {
            return Err(missing(
                account,
                &format!("step {step} cannot be done without it"),
            ));
        } else if !accept_no_way_back {
            return Err(EngineError::NoWayBack {
                account: account.to_string(),
                steps: needs(account, false),
            });
        }
    }
    Ok(())
}

/// Every password that taking these steps back needs is there and logs on.
pub(crate) async fn passwords_to_undo(world: &World, steps: &[&Step]) -> Result<(), EngineError> {
    let undo_needs = |step: &&&Step| step.action.password().is_some_and(|need| !need.to_apply);
    for account in accounts(steps.iter().filter(undo_needs).copied()) {
        logs_on(world, account).await?;
    }
    Ok(())
}

/// The accounts whose passwords these steps need, each once.
fn accounts<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<&'a LogonAccount> {
    let mut accounts: Vec<_> = steps
        .filter_map(|step| step.action.password())
        .map(|need| need.account)
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

async fn logs_on(world: &World, account: &LogonAccount) -> Result<(), EngineError> {
    let why = "it is what gives the service its account back";
    let password = world
        .secrets
        .password(account)
        .ok_or_else(|| missing(account, why))?;
    let proof = world
        .directory
        .prove_user_password(account, password)
        .await?;
    if proof.holds {
        return Ok(());
    }
    Err(EngineError::Password {
        why: format!(
            "the password given for {account} does not log on: {}",
            proof.detail
        ),
        advice: "nothing was touched; correct the password's source and repeat".to_owned(),
    })
}

fn missing(account: &LogonAccount, why: &str) -> EngineError {
    EngineError::Password {
        why: format!("the password of {account} is missing: {why}"),
        advice: "name its source under [[credential]] in estate.toml, or answer the prompt"
            .to_owned(),
    }
}
