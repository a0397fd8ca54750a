//! A lab with everything that works on it: the clients of production, catalogue, journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{ApplyRequest, Progress, RunReport, StepState, World};
use journal_sqlite::SqliteJournal;
use model::intent::Intent;
use model::inventory::Inventory;
use model::names::{HostName, StepId};
use model::plan::{Action, Plan, Step, StepStatus};
use model::ports::{Clock, Journal};

use crate::error::Failure;
use crate::lab_by_hand;
use crate::lab_estate::LabEstate;
use crate::options::Global;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps};

/// A lab, and what works on it.
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
    /// Connects everything to a lab; its journal is a new file.
    pub async fn new(global: &'a Global, lab: LabEstate, journal: &Path) -> Result<Self, Failure> {
        Ok(Self {
            session: Session::of_estate(global, lab.estate()?)?,
            world: lab.world().await?,
            journal: SqliteJournal::open(journal)?,
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

    /// Applies; where the run waits, does what the waiting step asks an administrator for, and applies again.
    pub async fn apply(
        &self,
        plan: &Plan,
        progress: &dyn Progress,
        output: &Output,
    ) -> Result<Applied, Failure> {
        let mut report = self.apply_once(plan, progress).await?;
        let mut by_hand = Vec::new();
        // Each gate is waited at once: what is still shut then stays shut.
        let mut passed = BTreeSet::new();
        while let Some(gate) = waiting_step(plan, &report)
            && passed.insert(&gate.id)
        {
            let Some(done) = self.do_by_hand(gate).await? else {
                break;
            };
            output.note(&format!("        {done}, then the plan is applied again."));
            by_hand.push(done);
            let mut next = self.apply_once(plan, progress).await?;
            for (step, before) in next.steps.iter_mut().zip(report.steps) {
                step.took_ms = step.took_ms.or(before.took_ms);
            }
            report = next;
        }
        Ok(Applied { report, by_hand })
    }

    /// What an administrator does at a gate, and its name; `None` where nothing helps.
    async fn do_by_hand(&self, gate: &Step) -> Result<Option<String>, Failure> {
        match (&gate.action, &gate.host) {
            (Action::ProveRetrieval { .. }, Some(host)) => {
                let waited = self.lab.wait_for_replication();
                self.lab.refresh_tickets(host);
                let waited = waited.map(|until| {
                    format!("Waited for replication until {until}, by the lab's clock. ")
                });
                Ok(Some(format!(
                    "{}On {host}: klist -li 0x3e7 purge",
                    waited.unwrap_or_default()
                )))
            }
            (Action::FollowWizard { .. }, Some(host)) => {
                Ok(lab_by_hand::follow_wizard(&self.lab, host, &gate.action))
            }
            (Action::AwaitRootKey, _) => {
                let keys = self.world.directory.root_keys().await?;
                let usable = keys.iter().map(|key| key.usable_from).max();
                let Some(usable) = usable.filter(|from| *from > self.lab.clock().now()) else {
                    return Ok(None);
                };
                self.lab.clock().set(usable);
                Ok(Some(format!("Waited until {usable}, by the lab's clock")))
            }
            _ => Ok(None),
        }
    }

    /// Applies, or goes on, once.
    pub async fn apply_once(
        &self,
        plan: &Plan,
        progress: &dyn Progress,
    ) -> Result<RunReport, Failure> {
        let open = engine::open_run(&self.journal, plan)?.is_some();
        let fresh = match open {
            true => None,
            false => Some(
                self.session
                    .plan(&self.discover(Some(&plan.intent)).await?, &plan.intent),
            ),
        };
        self.apply_beside(plan, fresh.as_ref(), progress).await
    }

    /// Applies a plan that was made this moment.
    #[cfg(test)]
    pub async fn apply_given(
        &self,
        plan: &Plan,
        progress: &dyn Progress,
    ) -> Result<RunReport, Failure> {
        self.apply_beside(plan, Some(plan), progress).await
    }

    async fn apply_beside(
        &self,
        plan: &Plan,
        fresh: Option<&Plan>,
        progress: &dyn Progress,
    ) -> Result<RunReport, Failure> {
        let now = SystemClock.now();
        let _lock = self
            .journal
            .lock(&plan.estate.domain_sid.to_string(), &system::holder(now))?;
        let request = ApplyRequest {
            plan,
            fresh,
            new_run: system::new_run_id(now)?,
            by: &session::by(),
            accept_no_way_back: false,
        };
        Ok(engine::apply(&self.world, &self.journal, progress, &request).await?)
    }
}

/// What became of a plan, and what somebody had to do for it.
pub struct Applied {
    /// The run.
    pub report: RunReport,
    /// What was done by hand between one apply and the next.
    pub by_hand: Vec<String>,
}

/// The step that a run waits at.
fn waiting_step<'a>(plan: &'a Plan, report: &RunReport) -> Option<&'a Step> {
    let waiting = [StepState::Waiting, StepState::HandedOver].map(StepState::word);
    let mut steps = report.steps.iter();
    let step = steps.find(|step| waiting.contains(&step.status.as_str()))?;
    plan.step(&step.id)
}

/// The hosts that the plan changes.
pub fn hosts(plan: &Plan) -> Vec<&HostName> {
    plan.intent
        .conversions
        .iter()
        .flat_map(|conversion| &conversion.hosts)
        .collect()
}

/// Progress lines for the steps of a plan that are looked at.
pub fn progress(plan: &Plan) -> Steps {
    let busy = plan
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::NoOp);
    Steps::new(busy.count())
}

/// Progress that keeps why steps failed: what is taken back afterwards forgets it.
pub struct Watched {
    steps: Steps,
    failures: Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    by_step: BTreeMap<StepId, String>,
    first: Option<(StepId, String)>,
}

impl Watched {
    /// On top of the lines on the screen.
    pub fn new(steps: Steps) -> Self {
        let failures = Mutex::default();
        Self { steps, failures }
    }

    /// Why steps failed so far.
    pub fn failures(&self) -> BTreeMap<StepId, String> {
        self.lock().by_step.clone()
    }

    /// The step that failed first, and why; none where only taking back failed.
    pub fn first_failure(&self) -> Option<(StepId, String)> {
        self.lock().first.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
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
            let mut failures = self.lock();
            if state != StepState::UndoFailed && failures.first.is_none() {
                failures.first = Some((step.id.clone(), note.to_owned()));
            }
            failures.by_step.insert(step.id.clone(), note.to_owned());
        }
        self.steps.ends(step, state, note, took);
    }
}
