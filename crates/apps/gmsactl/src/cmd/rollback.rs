//! `gmsactl rollback`: takes a run back, from the journal alone.

use clap::Args;
use engine::{History, RollbackRequest};
use model::names::{ComponentId, RunId};
use model::ports::Clock;
use model::run::Outcome;

use super::{Done, apply, exit_of};
use crate::error::Failure;
use crate::options::Global;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps, human};

/// Arguments of `rollback`.
#[derive(Debug, Args)]
#[command(
    after_help = "Repeating the command is safe: a stuck run goes on where it stopped.\n\n\
                        Example:\n  gmsactl rollback 20261122-231500-1a2b --estate estate.toml"
)]
pub struct Rollback {
    /// The run, as gmsactl runs lists it.
    #[arg(value_name = "RUN")]
    run: RunId,
    /// Take back one component only.
    #[arg(long, value_name = "COMPONENT")]
    only: Option<ComponentId>,
}

/// Takes back, or goes on taking back.
pub async fn run(args: &Rollback, global: &Global, output: &Output) -> Done {
    match rollback(args, global).await {
        Ok(report) => {
            output.document(&report, human::report);
            Ok(exit_of(report.outcome, Outcome::Unwound))
        }
        Err(failure) => {
            output.refusal(&failure);
            Ok(failure.exit)
        }
    }
}

async fn rollback(args: &Rollback, global: &Global) -> Result<engine::RunReport, Failure> {
    let session = Session::new(global)?;
    let journal = session::journal(global)?;
    let history = History::read(journal.as_ref(), &args.run)?;
    let estate = history.plan.estate.domain_sid.to_string();
    let _lock = journal.lock(&estate, &system::holder(SystemClock.now()))?;
    let world = session.world(&apply::accounts(&history.plan)).await?;
    let changed = history
        .plan
        .steps
        .iter()
        .filter(|step| history.state(&step.id).may_have_changed())
        .count();
    let request = RollbackRequest {
        run: args.run.clone(),
        only: args.only.clone(),
        by: &session::by(),
    };
    Ok(engine::rollback(&world, journal.as_ref(), &Steps::new(changed), &request).await?)
}
