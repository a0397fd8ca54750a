//! Steps: let a gMSA delegate as the old account did.

use async_trait::async_trait;
use model::names::{Dn, SamAccountName, Spn};
use model::ports::{AccountControl, Delegation};
use security::Sid;

use crate::step::{Check, Scene, Step, StepError};

/// One entry of an account's delegation.
pub(crate) enum Entry {
    /// It may act towards a service.
    Service(Spn),
    /// Somebody may act towards it.
    Caller(Sid),
    /// A bit of `userAccountControl`.
    Control(AccountControl),
}

pub(crate) struct AddDelegation {
    pub account: SamAccountName,
    pub entry: Entry,
}

impl AddDelegation {
    async fn dn(&self, scene: &Scene<'_>) -> Result<Option<Dn>, StepError> {
        let account = scene.world.directory.account(&self.account).await?;
        Ok(account.map(|account| account.dn))
    }

    async fn change(&self, scene: &Scene<'_>, dn: &Dn, add: bool) -> Result<(), StepError> {
        let directory = &scene.world.directory;
        let changed = match (&self.entry, add) {
            (Entry::Service(service), true) => directory.allow_delegation_to(dn, service).await,
            (Entry::Service(service), false) => directory.revoke_delegation_to(dn, service).await,
            (Entry::Caller(caller), true) => directory.allow_delegation_from(dn, caller).await,
            (Entry::Caller(caller), false) => directory.revoke_delegation_from(dn, caller).await,
            (Entry::Control(bit), set) => directory.set_account_control(dn, *bit, set).await,
        };
        Ok(changed?)
    }

    fn in_words(&self) -> String {
        match &self.entry {
            Entry::Service(service) => format!("may delegate to {service}"),
            Entry::Caller(caller) => format!("may be delegated to by {caller}"),
            Entry::Control(AccountControl::TrustedForDelegation) => {
                "is trusted for delegation to any service".to_owned()
            }
            Entry::Control(AccountControl::TrustedToAuthForDelegation) => {
                "is trusted to authenticate for delegation".to_owned()
            }
            Entry::Control(bit) => format!("has {bit:?} set"),
        }
    }
}

impl Entry {
    fn is_in(&self, delegation: &Delegation) -> bool {
        match self {
            Self::Service(service) => {
                let mut services = delegation.services.iter();
                services.any(|had| had.same_as(service))
            }
            Self::Caller(caller) => delegation.callers.contains(caller),
            Self::Control(AccountControl::TrustedForDelegation) => delegation.unconstrained,
            Self::Control(AccountControl::TrustedToAuthForDelegation) => {
                delegation.protocol_transition
            }
            Self::Control(AccountControl::NotDelegated) => delegation.not_delegated,
            Self::Control(AccountControl::Disabled) => false, // No part of a delegation.
        }
    }
}

#[async_trait]
impl Step for AddDelegation {
    /// Whether it was there.
    type Prior = bool;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let Some(dn) = self.dn(scene).await? else {
            return Ok(false); // An earlier step of this plan is to create it.
        };
        let delegation = scene.world.directory.delegation(&dn).await?;
        Ok(self.entry.is_in(&delegation))
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &bool) -> Result<(), StepError> {
        if *prior {
            return Ok(());
        }
        let dn = self.dn(scene).await?;
        let dn =
            dn.ok_or_else(|| StepError::missing(format!("there is no account {}", self.account)))?;
        self.change(scene, &dn, true).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let words = self.in_words();
        Ok(match self.observe(scene).await? {
            true => Check::Holds(format!("{} {words}", self.account)),
            false => Check::Differs(format!("it does not hold that {} {words}", self.account)),
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
        match self.dn(scene).await? {
            Some(dn) => self.change(scene, &dn, false).await,
            None => Ok(()),
        }
    }
}
