//! Step: a person changes the account with the wizard of the product's setup.
//!
//! The step is handed over and looks again each time the plan is applied again. It goes on only when what the wizard is
//! for can be seen: the account, and the password that setup stores on the way. What the wizard did beside that is the
//! product's; the way back gives the old account back directly, without setup.

use async_trait::async_trait;
use model::host::{EventQuery, RegistryValue};
use model::plan::{StoredValues, Wizard};
use model::ports::Host;
use serde::{Deserialize, Serialize};

use super::account_switch::{AccountSwitch, PriorAccount};
use super::saved_key_set::{self, FoundFile};
use super::store_password::{put_back, text_of};
use crate::step::{Check, Scene, Step, StepError};

/// Windows Installer keeps it while an installation goes on. Not documented; not yet seen on Windows.
const IN_PROGRESS: &str = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\InProgress";
/// Who writes the end of an installation into the Application log: Windows Installer SDK, "Event Logging".
const INSTALLER: &str = "MsiInstaller";
/// "Installed the product" and "reconfigured the product", each with its status.
const ENDS: [u32; 2] = [1033, 1035];

pub(crate) struct FollowWizard {
    pub switch: AccountSwitch,
    pub wizard: Wizard,
    pub stores: Option<StoredValues>,
    pub saves: Vec<String>,
}

/// What there was before a person began.
#[derive(Serialize, Deserialize)]
pub(crate) struct BeforeWizard {
    account: PriorAccount,
    /// The two values for the stored password, encrypted for an account of that host.
    filled: Option<RegistryValue>,
    empty: Option<RegistryValue>,
    /// Number in the log of the newest end of an installation; `None` where the log cannot be read.
    event: Option<u64>,
    /// What was in the places where setup may save a key set.
    #[serde(default)]
    key_sets: Vec<FoundFile>,
}

/// What was seen when it was done.
#[derive(Serialize, Deserialize)]
pub(crate) struct AfterWizard {
    /// Whether the end of an installation was logged meanwhile; `None` where the log cannot be read.
    event: Option<bool>,
    /// The key set files that setup saved.
    #[serde(default)]
    pub saved: Vec<FoundFile>,
}

#[async_trait]
impl Step for FollowWizard {
    type Prior = BeforeWizard;
    type Outcome = AfterWizard;

    async fn observe(&self, scene: &Scene<'_>) -> Result<BeforeWizard, StepError> {
        let host = scene.world.host(self.switch.host()).await?;
        let (mut filled, mut empty) = (None, None);
        if let Some(stores) = &self.stores {
            filled = host.registry_value(&stores.key, &stores.filled).await?;
            empty = host.registry_value(&stores.key, &stores.empty).await?;
        }
        Ok(BeforeWizard {
            account: self.switch.observe(scene).await?,
            filled,
            empty,
            event: newest_end(host.as_ref()).await,
            key_sets: saved_key_set::found(host.as_ref(), &self.saves).await?,
        })
    }

    async fn apply(
        &self,
        scene: &Scene<'_>,
        prior: &BeforeWizard,
    ) -> Result<AfterWizard, StepError> {
        let host = scene.world.host(self.switch.host()).await?;
        if let Some(why) = self.not_done(scene, host.as_ref()).await? {
            let advice = self.instructions();
            return Err(StepError::HandedOver { why, advice });
        }
        self.switch.complete(scene).await?;
        let event = match (prior.event, newest_end(host.as_ref()).await) {
            (Some(before), Some(now)) => Some(now > before),
            _ => None,
        };
        let saved = saved_key_set::saved(host.as_ref(), &self.saves, &prior.key_sets).await;
        Ok(AfterWizard { event, saved })
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let seen = match self.switch.check(scene).await? {
            Check::Holds(seen) => seen,
            other => return Ok(other),
        };
        let host = scene.world.host(self.switch.host()).await?;
        if let Some(why) = self.not_stored(host.as_ref()).await? {
            return Ok(Check::Differs(why));
        }
        let outcome = scene.outcome_of::<AfterWizard>(scene.step)?;
        let log = match outcome.as_ref().and_then(|outcome| outcome.event) {
            Some(true) => "; Windows Installer logged the end of a setup",
            Some(false) => "; Windows Installer logged no end of a setup",
            None => "",
        };
        let saved = outcome.map_or_else(String::new, |outcome| {
            saved_key_set::told(scene, &self.saves, &outcome.saved)
        });
        Ok(Check::Holds(seen + log + &saved))
    }

