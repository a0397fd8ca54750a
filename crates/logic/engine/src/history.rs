//! What the journal says of a run: the fold of its records through the transition function.

use std::collections::BTreeMap;

use model::names::{ComponentId, RunId, StepId};
use model::plan::{Plan, PlannedEstate, Step, StepStatus};
use model::ports::Journal;
use model::run::{Event, Outcome, Record, RunChange, StepChange};
use security::FileTime;
use serde_json::Value;

use crate::error::EngineError;
use crate::report::StepReport;
use crate::transition::{StepState, next};

/// A run as its records tell it.
#[derive(Debug, Clone)]
pub struct History {
    /// Which run.
    pub run: RunId,
    /// Its plan.
    pub plan: Plan,
    /// When it began.
    pub started: FileTime,
    /// Who began it.
    pub by: String,
    /// How it ended or halted last; `None` while it is going on, or after a crash.
    pub outcome: Option<Outcome>,
    /// Which way it goes.
    pub direction: Direction,
    /// The one component that is being taken back, where it is one only.
    pub only: Option<ComponentId>,
    /// Number of its records.
    pub records: usize,
    steps: BTreeMap<StepId, StepRecord>,
}

/// Which way a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the plan.
    Forwards,
    /// Back to the prior state.
    Backwards,
}

/// A step as its records tell it.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Where it stands.
    pub state: StepState,
    /// What was found before it, once observed.
    pub prior: Option<Value>,
    /// What it did, once applied.
    pub outcome: Option<Value>,
    /// Why it failed, waits, or was handed over.
    pub why: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

impl History {
    /// Reads a run back from the journal.
    ///
    /// # Errors
    /// Where there is no such run, or a record that cannot stand where it stands.
    pub fn read(journal: &dyn Journal, run: &RunId) -> Result<Self, EngineError> {
        let records = journal.records(run)?;
        let mut records = records.iter();
        let first = records
            .next()
            .ok_or_else(|| EngineError::NoSuchRun(run.clone()))?;
        let mut history = Self::begin(first)?;
        for record in records {
            history.add(record)?;
        }
        Ok(history)
    }

    /// All runs on an estate, oldest first.
    pub(crate) fn of_estate(
        journal: &dyn Journal,
        estate: &PlannedEstate,
    ) -> Result<Vec<Self>, EngineError> {
        let mut histories = Vec::new();
        for run in journal.runs()? {
            let history = Self::read(journal, &run)?;
            if history.plan.estate.domain_sid == estate.domain_sid {
                histories.push(history);
            }
        }
        Ok(histories)
    }

    fn begin(first: &Record) -> Result<Self, EngineError> {
        let Event::Run {
            change: RunChange::Started { plan },
            at,
            by,
        } = &first.event
        else {
            return Err(wrong(first, "a run begins with its plan"));
        };
        let step = |step: &Step| {
            let fresh = StepRecord {
                state: StepState::Planned,
                prior: None,
                outcome: None,
                why: None,
                advice: None,
            };
            (step.id.clone(), fresh)
        };
        Ok(Self {
            run: first.run.clone(),
            steps: plan.steps.iter().map(step).collect(),
            plan: (**plan).clone(),
            started: *at,
            by: by.clone(),
            outcome: None,
            direction: Direction::Forwards,
            only: None,
            records: 1,
        })
    }

    /// Takes one more record in.
    pub(crate) fn add(&mut self, record: &Record) -> Result<(), EngineError> {
        self.records += 1;
        match &record.event {
            Event::Run { change, .. } => match change {
                RunChange::Started { .. } => return Err(wrong(record, "the run began before")),
                RunChange::Resumed => self.outcome = None,
                RunChange::RollbackStarted { only } => {
                    self.direction = Direction::Backwards;
                    self.only.clone_from(only);
                    self.outcome = None;
                }
                RunChange::Ended { outcome } => self.outcome = Some(*outcome),
            },
            Event::Step { step, change, .. } => self.advance(record, step, change)?,
        }
        Ok(())
    }

    fn advance(
        &mut self,
        record: &Record,
        step: &StepId,
        change: &StepChange,
    ) -> Result<(), EngineError> {
        let entry = self
            .steps
            .get_mut(step)
            .ok_or_else(|| wrong(record, "its step is not in the plan"))?;
        let before = entry.state;
        entry.state = next(before, change).map_err(|source| EngineError::Transition {
            record: record.number,
            run: record.run.clone(),
            step: step.clone(),
            source,
        })?;
        // Why a step failed stays with it while it is taken back: that is what an operator asks afterwards.
        if !entry.state.turns_back() || before == StepState::UndoFailed {
            (entry.why, entry.advice) = (None, None);
        }
        match change {
            StepChange::Observed { prior } => entry.prior = Some(prior.clone()),
            StepChange::Applied { outcome } => entry.outcome = Some(outcome.clone()),
            StepChange::Waiting { why } => entry.why = Some(why.clone()),
            StepChange::HandedOver { why, advice }
            | StepChange::Failed { why, advice }
            | StepChange::UndoFailed { why, advice } => {
                entry.why = Some(why.clone());
                entry.advice = advice.clone();
            }
            _ => {}
        }
        if entry.state.turns_back() {
            self.direction = Direction::Backwards;
        }
        Ok(())
    }

    /// How the run stands, step by step.
    pub fn reports(&self) -> Vec<StepReport> {
        let report = |step: &Step| {
            let record = self.steps.get(&step.id);
            let state = self.state(&step.id);
            let idle = step.status == StepStatus::NoOp && state == StepState::Planned;
            StepReport {
                id: step.id.clone(),
                status: if idle {
                    "no-op".to_owned()
                } else {
                    state.word().to_owned()
                },
                why: record.and_then(|record| record.why.clone()),
                advice: record.and_then(|record| record.advice.clone()),
                took_ms: None,
            }
        };
        self.plan.steps.iter().map(report).collect()
    }

    /// How a step of the plan stands.
    pub fn step(&self, id: &StepId) -> Option<&StepRecord> {
        self.steps.get(id)
    }

    /// Where a step of the plan stands.
    pub fn state(&self, id: &StepId) -> StepState {
        self.steps
            .get(id)
            .map_or(StepState::Planned, |step| step.state)
    }

    /// The steps that may have changed the world and were not taken back, of one component or of all.
    pub(crate) fn changed<'a>(
        &'a self,
        only: Option<&'a ComponentId>,
    ) -> impl DoubleEndedIterator<Item = &'a Step> {
        let steps = self.plan.steps.iter();
        steps
            .filter(move |step| only.is_none_or(|only| step.component == *only))
            .filter(|step| self.state(&step.id).may_have_changed())
    }

    /// Whether the run still has something to do: it crashed, waits or is stuck.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.outcome,
            Some(Outcome::Done | Outcome::Unwound | Outcome::Failed | Outcome::Refused)
        )
    }
}

fn wrong(record: &Record, why: &str) -> EngineError {
    EngineError::Record {
        record: record.number,
        run: record.run.clone(),
        why: why.to_owned(),
    }
}
