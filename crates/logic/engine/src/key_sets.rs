//! The key sets that the journal knows as exported.

use model::host::Recipient;
use model::names::{DnsName, HostName, RunId, StepId};
use model::plan::Action;
use model::ports::{FileFacts, Journal, SealedFacts};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::EngineError;
use crate::history::History;
use crate::steps::{AfterWizard, SetupEnded};

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
    /// Its copy that only the recipients can read, where the run made one.
    pub sealed: Option<SealedKeySet>,
    /// Whether the run removed the file, so that only the sealed copy is to be there.
    pub removed: bool,
}

/// A copy of an exported file that only the holders of the recipients' identities can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealedKeySet {
    /// Its path on the host.
    pub file: String,
    /// Size and hash of the copy itself, as they were right after it was made.
    #[serde(flatten)]
    pub facts: FileFacts,
    /// Whose identities open it.
    pub recipients: Vec<Recipient>,
}

/// A key set file that a product's setup saved by itself while a run had it change the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedKeySet {
    /// The run.
    pub run: RunId,
    /// The host that it is on.
    pub host: HostName,
    /// Its path there.
    pub file: String,
    /// Size and hash, as they were when setup had ended.
    #[serde(flatten)]
    pub facts: FileFacts,
}

/// What setups saved, oldest first; a run that was taken back too, because the files stay.
///
/// # Errors
/// Where the journal, or a record of it, cannot be read.
pub fn key_sets_saved_by_setup(
    journal: &dyn Journal,
    domain: &DnsName,
) -> Result<Vec<SavedKeySet>, EngineError> {
    let mut found = Vec::new();
    for (run, history) in histories(journal, domain)? {
        for step in &history.plan.steps {
            let saved = match &step.action {
                Action::FollowWizard { .. } => {
                    recorded::<AfterWizard>(&history, &step.id)?.map(|after| after.saved)
                }
                Action::RunSetup { .. } => {
                    recorded::<SetupEnded>(&history, &step.id)?.map(|ended| ended.saved)
                }
                _ => None,
            };
            let (Some(host), Some(saved)) = (&step.host, saved) else {
                continue;
            };
            found.extend(saved.into_iter().map(|saved| SavedKeySet {
                run: run.clone(),
                host: host.clone(),
                file: saved.file,
                facts: saved.facts,
            }));
        }
    }
    Ok(found)
}

/// The runs on an estate, oldest first.
fn histories(
    journal: &dyn Journal,
    domain: &DnsName,
) -> Result<Vec<(RunId, History)>, EngineError> {
    let mut found = Vec::new();
    for run in journal.runs()? {
        let history = History::read(journal, &run)?;
        if history.plan.estate.domain == *domain {
            found.push((run, history));
        }
    }
    Ok(found)
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
    for (run, history) in histories(journal, domain)? {
        for step in &history.plan.steps {
            let Action::ExportKeySet { file, .. } = &step.action else {
                continue;
            };
            let Some(host) = step.host.clone() else {
                continue;
            };
            let Some(facts) = outcome::<FileFacts>(&history, &step.id)? else {
                continue;
            };
            found.push(ExportedKeySet {
                run: run.clone(),
                host,
                file: file.clone(),
                facts,
                sealed: sealed(&history, &step.id)?,
                removed: is_removed(&history, &step.id),
            });
        }
    }
    Ok(found)
}

/// The sealed copy of what a step exported.
fn sealed(history: &History, exported: &StepId) -> Result<Option<SealedKeySet>, EngineError> {
    for step in &history.plan.steps {
        if let Action::SealKeySet {
            sealed,
            exported_by,
            recipients,
            ..
        } = &step.action
            && exported_by == exported
        {
            let made = outcome::<SealedFacts>(history, &step.id)?;
            return Ok(made.map(|made| SealedKeySet {
                file: sealed.clone(),
                facts: made.sealed,
                recipients: recipients.clone(),
            }));
        }
    }
    Ok(None)
}

fn is_removed(history: &History, exported: &StepId) -> bool {
    let mut steps = history.plan.steps.iter();
    steps.any(|step| {
        matches!(&step.action, Action::RemoveKeySet { exported_by, .. } if exported_by == exported)
            && history.state(&step.id).may_have_changed()
    })
}

/// What a step made and did not take back; `None` too where it was cut off: whether the file is whole is not known.
fn outcome<T: DeserializeOwned>(
    history: &History,
    step: &StepId,
) -> Result<Option<T>, EngineError> {
    if !history.state(step).may_have_changed() {
        return Ok(None);
    }
    recorded(history, step)
}

/// What a step made, whether it was taken back or not.
fn recorded<T: DeserializeOwned>(
    history: &History,
    step: &StepId,
) -> Result<Option<T>, EngineError> {
    let record = history.step(step);
    let Some(outcome) = record.and_then(|record| record.outcome.as_ref()) else {
        return Ok(None);
    };
    T::deserialize(outcome)
        .map(Some)
        .map_err(|error| EngineError::NotNow {
            run: history.run.clone(),
            why: format!("does not say what step {step} made: {error}"),
        })
}
