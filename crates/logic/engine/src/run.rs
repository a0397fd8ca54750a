//! One run while it is being written: journal first, world second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::names::{RunId, StepId};
use model::plan::Step;
use model::ports::Journal;
use model::run::{Event, Outcome, RunChange, StepChange};
use serde_json::Value;

use crate::error::EngineError;
use crate::history::History;
use crate::progress::Progress;
use crate::report::RunReport;
use crate::step::{JournaledStep, Scene, StepError};
use crate::steps;
use crate::transition::StepState;
use crate::world::World;

/// A run, its journal and its world.
pub(crate) struct Run<'a> {
    pub world: &'a World,
    pub journal: &'a dyn Journal,
    pub progress: &'a dyn Progress,
    /// Who works, for the journal.
    pub by: &'a str,
    pub history: History,
    /// What the journal cost so far.
    pub journal_time: Duration,
    /// How long each step took.
    pub took: BTreeMap<StepId, Duration>,
}

impl<'a> Run<'a> {
    /// A run that goes on from its history.
    pub fn new(
        world: &'a World,
        journal: &'a dyn Journal,
        progress: &'a dyn Progress,
        by: &'a str,
        history: History,
    ) -> Self {
        let (journal_time, took) = Default::default();
        Self {
            world,
            journal,
            progress,
            by,
            history,
            journal_time,
            took,
        }
    }

    /// Writes a step's event, durably, and takes it into the history.
    pub fn record(&mut self, step: &StepId, change: StepChange) -> Result<(), EngineError> {
        let event = Event::Step {
            step: step.clone(),
            change,
            at: self.world.clock.now(),
        };
        self.append(event)
    }

    /// Writes an event of the run itself.
    pub fn record_run(&mut self, change: RunChange) -> Result<(), EngineError> {
        let event = Event::Run {
            change,
            at: self.world.clock.now(),
            by: self.by.to_owned(),
        };
        self.append(event)
    }

    fn append(&mut self, event: Event) -> Result<(), EngineError> {
        let run: RunId = self.history.run.clone();
        let since = Instant::now();
        let number = self.journal.append(&run, &event)?;
        self.journal_time += since.elapsed();
        self.history.add(&model::run::Record { number, run, event })
    }

    /// The code behind a step.
    pub fn code(&self, step: &Step) -> Result<Box<dyn JournaledStep>, StepError> {
        steps::of(step, &self.history.plan.estate)
    }

    /// What a step sees.
    pub fn scene<'b>(&'b self, step: &'b StepId) -> Scene<'b> {
        Scene {
            world: self.world,
            history: &self.history,
            step,
        }
    }

    /// Tells the progress that a step came to rest.
    pub fn tell(&mut self, step: &Step, note: &str, since: Instant) {
        let took = since.elapsed();
        self.took.insert(step.id.clone(), took);
        self.progress
            .ends(step, self.history.state(&step.id), note, took);
    }

    /// Takes everything back that may have been changed (of one component, where only that is asked for), last step
    /// first. A step that cannot be taken back ends it: the run is stuck. What can be seen of that beforehand is
    /// looked at first, while everything still runs.
    pub async fn unwind(&mut self) -> Result<Outcome, EngineError> {
        let steps = self.history.changed(self.history.only.as_ref());
        let steps: Vec<_> = steps.rev().cloned().collect();
        for step in &steps {
            // Other errors than a refusal may have passed when the step's turn comes.
            if let Err(refusal @ StepError::Refused { .. }) = self.can_undo(step).await {
                self.record(&step.id, StepChange::Undoing)?;
                self.record_undo(step, Err(refusal), Instant::now())?;
                return Ok(Outcome::Stuck);
            }
        }
        for step in &steps {
            let since = Instant::now();
            self.progress.begins(step, true);
            self.record(&step.id, StepChange::Undoing)?;
            let result = self.undo(step).await;
            self.record_undo(step, result, since)?;
            if self.history.state(&step.id) != StepState::Undone {
                return Ok(Outcome::Stuck);
            }
        }
        Ok(Outcome::Unwound)
    }

    async fn can_undo(&self, step: &Step) -> Result<(), StepError> {
        let (prior, _) = self.known(step)?;
        self.code(step)?
            .can_undo(&self.scene(&step.id), prior)
            .await
    }

    async fn undo(&self, step: &Step) -> Result<(), StepError> {
        let (prior, outcome) = self.known(step)?;
        let (code, scene) = (self.code(step)?, self.scene(&step.id));
        match code.undo(&scene, prior, outcome).await {
            // The answer was lost: undo is idempotent, so what is left to do is done, and what was done stays.
            Err(error) if error.is_ambiguous() => code.undo(&scene, prior, outcome).await,
            result => result,
        }
    }

    /// What the journal holds of a step: its prior state and its outcome.
    fn known(&self, step: &Step) -> Result<(&Value, Option<&Value>), StepError> {
        let record = self.history.step(&step.id);
        let prior = record.and_then(|record| record.prior.as_ref());
        let prior = prior.ok_or_else(|| StepError::Record {
            step: step.id.to_string(),
            why: "its prior state is missing".to_owned(),
        })?;
        Ok((prior, record.and_then(|record| record.outcome.as_ref())))
    }

    fn record_undo(
        &mut self,
        step: &Step,
        result: Result<(), StepError>,
        since: Instant,
    ) -> Result<(), EngineError> {
        let note = result.as_ref().err().map(|error| with_causes(error));
        let change = match result {
            Ok(()) => StepChange::Undone,
            Err(error) => StepChange::UndoFailed {
                why: note.clone().unwrap_or_default(),
                advice: error.advice(),
            },
        };
        self.record(&step.id, change)?;
        self.tell(step, &note.unwrap_or_default(), since);
        Ok(())
    }

    /// How the run stands, for the operator.
    pub fn report(&self, outcome: Outcome) -> RunReport {
        let mut report = report(&self.history, outcome);
        report.journal_ms = millis(self.journal_time);
        for step in &mut report.steps {
            step.took_ms = self.took.get(&step.id).copied().map(millis);
        }
        report
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// How a run stands, for the operator.
pub(crate) fn report(history: &History, outcome: Outcome) -> RunReport {
    RunReport {
        run: Some(history.run.clone()),
        outcome,
        steps: history.reports(),
        findings: history.plan.findings.clone(),
        journal_ms: 0.0,
    }
}

/// An error and what it came from, in one line: what the journal keeps of it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}
