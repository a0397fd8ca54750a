//! Steps: create a gMSA; let a group retrieve the password of one that exists.

use async_trait::async_trait;
use model::inventory::{Account, Gmsa, Group};
use model::names::{Dn, DnsName, GmsaName, SamAccountName};
use model::ports::{CreatedObject, NewGmsa};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct CreateGmsa {
    pub gmsa: GmsaName,
    pub dns_host_name: DnsName,
    pub interval_days: u32,
    pub retrieval_group: SamAccountName,
    pub container: Option<Dn>,
}

#[async_trait]
impl Step for CreateGmsa {
    type Prior = Option<Account>;
    type Outcome = Option<CreatedObject>;

    async fn observe(&self, scene: &Scene<'_>) -> Result<Option<Account>, StepError> {
        Ok(scene
            .world
            .directory
            .account(&self.gmsa.sam_account_name())
            .await?)
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        prior: &Option<Account>,
    ) -> Result<Option<CreatedObject>, StepError> {
        if prior.is_some() {
            return Ok(None); // It was there before us.
        }
        if let Some(account) = self.observe(scene).await? {
            // Ours: it was not there when this step began, and a lost answer made us come back.
            return Ok(Some(CreatedObject {
                dn: account.dn,
                guid: account.guid,
                sid: account.sid,
            }));
        }
        let group = group(scene, &self.retrieval_group).await?;
        let gmsa = NewGmsa {
            name: self.gmsa.clone(),
            dns_host_name: self.dns_host_name.clone(),
            interval_days: self.interval_days,
            retrieval_principals: vec![group.sid],
            container: self.container.clone(),
            description: String::new(),
        };
        Ok(Some(scene.world.directory.create_gmsa(&gmsa).await?))
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let name = self.gmsa.sam_account_name();
        let Some(gmsa) = scene.world.directory.gmsa(&name).await? else {
            return Ok(Check::Differs(format!("there is no gMSA {name}")));
        };
        if !gmsa.account.enabled {
            return Ok(Check::Differs(format!("{name} is disabled")));
        }
        let Some(group) = scene.world.directory.group(&self.retrieval_group).await? else {
            return Ok(Check::Differs(format!(
                "its retrieval group {} does not exist",
                self.retrieval_group
            )));
        };
        Ok(if gmsa.retrieval_principals.contains(&group.sid) {
            Check::Holds(format!("{} ({})", gmsa.account.dn, gmsa.account.sid))
        } else {
            Check::Differs(format!(
                "{} may not retrieve its password",
                self.retrieval_group
            ))
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Option<Account>,
        outcome: Option<&Option<CreatedObject>>,
    ) -> Result<(), StepError> {
        let Some(account) = self.observe(scene).await? else {
            return Ok(());
        };
        let another = outcome
            .and_then(Option::as_ref)
            .is_some_and(|created| created.guid != account.guid);
        if prior.is_some() || another {
            return Ok(()); // Not the one that we made.
        }
        Ok(scene.world.directory.delete(&account.guid).await?)
    }
}

pub(crate) struct AllowRetrieval {
    pub gmsa: GmsaName,
    pub group: SamAccountName,
}

impl AllowRetrieval {
    async fn both(&self, scene: &Scene<'_>) -> Result<(Gmsa, Group), StepError> {
        let name = self.gmsa.sam_account_name();
        let gmsa = scene
            .world
            .directory
            .gmsa(&name)
            .await?
            .ok_or_else(|| StepError::missing(format!("there is no gMSA {name}")))?;
        Ok((gmsa, group(scene, &self.group).await?))
    }
}

#[async_trait]
impl Step for AllowRetrieval {
    /// Whether the group was in the list.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let name = self.gmsa.sam_account_name();
        // A group that an earlier step of this plan is to create cannot be in the list yet.
        let group = scene.world.directory.group(&self.group).await?;
        let gmsa = scene.world.directory.gmsa(&name).await?;
        Ok(gmsa
            .zip(group)
            .is_some_and(|(gmsa, group)| gmsa.retrieval_principals.contains(&group.sid)))
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &bool) -> Result<(), StepError> {
        let (gmsa, group) = self.both(scene).await?;
        Ok(scene
            .world
            .directory
            .allow_retrieval(&gmsa.account.dn, &group.sid)
            .await?)
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(if self.observe(scene).await? {
            Check::Holds(format!(
                "{} may retrieve the password of {}",
                self.group, self.gmsa
            ))
        } else {
            Check::Differs(format!(
                "{} may not retrieve the password of {}",
                self.group, self.gmsa
            ))
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &bool,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        if *prior || !self.observe(scene).await? {
            return Ok(());
        }
        // Take back only our own entry: others may have edited the list since.
        let (gmsa, group) = self.both(scene).await?;
        Ok(scene
            .world
            .directory
            .revoke_retrieval(&gmsa.account.dn, &group.sid)
            .await?)
    }
}

async fn group(scene: &Scene<'_>, name: &SamAccountName) -> Result<Group, StepError> {
    let group = scene.world.directory.group(name).await?;
    group.ok_or_else(|| StepError::missing(format!("there is no group {name}")))
}
