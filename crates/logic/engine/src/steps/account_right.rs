//! Step: grant an account a right on a host, such as to log on as a service.

use async_trait::async_trait;
use model::host::{AccountRight, RightHolders};
use model::names::{HostName, LogonAccount};
use model::ports::Host;
use security::Sid;

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct GrantRight {
    pub host: HostName,
    pub account: LogonAccount,
    pub right: AccountRight,
}

impl GrantRight {
    /// The account's SID as the host sees it: its domain controller may not know a new account yet.
    async fn sid(&self, host: &dyn Host) -> Result<Option<Sid>, StepError> {
        Ok(host.account_sid(&self.account).await?)
    }

    async fn holders(&self, host: &dyn Host) -> Result<RightHolders, StepError> {
        let all = host.account_rights().await?;
        let found = all.into_iter().find(|held| held.right == self.right);
        found.ok_or_else(|| {
            StepError::missing(format!(
                "{} does not tell who has {}",
                self.host, self.right
            ))
        })
    }

    /// A policy that defines the right takes a local grant back with its next refresh: then, some day, the service does
    /// not start any more.
    fn no_policy_against(&self, holders: &RightHolders, sid: &Sid) -> Result<(), StepError> {
        let name = self.account.to_string();
        let Some(policy) = holders.policies_without(sid, Some(&name)).next() else {
            return Ok(());
        };
        Err(StepError::refused(
            format!(
                "a group policy defines {} on {} and does not name {name} ({})",
                self.right, self.host, policy.template
            ),
            format!(
                "add {name} to that right in the policy (gpresult /h on the host names the policy), gpupdate /force on \
                 {}, then plan again",
                self.host
            ),
        ))
    }
}

#[async_trait]
impl Step for GrantRight {
    /// Whether the account itself had it.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let host = scene.world.host(&self.host).await?;
        let Some(sid) = self.sid(host.as_ref()).await? else {
            return Ok(false);
        };
        Ok(self.holders(host.as_ref()).await?.is_held_by(&sid))
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &bool) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        let Some(sid) = self.sid(host.as_ref()).await? else {
            return Err(StepError::Waiting {
                why: format!("{} does not know {} yet", self.host, self.account),
                advice: Some(
                    "its domain controller must get the new account first (repadmin /syncall); then apply the plan again"
                        .to_owned(),
                ),
            });
        };
        self.no_policy_against(&self.holders(host.as_ref()).await?, &sid)?;
        host.grant_right(self.right, &sid).await?;
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.observe(scene).await? {
            true => Check::Holds(format!("{} has {}", self.account, self.right)),
            false => Check::Differs(format!("{} has no {}", self.account, self.right)),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &bool,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        if *prior {
            return Ok(()); // It had it before us.
        }
        let host = scene.world.host(&self.host).await?;
        if let Some(sid) = self.sid(host.as_ref()).await? {
            host.revoke_right(self.right, &sid).await?;
        }
        Ok(())
    }
}
