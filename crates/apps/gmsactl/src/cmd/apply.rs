//! `gmsactl apply`: a saved plan, with a journal.

use std::io::BufRead;
use std::path::PathBuf;

use clap::Args;
use engine::{ApplyRequest, RunReport, StepState};
use model::names::LogonAccount;
use model::plan::{Action, Plan, StepStatus};
use model::ports::{Clock, Journal};
use model::run::Outcome;

use super::{Done, exit_of};
use crate::error::Failure;
use crate::inputs;
use crate::options::Global;
use crate::passwords;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps, human};

/// Arguments of `apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Repeating the command is safe: an interrupted run goes on, a finished one is left as it is.\n\n\
                        Example:\n  gmsactl apply plan.json --estate estate.toml"
)]
pub struct Apply {
    /// The plan that gmsactl plan --out wrote.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Go on although some steps cannot be taken back without a password that nobody supplied.
    #[arg(long)]
    accept_no_way_back: bool,
}

/// Applies, or goes on.
pub async fn run(args: &Apply, global: &Global, output: &Output) -> Done {
    match apply(args, global, output).await {
        Ok((report, notes)) => {
            output.document(&report, human::report);
            for note in &notes {
                output.note(note);
            }
            Ok(exit_of(report.outcome, Outcome::Done))
        }
        Err(failure) => {
            output.refusal(&failure);
            Ok(failure.exit)
        }
    }
}

async fn apply(
    args: &Apply,
    global: &Global,
    output: &Output,
) -> Result<(RunReport, Vec<String>), Failure> {
    let plan = inputs::plan(&args.plan)?.plan;
    let session = Session::new(global)?;
    let journal = session::journal(global)?;
    let now = SystemClock.now();
    let _lock = journal.lock(&plan.estate.domain_sid.to_string(), &system::holder(now))?;
    let world = session.world(&accounts(&plan)).await?;
    let asks = passwords::is_interactive(global.non_interactive) && !global.json;
    let by = session::by();
    let busy = plan
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::NoOp)
        .count();
    loop {
        let fresh = fresh_plan(&session, &world, journal.as_ref(), &plan).await?;
        let request = ApplyRequest {
            plan: &plan,
            fresh: fresh.as_ref(),
            new_run: system::new_run_id(now)?,
            by: &by,
            accept_no_way_back: args.accept_no_way_back,
        };
        let report = engine::apply(&world, journal.as_ref(), &Steps::new(busy), &request).await?;
        if !(asks && is_handed_over(&report) && done_by_hand(&report, output)?) {
            let notes = notes(journal.as_ref(), &plan, &report)?;
            return Ok((report, notes));
        }
    }
}

/// Whether the run waits for what a person does.
fn is_handed_over(report: &RunReport) -> bool {
    let word = StepState::HandedOver.word();
    report.steps.iter().any(|step| step.status == word)
}

/// Shows what is to be done and waits for somebody to say that it is; leaving it is no harm, the run stays open.
fn done_by_hand(report: &RunReport, output: &Output) -> Result<bool, Failure> {
    output.section(report, human::report);
    output.note(
        "When that is done, press Enter, and it is looked at. To leave it for later: q and Enter.",
    );
    said_done(&mut std::io::stdin().lock())
        .map_err(|error| Failure::new("input", "the terminal cannot be read").caused_by(&error))
}

/// An end of input is no answer.
fn said_done(input: &mut impl BufRead) -> std::io::Result<bool> {
    let mut line = String::new();
    let count = input.read_line(&mut line)?;
    Ok(count > 0 && !line.trim().to_lowercase().starts_with('q'))
}

/// What is left to do by hand once everything is done.
fn notes(journal: &dyn Journal, plan: &Plan, report: &RunReport) -> Result<Vec<String>, Failure> {
    let (Some(run), Outcome::Done) = (&report.run, report.outcome) else {
        return Ok(Vec::new());
    };
    let mut notes = Vec::new();
    for step in &plan.steps {
        if let (Action::ExportKeySet { file, .. }, Some(host)) = (&step.action, &step.host) {
            notes.push(format!("The exported key set is {file} on {host}: copy it to a safe place, a rollback deletes it."));
        }
    }
    for host in engine::restarts_wanted(journal, run)? {
        notes.push(format!("Setup wants {host} restarted for all of it to take effect, in a quiet hour: gmsactl host reboot {host}"));
    }
    Ok(notes)
}

/// The plan as it would be made now; an open run goes on without one, since it changed the world itself.
async fn fresh_plan(
    session: &Session<'_>,
    world: &engine::World,
    journal: &dyn Journal,
    plan: &Plan,
) -> Result<Option<Plan>, Failure> {
    if engine::open_run(journal, plan)?.is_some() {
        return Ok(None);
    }
    let inventory = session.discover(world, Some(&plan.intent)).await?;
    Ok(Some(session.plan(&inventory, &plan.intent)))
}

/// The accounts whose passwords the plan's steps need, each once.
pub fn accounts(plan: &Plan) -> Vec<LogonAccount> {
    let busy = plan
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::NoOp);
    let mut accounts: Vec<_> = busy
        .filter_map(|step| step.action.password())
        .map(|need| need.account.clone())
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_does_not_leave_is_taken_for_done() {
        for (typed, done) in [
            ("\n", true),
            ("done\n", true),
            ("q\n", false),
            (" Quit\n", false),
            ("", false),
        ] {
            assert_eq!(said_done(&mut typed.as_bytes()).unwrap(), done, "{typed:?}");
        }
    }
}
