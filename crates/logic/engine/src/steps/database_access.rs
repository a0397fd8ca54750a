//! Step: give an account what it lacks in a database.

use async_trait::async_trait;
use model::database::{DatabasePlace, Repair};
use model::names::LogonAccount;
use model::ports::ErrorKind;

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct GrantDatabaseAccess {
    pub place: DatabasePlace,
    pub account: LogonAccount,
    pub repairs: Vec<Repair>,
}

impl GrantDatabaseAccess {
    async fn lacking(&self, scene: &Scene<'_>) -> Result<Vec<Repair>, StepError> {
        let (databases, account) = (&scene.world.databases, self.account.to_string());
        let lacking = databases.lacking(&self.place, &account, &self.repairs);
        match lacking.await {
            Ok(lacking) => Ok(lacking),
            Err(error) if error.kind == ErrorKind::NotFound => Err(StepError::Waiting {
                why: error.to_string(),
                advice: Some(
                    "its domain controller must get the new account first (repadmin /syncall); then apply the plan again"
                        .to_owned(),
                ),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Step for GrantDatabaseAccess {
    /// What it lacked: all that undo may take back.
    type Prior = Vec<Repair>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<Repair>, StepError> {
        self.lacking(scene).await
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &Vec<Repair>) -> Result<(), StepError> {
        let lacking = self.lacking(scene).await?;
        if lacking.is_empty() {
            return Ok(());
        }
        let (databases, account) = (&scene.world.databases, self.account.to_string());
        Ok(databases.give(&self.place, &account, &lacking).await?)
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let lacking = self.lacking(scene).await?;
        if lacking.is_empty() {
            return Ok(Check::Holds(format!(
                "{} has what it needs in {}",
                self.account, self.place
            )));
        }
        let lacking: Vec<_> = lacking.iter().map(Repair::to_string).collect();
        Ok(Check::Differs(format!(
            "{} lacks in {}: {}",
            self.account,
            self.place,
            lacking.join(", ")
        )))
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<Repair>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        if prior.is_empty() {
            return Ok(());
        }
        let (databases, account) = (&scene.world.databases, self.account.to_string());
        Ok(databases.take_back(&self.place, &account, prior).await?)
    }
}
