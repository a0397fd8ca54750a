//! Step: let an account use DCOM on a host as another one may.

use std::sync::Arc;

use async_trait::async_trait;
use model::host::RegistryValue;
use model::inventory::ComAccessValue;
use model::names::{HostName, LogonAccount};
use model::ports::{ErrorKind, Host};
use security::{AccessMask, Ace, SecurityDescriptor, Sid};

use crate::step::{Check, Scene, Step, StepError};

pub(crate) struct CopyComAccess {
    pub host: HostName,
    pub value: ComAccessValue,
    pub to: LogonAccount,
    pub masks: Vec<u32>,
}

/// The list as it is now, and whose entries are looked for.
struct Found {
    host: Arc<dyn Host>,
    /// `None` where the host does not know the account (yet).
    sid: Option<Sid>,
    descriptor: SecurityDescriptor,
}

impl Found {
    fn has(&self, mask: u32) -> bool {
        let aces = self.descriptor.dacl().map(|dacl| dacl.aces());
        let wanted = self.sid.map(|sid| Ace::allow(sid, AccessMask(mask)));
        wanted.is_some_and(|wanted| aces.unwrap_or_default().contains(&wanted))
    }
}

impl CopyComAccess {
    async fn find(&self, scene: &Scene<'_>) -> Result<Found, StepError> {
        let host = scene.world.host(&self.host).await?;
        let name = self.value.name();
        let bytes = match host.registry_value(ComAccessValue::KEY, name).await? {
            Some(RegistryValue::Binary(bytes)) => bytes,
            _ => {
                let what = format!("{name} of {} on {}", ComAccessValue::KEY, self.host);
                return Err(StepError::missing(format!("{what} is not there any more")));
            }
        };
        let descriptor = SecurityDescriptor::from_bytes(&bytes).map_err(|error| {
            StepError::refused(
                format!("{name} on {} is no access list: {error}", self.host),
                "look at it with dcomcnfg, then plan again",
            )
        })?;
        Ok(Found {
            sid: host.account_sid(&self.to).await?,
            host,
            descriptor,
        })
    }

    async fn write(&self, found: &Found) -> Result<(), StepError> {
        let value = RegistryValue::Binary(found.descriptor.to_bytes());
        let (key, name) = (ComAccessValue::KEY, self.value.name());
        Ok(found.host.write_registry_value(key, name, &value).await?)
    }

    fn unfit(&self, error: &security::SecurityDescriptorError) -> StepError {
        StepError::refused(
            format!("{} on {} takes no entry: {error}", self.value, self.host),
            "look at it with dcomcnfg, then plan again",
        )
    }
}

#[async_trait]
impl Step for CopyComAccess {
    /// The masks that it was allowed already.
    type Prior = Vec<u32>;
    type Outcome = ();

    async fn observe(&self, scene: &Scene<'_>) -> Result<Vec<u32>, StepError> {
        let found = self.find(scene).await?;
        let masks = self.masks.iter().copied();
        Ok(masks.filter(|mask| found.has(*mask)).collect())
    }

    /// Entries that are there stay as they are, those of the other account and unknown ones too.
    async fn apply(&self, scene: &Scene<'_>, _prior: &Vec<u32>) -> Result<(), StepError> {
        let mut found = self.find(scene).await?;
        let Some(sid) = found.sid else {
            return Err(StepError::Waiting {
                why: format!("{} does not know {} yet", self.host, self.to),
                advice: Some(
                    "its domain controller must get the new account first (repadmin /syncall); then apply the plan again"
                        .to_owned(),
                ),
            });
        };
        let mut changed = false;
        for mask in &self.masks {
            let granted = found.descriptor.grant(sid, AccessMask(*mask));
            changed |= granted.map_err(|error| self.unfit(&error))?;
        }
        match changed {
            true => self.write(&found).await,
            false => Ok(()),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let found = self.find(scene).await?;
        let (to, value) = (&self.to, self.value);
        Ok(match self.masks.iter().all(|mask| found.has(*mask)) {
            true => Check::Holds(format!("{to} is in {value}")),
            false => Check::Differs(format!("{to} is not in {value}")),
        })
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &Vec<u32>,
        _outcome: Option<&()>,
    ) -> Result<(), StepError> {
        let mut found = match self.find(scene).await {
            // The list is gone, and our entries with it.
            Err(StepError::World(error)) if error.kind == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        let Some(sid) = found.sid else {
            return Ok(()); // Nothing of an account that is not known was written.
        };
        let mut changed = false;
        for mask in self.masks.iter().filter(|mask| !prior.contains(mask)) {
            let revoked = found.descriptor.revoke(sid, AccessMask(*mask));
            changed |= revoked.map_err(|error| self.unfit(&error))?;
        }
        match changed {
            true => self.write(&found).await,
            false => Ok(()),
        }
    }
}
