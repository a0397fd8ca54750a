//! A copy of the reference estate with everything that works on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{ApplyRequest, Progress, RunReport, StepState, World};
use journal_sqlite::SqliteJournal;
use model::intent::Intent;
use model::inventory::Inventory;
use model::names::{HostName, StepId};
use model::plan::{Plan, Step};
use model::ports::{Clock, Journal};
use model::run::Outcome;

use crate::error::Failure;
use crate::lab_estate::LabEstate;
use crate::options::Global;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps};

/// A copy of the estate, and what works on it.
pub struct Stage<'a> {
    /// Its servers.
    pub lab: LabEstate,
    /// Catalogue and estate.
    pub session: Session<'a>,
    /// The clients.
    pub world: World,
    /// In a temporary folder.
    pub journal: SqliteJournal,
}

impl<'a> Stage<'a> {
    /// Starts it.
    pub async fn new(global: &'a Global, journal: PathBuf) -> Result<Self, Failure> {
        let lab = LabEstate::start().await?;
        Ok(Self {
            session: Session::of_estate(global, lab.estate()?)?,
            world: lab.world().await?,
            journal: SqliteJournal::open(&journal)?,
            lab,
        })
    }

    /// What is there now.
    pub async fn discover(&self, intent: Option<&Intent>) -> Result<Inventory, Failure> {
        self.session.discover(&self.world, intent).await
    }

    /// The proposal.
    pub fn intent(&self, inventory: &Inventory) -> Intent {
        planner::propose(inventory, &self.session.profiles())
    }

    /// Applies; where the run waits for a host's ticket, does what an administrator would, and applies again.
    pub async fn apply(
        &self,
        plan: &Plan,
        progress: &dyn Progress,
        output: &Output,
    ) -> Result<RunReport, Failure> {
        let first = self.apply_once(plan, progress).await?;
        if first.outcome != Outcome::Waiting {
            return Ok(first);
        }
        for host in hosts(plan) {
            output.note(&format!(
                "        On {host}: klist -li 0x3e7 purge, then the plan is applied again."
            ));
            self.lab.refresh_tickets(host);
        }
        let mut second = self.apply_once(plan, progress).await?;
        for (step, before) in second.steps.iter_mut().zip(first.steps) {
            step.took_ms = step.took_ms.or(before.took_ms);
        }
        Ok(second)
    }

    async fn apply_once(&self, plan: &Plan, progress: &dyn Progress) -> Result<RunReport, Failure> {
        let open = engine::open_run(&self.journal, plan)?.is_some();
        let fresh = match open {
            true => None,
            false => Some(
                self.session
                    .plan(&self.discover(Some(&plan.intent)).await?, &plan.intent),
            ),
        };
        let now = SystemClock.now();
        let _lock = self
            .journal
            .lock(&plan.estate.domain_sid.to_string(), &system::holder(now))?;
        let request = ApplyRequest {
            plan,
            fresh: fresh.as_ref(),
            new_run: system::new_run_id(now)?,
            by: &session::by(),
            accept_no_way_back: false,
        };
        Ok(engine::apply(&self.world, &self.journal, progress, &request).await?)
    }
}

/// The hosts that the plan changes.
pub fn hosts(plan: &Plan) -> Vec<&HostName> {
    plan.intent
        .conversions
        .iter()
        .flat_map(|conversion| &conversion.hosts)
        .collect()
}

/// Progress that keeps why steps failed: what is taken back afterwards forgets it.
pub struct Watched {
    steps: Steps,
    failures: Mutex<BTreeMap<StepId, String>>,
}

impl Watched {
    /// On top of the lines on the screen.
    pub fn new(steps: Steps) -> Self {
        let failures = Mutex::default();
        Self { steps, failures }
    }

    /// Why steps failed so far.
    pub fn failures(&self) -> BTreeMap<StepId, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<StepId, String>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Watched {
    fn begins(&self, step: &Step, backwards: bool) {
        self.steps.begins(step, backwards);
    }

    fn ends(&self, step: &Step, state: StepState, note: &str, took: Duration) {
        if matches!(
            state,
            StepState::Failed | StepState::FailedUntouched | StepState::UndoFailed
        ) {
            self.lock().insert(step.id.clone(), note.to_owned());
        }
        self.steps.ends(step, state, note, took);
    }
}
