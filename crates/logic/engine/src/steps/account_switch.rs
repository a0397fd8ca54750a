//! What the steps share that change an account by other means than by setting it: whose account it is, and the way back.
//!
//! The way back is always the direct one: it needs the old account's password and nothing of the product.

use model::host::PoolControl;
use model::names::{HostName, LogonAccount};
use model::plan::PlannedCarrier;
use serde::{Deserialize, Serialize};

use super::app_pool::{Pool, SetPoolAccount};
use super::logon_account::{PriorLogon, SetLogonAccount};
use super::service;
use crate::step::{Check, Scene, Step, StepError};

/// Whose account changes from what to what.
pub(crate) enum AccountSwitch {
    Service(SetLogonAccount),
    Pool(SetPoolAccount),
}

/// Whom it ran as.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PriorAccount {
    Service(PriorLogon),
    Pool(LogonAccount),
}

impl PriorAccount {
    pub fn account(&self) -> &LogonAccount {
        match self {
            Self::Service(prior) => prior.account(),
            Self::Pool(account) => account,
        }
    }
}

impl AccountSwitch {
    pub fn of(
        host: HostName,
        carrier: PlannedCarrier,
        from: LogonAccount,
        to: LogonAccount,
    ) -> Self {
        match carrier {
            PlannedCarrier::Service(service) => Self::Service(SetLogonAccount {
                host,
                service,
                from,
                to,
            }),
            PlannedCarrier::Pool(pool) => Self::Pool(SetPoolAccount {
                pool: Pool { host, pool },
                from,
                to,
            }),
        }
    }

    pub fn host(&self) -> &HostName {
        match self {
            Self::Service(step) => &step.host,
            Self::Pool(step) => &step.pool.host,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Service(step) => step.service.as_str(),
            Self::Pool(step) => &step.pool.pool,
        }
    }

    /// The account before, as the plan has it.
    pub fn from(&self) -> &LogonAccount {
        match self {
            Self::Service(step) => &step.from,
            Self::Pool(step) => &step.from,
        }
    }

    /// The gMSA.
    pub fn to(&self) -> &LogonAccount {
        match self {
            Self::Service(step) => &step.to,
            Self::Pool(step) => &step.to,
        }
    }

    pub async fn observe(&self, scene: &Scene<'_>) -> Result<PriorAccount, StepError> {
        Ok(match self {
            Self::Service(step) => PriorAccount::Service(Step::observe(step, scene).await?),
            Self::Pool(step) => PriorAccount::Pool(Step::observe(step, scene).await?),
        })
    }

    /// The managed-account flag, which setup may leave as it was.
    pub async fn complete(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        if let Self::Service(step) = self {
            let host = scene.world.host(&step.host).await?;
            host.set_managed_account(&step.service, true).await?;
        }
        Ok(())
    }

    pub async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        match self {
            Self::Service(step) => Step::check(step, scene).await,
            Self::Pool(step) => Step::check(step, scene).await,
        }
    }

    pub async fn can_undo(&self, scene: &Scene<'_>, prior: &PriorAccount) -> Result<(), StepError> {
        match (self, prior) {
            (Self::Service(step), PriorAccount::Service(prior)) => {
                Step::can_undo(step, scene, prior).await
            }
            (Self::Pool(step), PriorAccount::Pool(prior)) => {
                Step::can_undo(step, scene, prior).await
            }
            _ => Err(other_kind(scene)),
        }
    }

    /// Setup may have started what it changed: it is stopped first, and the step that had stopped it before starts it
    /// again.
    pub async fn undo(&self, scene: &Scene<'_>, prior: &PriorAccount) -> Result<(), StepError> {
        self.can_undo(scene, prior).await?;
        if !self
            .observe(scene)
            .await?
            .account()
            .same_as(prior.account())
        {
            self.stop(scene).await?;
        }
        match (self, prior) {
            (Self::Service(step), PriorAccount::Service(prior)) => {
                Step::undo(step, scene, prior, None).await
            }
            (Self::Pool(step), PriorAccount::Pool(prior)) => {
                Step::undo(step, scene, prior, None).await
            }
            _ => Err(other_kind(scene)),
        }
    }

    async fn stop(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        match self {
            Self::Service(step) => {
                let host = scene.world.host(&step.host).await?;
                host.stop_service(&step.service, service::PATIENCE).await?;
                Ok(())
            }
            Self::Pool(step) => step.pool.control(scene, PoolControl::Stop).await,
        }
    }
}

fn other_kind(scene: &Scene<'_>) -> StepError {
    StepError::Record {
        step: scene.step.to_string(),
        why: "service and application pool are mixed up".to_owned(),
    }
}
