//! Step: let an account do to an object of the directory what another one may.

use async_trait::async_trait;
use model::names::{Dn, SamAccountName};
use model::ports::ErrorKind;
use security::{Ace, Sid};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct CopyDirectoryRights {
    pub object: Dn,
    pub to: SamAccountName,
    /// The other account's entries.
    pub aces: Vec<Ace>,
}

impl CopyDirectoryRights {
    async fn sid(&self, scene: &Scene<'_>) -> Result<Option<Sid>, StepError> {
        let account = scene.world.directory.account(&self.to).await?;
        Ok(account.map(|account| account.sid))
    }

    /// The entries as that account is to have them.
    fn wanted(&self, sid: Sid) -> Vec<Ace> {
        let aces = self.aces.iter();
        aces.filter_map(|ace| ace.for_trustee(sid)).collect()
    }
}

#[async_trait]
impl Step for CopyDirectoryRights {
    /// The entries among them that it had already.
    type Prior = Vec<Ace>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<Ace>, StepError> {
        let Some(sid) = self.sid(scene).await? else {
            return Ok(Vec::new()); // An earlier step of this plan is to create it.
        };
        let had = scene.world.directory.rights_on(&self.object, &sid).await?;
        let wanted = self.wanted(sid).into_iter();
        Ok(wanted.filter(|ace| had.contains(ace)).collect())
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &Vec<Ace>) -> Result<(), StepError> {
        let sid = self.sid(scene).await?;
        let sid =
            sid.ok_or_else(|| StepError::missing(format!("there is no account {}", self.to)))?;
        let directory = &scene.world.directory;
        let had = directory.rights_on(&self.object, &sid).await?;
        let mut missing = self.wanted(sid);
        missing.retain(|ace| !had.contains(ace));
        match missing.is_empty() {
            true => Ok(()),
            false => Ok(directory.add_rights(&self.object, &missing).await?),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let (to, object) = (&self.to, &self.object);
        let held = self.observe(scene).await?.len();
        Ok(match self.aces.len().saturating_sub(held) {
            0 => Check::Holds(format!("{to} has its entries on {object}")),
            missing => Check::Differs(format!("{to} lacks {missing} of its entries on {object}")),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<Ace>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        let Some(sid) = self.sid(scene).await? else {
            return Ok(()); // Nothing was written for an account that is not there.
        };
        let directory = &scene.world.directory;
        let had = match directory.rights_on(&self.object, &sid).await {
            // The object is gone, and our entries with it.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            had => had?,
        };
        let mut ours = self.wanted(sid);
        ours.retain(|ace| had.contains(ace) && !prior.contains(ace));
        match ours.is_empty() {
            true => Ok(()),
            false => Ok(directory.take_rights(&self.object, &ours).await?),
        }
    }
}
