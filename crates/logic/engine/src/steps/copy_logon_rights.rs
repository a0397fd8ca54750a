//! Step: give an account the log-on rights and denials on a host that another one has.

use std::sync::Arc;

use async_trait::async_trait;
use model::host::AccountRight;
use model::names::{HostName, SamAccountName};
use model::ports::Host;
use security::Sid;

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct CopyLogonRights {
    pub host: HostName,
    pub to: SamAccountName,
    pub rights: Vec<AccountRight>,
}

impl CopyLogonRights {
    /// The account as the directory has it: rights belong to SIDs, and the host need not know the account yet.
    async fn sid(&self, scene: &Scene<'_>) -> Result<Option<Sid>, StepError> {
        let account = scene.world.directory.account(&self.to).await?;
        Ok(account.map(|account| account.sid))
    }

    /// Those of the rights that it has.
    async fn held(
        &self,
        sid: &Sid,
        scene: &Scene<'_>,
    ) -> Result<(Arc<dyn Host>, Vec<AccountRight>), StepError> {
        let host = scene.world.host(&self.host).await?;
        let all = host.account_rights().await?.into_iter();
        let own = all.filter(|held| held.is_held_by(sid));
        let held = own.map(|held| held.right);
        let held = held.filter(|right| self.rights.contains(right)).collect();
        Ok((host, held))
    }
}

#[async_trait]
impl Step for CopyLogonRights {
    /// Those that it had already.
    type Prior = Vec<AccountRight>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<AccountRight>, StepError> {
        match self.sid(scene).await? {
            Some(sid) => Ok(self.held(&sid, scene).await?.1),
            None => Ok(Vec::new()), // An earlier step of this plan is to create it.
        }
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &Vec<AccountRight>) -> Result<(), StepError> {
        let sid = self.sid(scene).await?;
        let sid =
            sid.ok_or_else(|| StepError::missing(format!("there is no account {}", self.to)))?;
        let (host, held) = self.held(&sid, scene).await?;
        for right in self.rights.iter().filter(|right| !held.contains(right)) {
            host.grant_right(*right, &sid).await?;
        }
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let held = self.observe(scene).await?;
        let missing = self.rights.iter().filter(|right| !held.contains(right));
        let missing: Vec<_> = missing.map(ToString::to_string).collect();
        let to = &self.to;
        Ok(match missing.is_empty() {
            true => Check::Holds(format!("{to} has them on {}", self.host)),
            false => Check::Differs(format!(
                "{to} has not {} on {}",
                missing.join(", "),
                self.host
            )),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<AccountRight>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        let Some(sid) = self.sid(scene).await? else {
            return Ok(()); // Nothing was given to an account that is not there.
        };
        let (host, held) = self.held(&sid, scene).await?;
        for right in held.iter().filter(|right| !prior.contains(right)) {
            host.revoke_right(*right, &sid).await?;
        }
        Ok(())
    }
}
