//! Steps around the sealed copy of a key set: make it, and remove the exported file when nothing needs that any more.
//!
//! The host encrypts; the plain content never leaves it. Whoever has the identity can bring the file back, gmsactl
//! cannot: a way back after the removal is refused by the gate that holds the file, before anything is touched.

use async_trait::async_trait;
use model::host::Recipient;
use model::names::{HostName, StepId};
use model::plan::Action;
use model::ports::{FileFacts, SealedFacts};

use crate::step::{Check, Scene, Step, StepError, StepWithoutPrior};

use super::key_set::same_file;

pub(crate) struct SealKeySet {
    pub host: HostName,
    pub file: String,
    pub sealed: String,
    pub exported_by: StepId,
    pub recipients: Vec<Recipient>,
}

#[async_trait]
impl Step for SealKeySet {
    /// What was in the copy's place.
    type Prior = Option<FileFacts>;
    type Outcome = SealedFacts;

    async fn observe(&self, scene: &Scene<'_>) -> Result<Option<FileFacts>, StepError> {
        let host = scene.world.host(&self.host).await?;
        Ok(host.file(&self.sealed).await?)
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        prior: &Option<FileFacts>,
    ) -> Result<SealedFacts, StepError> {
        if prior.is_some() {
            return Err(StepError::refused(
                format!("{} is there already on {}", self.sealed, self.host),
                "it may be the only copy of a key set: move it to a safe place, or name another file as key-set",
            ));
        }
        let exported = recorded::<FileFacts>(scene, &self.exported_by)?;
        let host = scene.world.host(&self.host).await?;
        host.delete_file(&self.sealed).await?; // Left by an attempt that was cut off: it was not there before us.
        let made = host
            .seal_file(&self.file, &self.sealed, &self.recipients)
            .await?;
        if made.plain == exported {
            return Ok(made);
        }
        host.delete_file(&self.sealed).await?;
        Err(StepError::refused(
            format!(
                "{} on {} is not the exported file any more: SHA-256 {}",
                self.file, self.host, made.plain.sha256
            ),
            "somebody changed it since it was exported: begin again",
        ))
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        match scene.outcome_of::<SealedFacts>(scene.step)? {
            Some(made) => same_file(scene, &self.host, &self.sealed, &made.sealed).await,
            None => Ok(Check::CannotTell(
                "whether the copy was whole is not recorded".to_owned(),
            )),
        }
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Option<FileFacts>,
        outcome: Option<&SealedFacts>,
    ) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        let now = host.file(&self.sealed).await?;
        let ours = outcome.is_none() || now.as_ref() == outcome.map(|made| &made.sealed);
        if prior.is_none() && now.is_some() && ours {
            host.delete_file(&self.sealed).await?;
        }
        Ok(())
    }
}

pub(crate) struct RemoveKeySet {
    pub host: HostName,
    pub file: String,
    pub exported_by: StepId,
    pub sealed: String,
    pub sealed_by: StepId,
}

/// Everything else is done by then: what stands in its way is waited for, never a reason to turn the run back.
#[async_trait]
impl StepWithoutPrior for RemoveKeySet {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        if host.file(&self.file).await?.is_none() {
            return Ok(());
        }
        let exported = recorded::<FileFacts>(scene, &self.exported_by)?;
        let made = recorded::<SealedFacts>(scene, &self.sealed_by)?;
        for (file, facts) in [(&self.file, &exported), (&self.sealed, &made.sealed)] {
            if let Check::Differs(why) = same_file(scene, &self.host, file, facts).await? {
                return Err(StepError::Waiting {
                    why,
                    advice: Some(format!(
                        "put it back; or, if the sealed copy is safe elsewhere, delete {} yourself; then apply the same \
                         plan again",
                        self.file
                    )),
                });
            }
        }
        match host.delete_file(&self.file).await {
            Err(error) if !error.ambiguous => Err(StepError::Waiting {
                why: error.to_string(),
                advice: Some(format!(
                    "everything else is done: see who holds {}, then apply the same plan again",
                    self.file
                )),
            }),
            result => Ok(result?),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let host = scene.world.host(&self.host).await?;
        Ok(match host.file(&self.file).await? {
            None => Check::Holds(format!("{} is not there", self.file)),
            Some(_) => Check::Differs(format!(
                "{} is there, and readable without the identity",
                self.file
            )),
        })
    }
}

/// The sealed copy in place of an exported file that this run removed, or was about to.
pub(crate) fn sealed_instead(scene: &Scene<'_>, exported_by: &StepId) -> Option<String> {
    let steps = scene.history.plan.steps.iter();
    let mut removed = steps.filter(|step| scene.history.state(&step.id).may_have_changed());
    removed.find_map(|step| match &step.action {
        Action::RemoveKeySet {
            exported_by: of,
            sealed,
            ..
        } if of == exported_by => Some(sealed.clone()),
        _ => None,
    })
}

fn recorded<T: serde::de::DeserializeOwned>(
    scene: &Scene<'_>,
    step: &StepId,
) -> Result<T, StepError> {
    scene.outcome_of(step)?.ok_or_else(|| StepError::Record {
        step: step.to_string(),
        why: "it does not say what it made".to_owned(),
    })
}
