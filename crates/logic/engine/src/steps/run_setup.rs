//! Step: change an account with the product's setup, run silently in change mode.
//!
//! Setup is told every setting that is not to be reset; the plan has them. Whether it did its work is seen from the account,
//! not from what it returned. The way back gives the old account back directly, without setup: that needs the old account's
//! password and nothing of the product.

use std::time::Duration;

use async_trait::async_trait;
use model::host::{SetupEnd, SetupProperty, SetupRun};
use model::plan::SetupPage;
use serde::{Deserialize, Serialize};

use super::account_switch::{AccountSwitch, PriorAccount};
use super::saved_key_set::{self, FoundFile};
use crate::step::{Check, Scene, Step, StepError};

/// Where the host keeps the log.
const LOG: &str = r"C:\Windows\Temp\gmsactl-setup.log";
/// Setup copies, registers and asks SQL Server; nobody measured it.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long another installation may take.
const BUSY: Duration = Duration::from_secs(300);

pub(crate) struct RunSetup {
    pub switch: AccountSwitch,
    pub package: String,
    pub sha256: String,
    pub pages: Vec<SetupPage>,
    pub saves: Vec<String>,
}

/// What there was before setup ran.
#[derive(Serialize, Deserialize)]
pub(crate) struct BeforeSetup {
    #[serde(flatten)]
    account: PriorAccount,
    /// What was in the places where setup may save a key set.
    #[serde(default)]
    key_sets: Vec<FoundFile>,
}

/// How setup ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct SetupEnded {
    /// What Windows Installer returned; `None` where an earlier attempt had done its work and the answer was lost.
    code: Option<u32>,
    /// Whether it wants a restart.
    pub restart: bool,
    /// The key set files that it saved.
    #[serde(default)]
    pub saved: Vec<FoundFile>,
}

#[async_trait]
impl Step for RunSetup {
    type Prior = BeforeSetup;
    type Outcome = SetupEnded;

    async fn observe(&self, scene: &Scene<'_>) -> Result<BeforeSetup, StepError> {
        let host = scene.world.host(self.switch.host()).await?;
        Ok(BeforeSetup {
            account: self.switch.observe(scene).await?,
            key_sets: saved_key_set::found(host.as_ref(), &self.saves).await?,
        })
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &BeforeSetup) -> Result<SetupEnded, StepError> {
        let before = prior.account.account();
        if !before.same_as(self.switch.from()) && !before.same_as(self.switch.to()) {
            let expected = self.switch.from();
            return Err(StepError::refused(
                format!(
                    "{} runs as {before}, the plan expects {expected}",
                    self.switch.name()
                ),
                "somebody changed it since the plan was made: plan again",
            ));
        }
        let (mut code, mut restart) = (None, false);
        let host = scene.world.host(self.switch.host()).await?;
        if !self.has_the_gmsa(scene).await? {
            let end = host.run_setup(&self.run()?, None).await?;
            self.judge(&end)?;
            code = Some(end.code);
            restart = end.wants_restart() || end.restarts();
        }
        let saved = saved_key_set::saved(host.as_ref(), &self.saves, &prior.key_sets).await;
        self.switch.complete(scene).await?;
        Ok(SetupEnded {
            code,
            restart,
            saved,
        })
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let outcome = scene.outcome_of::<SetupEnded>(scene.step)?;
        let restart = outcome.as_ref().is_some_and(|outcome| outcome.restart);
        let saved = outcome.map_or_else(String::new, |outcome| {
            saved_key_set::told(scene, &self.saves, &outcome.saved)
        });
        let saved = saved + &self.settings(scene).await?;
        Ok(match self.switch.check(scene).await? {
            Check::Holds(seen) if restart => {
                let host = self.switch.host();
                Check::Holds(format!(
                    "{seen}{saved}; setup wants a restart of the host, in a quiet hour: gmsactl host reboot {host}"
                ))
            }
            Check::Holds(seen) => Check::Holds(seen + &saved),
            other => other,
        })
    }

    async fn can_undo(&self, scene: &Scene<'_>, prior: &BeforeSetup) -> Result<(), StepError> {
        self.switch.can_undo(scene, &prior.account).await
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &BeforeSetup,
        _outcome: Option<&SetupEnded>,
    ) -> Result<(), StepError> {
        self.switch.undo(scene, &prior.account).await
    }
}

impl RunSetup {
    async fn has_the_gmsa(&self, scene: &Scene<'_>) -> Result<bool, StepError> {
        let now = self.switch.observe(scene).await?;
        Ok(now.account().same_as(self.switch.to()))
    }

    /// Settings that the registry has otherwise than setup was told; nothing where it has them all. They are no reason to
    /// turn a run back: what setup wrote, the way back would leave.
    async fn settings(&self, scene: &Scene<'_>) -> Result<String, StepError> {
        let host = scene.world.host(self.switch.host()).await?;
        let mut text = String::new();
        let properties = self.pages.iter().flat_map(|page| &page.properties);
        for property in properties {
            let Some((key, name)) = &property.kept_in else {
                continue;
            };
            let told = property.value.as_str();
            text += &match host.registry_text(key, name).await {
                Ok(Some(now)) if now.eq_ignore_ascii_case(told) => String::new(),
                Ok(now) => {
                    let now = now.as_deref().unwrap_or("not there any more");
                    format!(
                        "; setup was told {} = {told}, and {name} of {key} is {now}: put it right with change mode",
                        property.name
                    )
                }
                Err(error) => format!("; {name} of {key} could not be read: {error}"),
            };
        }
        Ok(text)
    }

    fn run(&self) -> Result<SetupRun, StepError> {
        let invalid =
            |error: model::host::InvalidName| StepError::refused(error.to_string(), "plan again");
        let properties = self.pages.iter().flat_map(|page| &page.properties);
        let properties = properties.map(|property| SetupProperty {
            name: property.name.clone(),
            value: property.value.clone(),
        });
        Ok(SetupRun {
            package: model::host::HostPath::parse(self.package.as_str()).map_err(invalid)?,
            sha256: Some(self.sha256.clone()),
            properties: properties.collect(),
            secret_property: None,
            log: model::host::HostPath::parse(LOG).map_err(invalid)?,
            busy_ms: millis(BUSY),
            timeout_ms: millis(PATIENCE),
        })
    }

    /// Another installation is waited for; every other end but success fails with what the log says.
    fn judge(&self, end: &SetupEnd) -> Result<(), StepError> {
        if end.succeeded() {
            return Ok(());
        }
        let (meaning, advice) = end.meaning();
        let host = self.switch.host();
        if end.was_busy() {
            return Err(StepError::Waiting {
                why: format!("{host}: {meaning}"),
                advice: Some(advice.to_owned()),
            });
        }
        let why = format!("setup on {host} ended with {}: {meaning}", end.code);
        let mut lines = vec![format!("{advice}; the log is {LOG} on {host}")];
        lines.extend(end.log.iter().map(|line| format!("  {line}")));
        Err(StepError::refused(why, lines.join("\n")))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
