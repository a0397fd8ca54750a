//! Step: move an SPN from the old account to the gMSA, one journaled pair.

use async_trait::async_trait;
use model::inventory::Account;
use model::names::{Dn, SamAccountName, Spn};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct MoveSpn {
    pub spn: Spn,
    pub from: SamAccountName,
    pub to: SamAccountName,
    /// NetBIOS name of the domain, for messages.
    pub domain: String,
}

impl MoveSpn {
    async fn dn(&self, scene: &Scene<'_>, name: &SamAccountName) -> Result<Dn, StepError> {
        let account = scene.world.directory.account(name).await?;
        let account = account.ok_or_else(|| {
            StepError::missing(format!(
                "there is no account {}\\{name} for {}",
                self.domain, self.spn
            ))
        })?;
        Ok(account.dn)
    }

    async fn holders(&self, scene: &Scene<'_>) -> Result<Vec<SamAccountName>, StepError> {
        let holders = scene.world.directory.spn_holders(&self.spn).await?;
        Ok(holders
            .into_iter()
            .map(|Account { name, .. }| name)
            .collect())
    }

    /// Uniqueness forces the order: remove, then add. A failure between the two is undone like any other.
    async fn carry(
        &self,
        scene: &Scene<'_>,
        from: &SamAccountName,
        to: &SamAccountName,
    ) -> Result<(), StepError> {
        let directory = &scene.world.directory;
        let (from, to) = (self.dn(scene, from).await?, self.dn(scene, to).await?);
        directory.remove_spn(&from, &self.spn).await?;
        Ok(directory.add_spn(&to, &self.spn).await?)
    }

    fn is_third(&self, name: &SamAccountName) -> bool {
        !name.same_as(&self.from) && !name.same_as(&self.to)
    }
}

#[async_trait]
impl Step for MoveSpn {
    /// Who held it.
    type Prior = Vec<SamAccountName>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<SamAccountName>, StepError> {
        self.holders(scene).await
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &Vec<SamAccountName>) -> Result<(), StepError> {
        if let Some(third) = prior.iter().find(|name| self.is_third(name)) {
            return Err(StepError::refused(
                format!(
                    "{} is held by {third}, which this conversion does not know",
                    self.spn
                ),
                "find out what uses it there (setspn -Q), resolve that, and plan again",
            ));
        }
        self.carry(scene, &self.from, &self.to).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let holders = self.holders(scene).await?;
        Ok(match holders.as_slice() {
            [only] if only.same_as(&self.to) => {
                Check::Holds(format!("{} is on {only} only", self.spn))
            }
            [] => Check::Differs(format!("no account holds {}", self.spn)),
            others => {
                let names: Vec<_> = others.iter().map(SamAccountName::as_str).collect();
                Check::Differs(format!("{} is on {}", self.spn, names.join(", ")))
            }
        })
    }

    async fn can_undo(
        &self,
        scene: &Scene<'_>,
        _prior: &Vec<SamAccountName>,
    ) -> Result<(), StepError> {
        let holders = self.holders(scene).await?;
        match holders.iter().find(|name| self.is_third(name)) {
            None => Ok(()),
            Some(third) => Err(StepError::refused(
                format!("{} was moved on to {third} after the conversion", self.spn),
                format!(
                    "find out what uses it there; if nothing does: setspn -D {} {third}; then repeat the command",
                    self.spn
                ),
            )),
        }
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<SamAccountName>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        let had = |name: &SamAccountName| prior.iter().any(|holder| holder.same_as(name));
        if had(&self.to) {
            return Ok(()); // It was there before us.
        }
        if had(&self.from) {
            Step::can_undo(self, scene, prior).await?;
            return self.carry(scene, &self.to, &self.from).await;
        }
        let to = self.dn(scene, &self.to).await?;
        Ok(scene.world.directory.remove_spn(&to, &self.spn).await?)
    }
}
