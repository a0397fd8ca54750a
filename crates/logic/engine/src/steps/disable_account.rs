//! Step: disable a password account that nothing runs as any more. It is never deleted.

use async_trait::async_trait;
use model::inventory::{Account, AccountClass};
use model::names::SamAccountName;
use model::ports::AccountControl;

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct DisableAccount {
    pub account: SamAccountName,
}

impl DisableAccount {
    async fn find(&self, scene: &Scene<'_>) -> Result<Account, StepError> {
        let found = scene.world.directory.account(&self.account).await?;
        let found = found.filter(|found| found.class == AccountClass::User);
        found.ok_or_else(|| StepError::missing(format!("there is no user {}", self.account)))
    }

    async fn set(&self, scene: &Scene<'_>, disabled: bool) -> Result<(), StepError> {
        let found = self.find(scene).await?;
        let directory = &scene.world.directory;
        let bit = AccountControl::Disabled;
        Ok(directory
            .set_account_control(&found.dn, bit, disabled)
            .await?)
    }
}

#[async_trait]
impl Step for DisableAccount {
    /// Whether it was enabled.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        Ok(self.find(scene).await?.enabled)
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &bool) -> Result<(), StepError> {
        self.set(scene, true).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.find(scene).await?.enabled {
            false => Check::Holds(format!("{} is disabled", self.account)),
            true => Check::Differs(format!("{} is enabled", self.account)),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &bool,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        match prior {
            true => self.set(scene, false).await,
            false => Ok(()), // It was disabled before us.
        }
    }
}
