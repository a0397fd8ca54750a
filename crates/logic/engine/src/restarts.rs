//! The hosts that a setup wants restarted.

use model::names::{HostName, RunId};
use model::plan::Action;
use model::ports::Journal;
use serde::Deserialize;

use crate::error::EngineError;
use crate::history::History;
use crate::steps::SetupEnded;

/// Those of a run, each once, in the order of their setups.
///
/// # Errors
/// Where the journal, or a record of it, cannot be read.
pub fn restarts_wanted(journal: &dyn Journal, run: &RunId) -> Result<Vec<HostName>, EngineError> {
    let history = History::read(journal, run)?;
    let mut hosts: Vec<HostName> = Vec::new();
    for step in &history.plan.steps {
        let outcome = history.step(&step.id);
        let (Action::RunSetup { .. }, Some(host), Some(outcome)) = (
            &step.action,
            &step.host,
            outcome.and_then(|record| record.outcome.as_ref()),
        ) else {
            continue;
        };
        let ended = SetupEnded::deserialize(outcome).map_err(|error| EngineError::NotNow {
            run: run.clone(),
            why: format!(
                "does not say how the setup of step {} ended: {error}",
                step.id
            ),
        })?;
        if ended.restart && !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    Ok(hosts)
}
