//! Steps: create a group; add a computer to it.

use async_trait::async_trait;
use model::inventory::Group;
use model::names::{Dn, SamAccountName};
use model::ports::{CreatedObject, ErrorKind, NewGroup};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct CreateGroup {
    pub group: SamAccountName,
    pub container: Option<Dn>,
}

#[async_trait]
impl Step for CreateGroup {
    type Prior = Option<Group>;
    type Outcome = Option<CreatedObject>;

    async fn observe(&self, scene: &Scene<'_>) -> Result<Option<Group>, StepError> {
        Ok(scene.world.directory.group(&self.group).await?)
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        prior: &Option<Group>,
    ) -> Result<Option<CreatedObject>, StepError> {
        if prior.is_some() {
            return Ok(None); // It was there before us.
        }
        if let Some(group) = self.observe(scene).await? {
            // Ours: it was not there when this step began, and a lost answer made us come back.
            return Ok(Some(CreatedObject {
                dn: group.dn,
                guid: group.guid,
                sid: group.sid,
            }));
        }
        let group = NewGroup {
            name: self.group.clone(),
            container: self.container.clone(),
            description: "Hosts that may retrieve the managed password of a gMSA".to_owned(),
        };
        Ok(Some(scene.world.directory.create_group(&group).await?))
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.observe(scene).await? {
            Some(group) => Check::Holds(format!("{} ({})", group.dn, group.sid)),
            None => Check::Differs(format!("there is no group {}", self.group)),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Option<Group>,
        outcome: Option<&Option<CreatedObject>>,
    ) -> Result<(), StepError> {
        let Some(group) = self.observe(scene).await? else {
            return Ok(());
        };
        let another = outcome
            .and_then(Option::as_ref)
            .is_some_and(|created| created.guid != group.guid);
        if prior.is_some() || another {
            return Ok(()); // Not the one that we made.
        }
        if !group.members.is_empty() {
            let members: Vec<_> = group.members.iter().map(Dn::as_str).collect();
            return Err(StepError::refused(
                format!(
                    "group {} got members that are not ours: {}",
                    self.group,
                    members.join("; ")
                ),
                "decide whether they still need the group; remove them from it, then repeat the command",
            ));
        }
        Ok(scene.world.directory.delete(&group.guid).await?)
    }
}

pub(crate) struct AddMember {
    pub group: SamAccountName,
    pub member: SamAccountName,
}

impl AddMember {
    async fn dns(&self, scene: &Scene<'_>) -> Result<(Group, Dn), StepError> {
        let directory = &scene.world.directory;
        let group = directory
            .group(&self.group)
            .await?
            .ok_or_else(|| StepError::missing(format!("there is no group {}", self.group)))?;
        let member = directory
            .account(&self.member)
            .await?
            .ok_or_else(|| StepError::missing(format!("there is no account {}", self.member)))?;
        Ok((group, member.dn))
    }
}

#[async_trait]
impl Step for AddMember {
    /// Whether it was a member.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let (group, member) = self.dns(scene).await?;
        Ok(holds(&group, &member))
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &bool) -> Result<(), StepError> {
        let (group, member) = self.dns(scene).await?;
        Ok(scene.world.directory.add_member(&group.dn, &member).await?)
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match self.observe(scene).await {
            Ok(true) => Check::Holds(format!("{} is a member of {}", self.member, self.group)),
            Ok(false) => {
                Check::Differs(format!("{} is not a member of {}", self.member, self.group))
            }
            Err(StepError::World(error)) if error.kind == ErrorKind::NotFound => {
                Check::Differs(error.what)
            }
            Err(error) => return Err(error),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &bool,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        if *prior {
            return Ok(()); // It was a member before us.
        }
        match self.dns(scene).await {
            Ok((group, member)) => Ok(scene
                .world
                .directory
                .remove_member(&group.dn, &member)
                .await?),
            Err(StepError::World(error)) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn holds(group: &Group, member: &Dn) -> bool {
    group
        .members
        .iter()
        .any(|dn| dn.as_str().eq_ignore_ascii_case(member.as_str()))
}
