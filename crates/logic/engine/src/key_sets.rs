//! The key sets that the journal knows as exported.

use model::names::{DnsName, HostName, RunId};
use model::plan::Action;
use model::ports::{FileFacts, Journal};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::history::History;

/// A key set file that a run exported and did not take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedKeySet {
    /// The run.
    pub run: RunId,
    /// The host that it is on.
    pub host: HostName,
    /// Its path there.
    pub file: String,
    /// Size and hash, as they were right after the export.
    #[serde(flatten)]
    pub facts: FileFacts,
}

/// All of an estate, oldest first.
///
/// # Errors
/// Where the journal, or a record of it, cannot be read.
pub fn exported_key_sets(
    journal: &dyn Journal,
    domain: &DnsName,
) -> Result<Vec<ExportedKeySet>, EngineError> {
    let mut found = Vec::new();
    for run in journal.runs()? {
        let history = History::read(journal, &run)?;
        if history.plan.estate.domain != *domain {
            continue;
        }
        for step in &history.plan.steps {
            let Action::ExportKeySet { file, .. } = &step.action else {
                continue;
            };
            let Some(host) = step.host.clone() else {
                continue;
            };
            if !history.state(&step.id).may_have_changed() {
                continue;
            }
            let outcome = history.step(&step.id);
            let Some(outcome) = outcome.and_then(|record| record.outcome.as_ref()) else {
                continue; // Cut off: whether the file is whole is not known.
            };
            let facts = FileFacts::deserialize(outcome).map_err(|error| EngineError::NotNow {
                run: run.clone(),
                why: format!("does not say what step {} exported: {error}", step.id),
            })?;
            found.push(ExportedKeySet {
                run: run.clone(),
                host,
                file: file.clone(),
                facts,
            });
        }
    }
    Ok(found)
}
