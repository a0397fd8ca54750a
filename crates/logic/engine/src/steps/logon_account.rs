//! Step: set a service's logon account to a gMSA, with a NULL password and the managed-account flag.

use async_trait::async_trait;
use model::names::{HostName, LogonAccount, ServiceName};
use serde::{Deserialize, Serialize};

use super::service::installed;
use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct SetLogonAccount {
    pub host: HostName,
    pub service: ServiceName,
    pub from: LogonAccount,
    pub to: LogonAccount,
}

/// What the service control manager had.
#[derive(Serialize, Deserialize)]
pub(crate) struct PriorLogon {
    account: LogonAccount,
    managed: Option<bool>,
}

impl PriorLogon {
    pub fn account(&self) -> &LogonAccount {
        &self.account
    }
}

#[async_trait]
impl Step for SetLogonAccount {
    type Prior = PriorLogon;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<PriorLogon, StepError> {
        let host = scene.world.host(&self.host).await?;
        let service = installed(host.as_ref(), &self.host, &self.service).await?;
        Ok(PriorLogon {
            account: service.logon_account,
            managed: service.managed_account,
        })
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &PriorLogon) -> Result<(), StepError> {
        if !prior.account.same_as(&self.from) && !prior.account.same_as(&self.to) {
            return Err(StepError::refused(
                format!(
                    "{} runs as {}, the plan expects {}",
                    self.service, prior.account, self.from
                ),
                "somebody changed it since the plan was made: plan again",
            ));
        }
        let host = scene.world.host(&self.host).await?;
        host.set_logon_account(&self.service, &self.to, None)
            .await?;
        Ok(host.set_managed_account(&self.service, true).await?)
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let now = self.observe(scene).await?;
        if !now.account.same_as(&self.to) {
            return Ok(Check::Differs(format!(
                "{} runs as {}",
                self.service, now.account
            )));
        }
        Ok(match now.managed {
            Some(true) => Check::Holds(format!(
                "{} runs as {}, managed-account flag set",
                self.service, now.account
            )),
            Some(false) => Check::Differs(format!(
                "the managed-account flag of {} is not set",
                self.service
            )),
            None => Check::Differs(format!(
                "the managed-account flag of {} cannot be read",
                self.service
            )),
        })
    }

    async fn can_undo(&self, scene: &Scene<'_>, prior: &PriorLogon) -> Result<(), StepError> {
        let now = self.observe(scene).await?;
        if now.account.same_as(&prior.account) {
            return Ok(());
        }
        if !now.account.same_as(&self.to) {
            return Err(StepError::refused(
                format!(
                    "{} runs as {}, which is neither the gMSA nor the account before",
                    self.service, now.account
                ),
                "somebody changed it after the conversion: set it by hand to what it should be, then repeat the command",
            ));
        }
        needs_password(scene, &prior.account, self.service.as_str())
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &PriorLogon,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        Step::can_undo(self, scene, prior).await?;
        let now = self.observe(scene).await?;
        let host = scene.world.host(&self.host).await?;
        if !now.account.same_as(&prior.account) {
            let password = scene.world.secrets.password(&prior.account);
            host.set_logon_account(&self.service, &prior.account, password)
                .await?;
        }
        Ok(host
            .set_managed_account(&self.service, prior.managed.unwrap_or(false))
            .await?)
    }
}

/// Refuses where an account's password is needed to give something its account back, and nobody supplied it.
pub(super) fn needs_password(
    scene: &Scene<'_>,
    account: &LogonAccount,
    whose: &str,
) -> Result<(), StepError> {
    if is_managed(account) || scene.world.secrets.password(account).is_some() {
        return Ok(());
    }
    Err(StepError::refused(
        format!("the password of {account} is needed to give {whose} its account back"),
        "name its source under [[credential]] in estate.toml, then repeat the command",
    ))
}

/// A name that ends in `$` is a managed account here: its password is Windows' business.
pub(super) fn is_managed(account: &LogonAccount) -> bool {
    matches!(account, LogonAccount::Domain { name, .. } if name.as_str().ends_with('$'))
}
