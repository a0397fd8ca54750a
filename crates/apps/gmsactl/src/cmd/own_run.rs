//! A run of a plan that a command makes by itself: repeating the command goes on with a run that was interrupted.

use engine::{ApplyRequest, History, RunReport};
use model::inventory::Inventory;
use model::names::SamAccountName;
use model::plan::{Plan, PlanDocument};
use model::ports::{Clock, Journal};
use model::run::Outcome;

use super::{Done, apply, exit_of};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps, human};

/// How a command plans.
pub struct OwnRun<'a> {
    /// Whether a plan is one that this command makes.
    pub is_own: &'a dyn Fn(&Plan) -> bool,
    /// Accounts to look up beside those that services run as.
    pub names: &'a [SamAccountName],
    /// Makes one.
    pub plan: &'a dyn Fn(&Session<'_>, &Inventory) -> Result<Plan, Failure>,
}

impl OwnRun<'_> {
    /// Plans and shows, or carries it out.
    pub async fn run(&self, dry_run: bool, global: &Global, output: &Output) -> Done {
        if dry_run {
            let session = Session::new(global)?;
            let world = session.world(&[]).await?;
            let inventory = session.discover_also(&world, self.names).await?;
            let document = PlanDocument::seal((self.plan)(&session, &inventory)?)?;
            output.document(&document, human::plan);
            return Ok(match document.plan.is_blocked() {
                true => exit::REFUSED,
                false => exit::CHANGES,
            });
        }
        match self.carry_out(global).await {
            Ok(report) => {
                output.document(&report, human::report);
                Ok(exit_of(report.outcome, Outcome::Done))
            }
            Err(failure) => {
                output.refusal(&failure);
                Ok(failure.exit)
            }
        }
    }

    async fn carry_out(&self, global: &Global) -> Result<RunReport, Failure> {
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let world = session.world(&[]).await?;
        let inventory = session.discover_also(&world, self.names).await?;
        let now = SystemClock.now();
        let estate = inventory.domain.sid.to_string();
        let _lock = journal.lock(&estate, &system::holder(now))?;
        let (plan, fresh) = match self.interrupted(journal.as_ref(), &inventory)? {
            Some(plan) => (plan, None),
            None => {
                let plan = (self.plan)(&session, &inventory)?;
                (plan.clone(), Some(plan))
            }
        };
        let world = session.world(&apply::accounts(&plan)).await?;
        let request = ApplyRequest {
            plan: &plan,
            fresh: fresh.as_ref(),
            new_run: system::new_run_id(now)?,
            by: &session::by(),
            accept_no_way_back: false,
        };
        let steps = Steps::new(plan.steps.len());
        Ok(engine::apply(&world, journal.as_ref(), &steps, &request).await?)
    }

    /// The plan of a run of this command that is not over.
    fn interrupted(
        &self,
        journal: &dyn Journal,
        inventory: &Inventory,
    ) -> Result<Option<Plan>, Failure> {
        for run in journal.runs()? {
            let history = History::read(journal, &run)?;
            if history.is_open()
                && history.plan.estate.domain_sid == inventory.domain.sid
                && (self.is_own)(&history.plan)
            {
                return Ok(Some(history.plan));
            }
        }
        Ok(None)
    }
}
