//! The key set file that a product's setup saves by itself: found, hashed, put on record, and told apart from the
//! exported one. Nothing restores from it, and nothing removes it: it is the product's.

use model::names::StepId;
use model::plan::Action;
use model::ports::{FileFacts, Host};
use serde::{Deserialize, Serialize};

use crate::step::{Scene, StepError};

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FoundFile {
    pub file: String,
    #[serde(flatten)]
    pub facts: FileFacts,
}

/// Those of these files that are there.
pub(crate) async fn found(host: &dyn Host, files: &[String]) -> Result<Vec<FoundFile>, StepError> {
    let mut found = Vec::new();
    for file in files {
        if let Some(facts) = host.file(file).await? {
            let file = file.clone();
            found.push(FoundFile { file, facts });
        }
    }
    Ok(found)
}

/// Those that setup wrote: they were not there before, or are others now. What cannot be read is not on record, and no
/// reason to turn back a run whose setup has done its work.
pub(crate) async fn saved(
    host: &dyn Host,
    files: &[String],
    before: &[FoundFile],
) -> Vec<FoundFile> {
    let mut now = found(host, files).await.unwrap_or_default();
    now.retain(|file| !before.contains(file));
    now
}

/// What there is to say about them, after a semicolon; nothing where setup does not save any.
pub(crate) fn told(scene: &Scene<'_>, files: &[String], saved: &[FoundFile]) -> String {
    if files.is_empty() {
        return String::new();
    }
    if saved.is_empty() {
        return "; setup saved no key set file where one is looked for".to_owned();
    }
    let exported = exported(scene);
    let text = |found: &FoundFile| {
        let same = match exported.contains(&found.facts) {
            true => "the same content as the exported one",
            false => "not the exported one, which alone is restored",
        };
        format!(
            "; setup saved {}, SHA-256 {}: {same}",
            found.file, found.facts.sha256
        )
    };
    saved.iter().map(text).collect()
}

/// What the steps of this run exported on the same host.
fn exported(scene: &Scene<'_>) -> Vec<FileFacts> {
    let steps = &scene.history.plan.steps;
    let host = |id: &StepId| {
        steps
            .iter()
            .find(|step| step.id == *id)
            .map(|step| &step.host)
    };
    let here = steps.iter().filter(|step| {
        matches!(step.action, Action::ExportKeySet { .. }) && Some(&step.host) == host(scene.step)
    });
    let facts = here.filter_map(|step| scene.outcome_of(&step.id).ok().flatten());
    facts.collect()
}
