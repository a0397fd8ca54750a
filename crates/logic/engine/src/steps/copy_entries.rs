//! Steps: let an account do what another one may, by the entries that name that one in an access list: of an object
//! of the directory, or of DCOM and WMI on a host.

mod on_host;
mod on_object;

use async_trait::async_trait;
use model::names::SamAccountName;
use security::{Ace, Sid};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) use on_host::HostList;
pub(crate) use on_object::DirectoryObject;

/// Something with an access list.
#[async_trait]
pub(crate) trait Guarded: Send + Sync {
    /// What it is called.
    fn name(&self) -> String;

    /// The entries that name the account itself, without those that are inherited; `None` where it is gone.
    async fn entries_of(&self, sid: &Sid, scene: &Scene<'_>)
    -> Result<Option<Vec<Ace>>, StepError>;

    /// Adds entries in the order that Windows wants; all others stay as they are.
    async fn add(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError>;

    /// Takes exactly these away.
    async fn take(&self, aces: &[Ace], scene: &Scene<'_>) -> Result<(), StepError>;
}

pub(crate) struct CopyEntries<T> {
    pub on: T,
    pub to: SamAccountName,
    /// The other account's entries.
    pub aces: Vec<Ace>,
}

impl<T: Guarded> CopyEntries<T> {
    async fn sid(&self, scene: &Scene<'_>) -> Result<Option<Sid>, StepError> {
        let account = scene.world.directory.account(&self.to).await?;
        Ok(account.map(|account| account.sid))
    }

    async fn entries(&self, sid: &Sid, scene: &Scene<'_>) -> Result<Vec<Ace>, StepError> {
        let entries = self.on.entries_of(sid, scene).await?;
        entries
            .ok_or_else(|| StepError::missing(format!("{} is not there any more", self.on.name())))
    }

    /// The entries as that account is to have them.
    fn wanted(&self, sid: Sid) -> Vec<Ace> {
        let aces = self.aces.iter();
        aces.filter_map(|ace| ace.for_trustee(sid)).collect()
    }
}

#[async_trait]
impl<T: Guarded> Step for CopyEntries<T> {
    /// The entries among them that it had already.
    type Prior = Vec<Ace>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<Ace>, StepError> {
        let Some(sid) = self.sid(scene).await? else {
            return Ok(Vec::new()); // An earlier step of this plan is to create it.
        };
        let had = self.entries(&sid, scene).await?;
        let wanted = self.wanted(sid).into_iter();
        Ok(wanted.filter(|ace| had.contains(ace)).collect())
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &Vec<Ace>) -> Result<(), StepError> {
        let sid = self.sid(scene).await?;
        let sid =
            sid.ok_or_else(|| StepError::missing(format!("there is no account {}", self.to)))?;
        let had = self.entries(&sid, scene).await?;
        let mut missing = self.wanted(sid);
        missing.retain(|ace| !had.contains(ace));
        match missing.is_empty() {
            true => Ok(()),
            false => self.on.add(&missing, scene).await,
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let (to, on) = (&self.to, self.on.name());
        let held = self.observe(scene).await?.len();
        Ok(match self.aces.len().saturating_sub(held) {
            0 => Check::Holds(format!("{to} has its entries on {on}")),
            missing => Check::Differs(format!("{to} lacks {missing} of its entries on {on}")),
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
        let Some(had) = self.on.entries_of(&sid, scene).await? else {
            return Ok(()); // It is gone, and our entries with it.
        };
        let mut ours = self.wanted(sid);
        ours.retain(|ace| had.contains(ace) && !prior.contains(ace));
        match ours.is_empty() {
            true => Ok(()),
            false => self.on.take(&ours, scene).await,
        }
    }
}
