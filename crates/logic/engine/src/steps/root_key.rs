//! Gate: a KDS root key is usable on every domain controller.

use async_trait::async_trait;
use model::inventory::RootKeyFacts;
use model::names::DnsName;
use security::FileTime;

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct AwaitRootKey;

#[async_trait]
impl Step for AwaitRootKey {
    type Prior = ();
    type Outcome = ();

    async fn observe(&self, _scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(())
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &()) -> Result<(), StepError> {
        let keys = scene.world.directory.root_keys().await?;
        match usable_from(&keys) {
            Some(from) if from <= scene.world.clock.now() => Ok(()),
            Some(from) => Err(StepError::Waiting {
                why: format!("no KDS root key is usable before {from}"),
                advice: Some(format!(
                    "apply the plan again after {from}: it goes on from here"
                )),
            }),
            None => Err(StepError::refused(
                "there is no KDS root key that domain controllers can use",
                "create one (Add-KdsRootKey) and wait 10 hours",
            )),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let keys = scene.world.directory.root_keys().await?;
        Ok(match usable_from(&keys) {
            Some(from) if from <= scene.world.clock.now() => {
                Check::Holds(format!("usable since {from}"))
            }
            Some(from) => Check::Differs(format!("usable from {from} on")),
            None => Check::Differs("no KDS root key".to_owned()),
        })
    }

    async fn undo(
        &self,
        _scene: &Scene<'_>,
        _prior: &(),
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        Ok(())
    }
}

/// The earliest time at which some sound key is usable on every domain controller that was asked.
fn usable_from(keys: &[RootKeyFacts]) -> Option<FileTime> {
    let mut controllers: Vec<_> = keys.iter().map(|key| &key.domain_controller).collect();
    controllers.sort();
    controllers.dedup();
    let earliest_on = |controller: &DnsName| {
        keys.iter()
            .filter(|key| key.defect.is_none() && key.domain_controller == *controller)
            .map(|key| key.usable_from)
            .min()
    };
    controllers
        .into_iter()
        .map(earliest_on)
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}
