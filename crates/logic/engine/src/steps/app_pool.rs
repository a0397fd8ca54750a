//! Steps: stop an application pool, set whom it runs as, start it again.

use std::time::Duration;

use async_trait::async_trait;
use model::host::{AppPool, PoolControl, PoolIdentity, PoolName, PoolState};
use model::names::{HostName, LogonAccount, StepId};
use model::ports::Host;

use super::logon_account::{is_managed, needs_password};
use crate::step::{Check, Scene, Step, StepError, StepWithoutPrior};

/// Worker processes finish what they are answering first.
const PATIENCE: Duration = Duration::from_secs(90);

/// A pool on a host.
pub(crate) struct Pool {
    pub host: HostName,
    pub pool: String,
}

impl Pool {
    fn name(&self) -> Result<PoolName, StepError> {
        PoolName::parse(self.pool.as_str())
            .map_err(|error| StepError::refused(error.to_string(), "plan again"))
    }

    async fn found(&self, host: &dyn Host) -> Result<AppPool, StepError> {
        let name = self.name()?;
        let pools = host.app_pools().await?.unwrap_or_default();
        let found = pools.into_iter().find(|pool| pool.name == name);
        found.ok_or_else(|| {
            StepError::missing(format!(
                "there is no application pool {} on {}",
                self.pool, self.host
            ))
        })
    }

    pub async fn control(&self, scene: &Scene<'_>, control: PoolControl) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        host.control_pool(&self.name()?, control, PATIENCE).await?;
        Ok(())
    }
}

pub(crate) struct StopAppPool(pub Pool);

#[async_trait]
impl Step for StopAppPool {
    /// What it did before.
    type Prior = PoolState;
    type Outcome = ();

    fn lasts(&self) -> bool {
        false // The start step ends it.
    }

    async fn observe(&self, scene: &Scene<'_>) -> Result<PoolState, StepError> {
        let host = scene.world.host(&self.0.host).await?;
        Ok(self.0.found(host.as_ref()).await?.state)
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &PoolState) -> Result<(), StepError> {
        self.0.control(scene, PoolControl::Stop).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.observe(scene).await? {
            PoolState::Stopped => Check::Holds(format!("{} is stopped", self.0.pool)),
            state => Check::Differs(format!("{} is {state:?}", self.0.pool)),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &PoolState,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        match prior {
            PoolState::Started | PoolState::Starting => {
                self.0.control(scene, PoolControl::Start).await
            }
            _ => Ok(()),
        }
    }
}

pub(crate) struct SetPoolAccount {
    pub pool: Pool,
    pub from: LogonAccount,
    pub to: LogonAccount,
}

impl SetPoolAccount {
    async fn set(&self, scene: &Scene<'_>, account: &LogonAccount) -> Result<(), StepError> {
        let host = scene.world.host(&self.pool.host).await?;
        let user = account.to_string();
        let identity =
            PoolIdentity::from_configuration("SpecificUser", &user).ok_or_else(|| {
                StepError::refused(
                    format!("{user} cannot be the account of an application pool"),
                    "plan again",
                )
            })?;
        let password = match is_managed(account) {
            true => None,
            false => scene.world.secrets.password(account),
        };
        Ok(host
            .set_pool_identity(&self.pool.name()?, &identity, password)
            .await?)
    }
}

#[async_trait]
impl Step for SetPoolAccount {
    /// Whom it ran as.
    type Prior = LogonAccount;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<LogonAccount, StepError> {
        let host = scene.world.host(&self.pool.host).await?;
        let pool = self.pool.found(host.as_ref()).await?;
        Ok(LogonAccount::from(pool.identity.to_string()))
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &LogonAccount) -> Result<(), StepError> {
        if !prior.same_as(&self.from) && !prior.same_as(&self.to) {
            return Err(StepError::refused(
                format!(
                    "{} runs as {prior}, the plan expects {}",
                    self.pool.pool, self.from
                ),
                "somebody changed it since the plan was made: plan again",
            ));
        }
        self.set(scene, &self.to).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let now = self.observe(scene).await?;
        let seen = format!("{} runs as {now}", self.pool.pool);
        Ok(match now.same_as(&self.to) {
            true => Check::Holds(seen),
            false => Check::Differs(seen),
        })
    }

    async fn can_undo(&self, scene: &Scene<'_>, prior: &LogonAccount) -> Result<(), StepError> {
        let now = self.observe(scene).await?;
        if now.same_as(prior) {
            return Ok(());
        }
        if !now.same_as(&self.to) {
            return Err(StepError::refused(
                format!(
                    "{} runs as {now}, which is neither the gMSA nor the account before",
                    self.pool.pool
                ),
                "somebody changed it after the conversion: set it by hand to what it should be, then repeat the command",
            ));
        }
        needs_password(scene, prior, &self.pool.pool)
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &LogonAccount,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        Step::can_undo(self, scene, prior).await?;
        match self.observe(scene).await?.same_as(prior) {
            true => Ok(()), // Name and password are set together.
            false => self.set(scene, prior).await,
        }
    }
}

/// What it did before stands in the record of the step that stopped it.
pub(crate) struct StartAppPool {
    pub pool: Pool,
    pub stopped_by: StepId,
}

#[async_trait]
impl StepWithoutPrior for StartAppPool {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        match scene.prior_of::<PoolState>(&self.stopped_by)? {
            Some(PoolState::Started | PoolState::Starting) => {
                self.pool.control(scene, PoolControl::Start).await
            }
            _ => Ok(()),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let host = scene.world.host(&self.pool.host).await?;
        let pool = self.pool.found(host.as_ref()).await?;
        let seen = format!("{} is {:?} as {}", pool.name, pool.state, pool.identity);
        Ok(match pool.state {
            PoolState::Started => Check::Holds(seen),
            _ => Check::Differs(seen),
        })
    }

    async fn undo(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        self.pool.control(scene, PoolControl::Stop).await
    }
}