    async fn can_undo(&self, scene: &Scene<'_>, prior: &BeforeWizard) -> Result<(), StepError> {
        let host = scene.world.host(self.switch.host()).await?;
        if in_progress(host.as_ref()).await? {
            return Err(StepError::refused(
                format!("setup is running on {}", self.switch.host()),
                "end or cancel it, then repeat the command",
            ));
        }
        self.switch.can_undo(scene, &prior.account).await
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &BeforeWizard,
        _outcome: Option<&AfterWizard>,
    ) -> Result<(), StepError> {
        self.can_undo(scene, prior).await?;
        let ours = self.switch.observe(scene).await?;
        let ours = ours.account().same_as(self.switch.to());
        self.switch.undo(scene, &prior.account).await?;
        // Encrypted for the gMSA; with the old account in place, what was there before is right again.
        if let Some(stores) = self.stores.as_ref().filter(|_| ours) {
            let host = scene.world.host(self.switch.host()).await?;
            let host = host.as_ref();
            put_back(host, &stores.key, &stores.filled, prior.filled.as_ref()).await?;
            put_back(host, &stores.key, &stores.empty, prior.empty.as_ref()).await?;
        }
        Ok(())
    }
}

impl FollowWizard {
    /// What is still to be done, in words; `None` where it is done.
    async fn not_done(
        &self,
        scene: &Scene<'_>,
        host: &dyn Host,
    ) -> Result<Option<String>, StepError> {
        let name = self.switch.name();
        if in_progress(host).await? {
            return Ok(Some(format!("setup is still running on {}", host_of(self))));
        }
        let now = self.switch.observe(scene).await?;
        let now = now.account();
        if !now.same_as(self.switch.to()) {
            let to = self.switch.to();
            let why = format!(
                "{name} on {} runs as {now}, and is to run as {to}",
                host_of(self)
            );
            return Ok(Some(why));
        }
        self.not_stored(host).await
    }

    async fn not_stored(&self, host: &dyn Host) -> Result<Option<String>, StepError> {
        let Some(stores) = &self.stores else {
            return Ok(None);
        };
        let filled = text_of(host.registry_value(&stores.key, &stores.filled).await?);
        let empty = text_of(host.registry_value(&stores.key, &stores.empty).await?);
        Ok(
            match (filled.unwrap_or_default(), empty.unwrap_or_default()) {
                (filled, _) if filled.is_empty() => Some(format!(
                    "{} runs as {}, but {} is empty: setup stored no password for the mailbox",
                    self.switch.name(),
                    self.switch.to(),
                    stores.filled
                )),
                (_, empty) if !empty.is_empty() => Some(format!(
                    "{} is not empty: setup took the mailbox for one of the other kind",
                    stores.empty
                )),
                _ => None,
            },
        )
    }

    /// The wizard, page by page, a line each.
    fn instructions(&self) -> String {
        let mut lines = vec![format!("on {}: {}", host_of(self), self.wizard.way_in)];
        for page in &self.wizard.pages {
            lines.push(format!("page \"{}\"", page.title));
            let fields = page.fields.iter();
            lines.extend(fields.map(|field| format!("  {}: {}", field.label, field.entry)));
        }
        lines.push(self.wizard.way_out.clone());
        lines.push("then apply the same plan again".to_owned());
        lines.join("\n")
    }
}

fn host_of(step: &FollowWizard) -> &str {
    step.switch.host().as_str()
}

async fn in_progress(host: &dyn Host) -> Result<bool, StepError> {
    Ok(host.registry_value(IN_PROGRESS, "").await?.is_some())
}

async fn newest_end(host: &dyn Host) -> Option<u64> {
    let query = EventQuery {
        log: "Application".to_owned(),
        provider: Some(INSTALLER.to_owned()),
        ids: ENDS.to_vec(),
        since: None,
        limit: 1,
    };
    let page = host.events(&query).await.ok()?;
    Some(page.events.first().map_or(0, |event| event.record))
}
