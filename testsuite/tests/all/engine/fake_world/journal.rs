//! The journal port: JSON in a list, and the death of the process around a record.

use model::names::RunId;
use model::ports::{Journal, JournalError, LockHolder, RunLock};
use model::run::{Event, Record};

use super::FakeWorld;
use super::fault::Moment;

impl Journal for FakeWorld {
    fn append(&self, run: &RunId, event: &Event) -> Result<u64, JournalError> {
        let mut state = self.state();
        let text = serde_json::to_string(event).unwrap();
        let short: String = text.chars().take(120).collect();
        let dies = state.faults.record(&short);
        if dies != Some(Moment::Before) {
            state.records.push((run.to_string(), text));
        }
        match dies {
            None => Ok(state.records.len() as u64),
            Some(_) => Err(JournalError::Unusable {
                path: "memory".to_owned(),
                what: "the process died (fault of the test)".to_owned(),
            }),
        }
    }

    fn records(&self, run: &RunId) -> Result<Vec<Record>, JournalError> {
        let state = self.state();
        let numbered = (1..).zip(&state.records);
        let records = numbered.filter(|(_, (of, _))| *of == run.as_str());
        records
            .map(|(number, (_, text))| {
                let damaged = |error: serde_json::Error| JournalError::Damaged {
                    path: "memory".to_owned(),
                    what: format!("record {number}: {error}"),
                };
                let event = serde_json::from_str(text).map_err(damaged)?;
                Ok(Record {
                    number,
                    run: run.clone(),
                    event,
                })
            })
            .collect()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let state = self.state();
        let mut runs: Vec<RunId> = Vec::new();
        for (run, _) in &state.records {
            let run = run.parse().unwrap();
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// The engine does not ask for the lock: that is the command line's business.
    fn lock(&self, _estate: &str, holder: &LockHolder) -> Result<Box<dyn RunLock>, JournalError> {
        Err(JournalError::Locked(holder.clone()))
    }
}
