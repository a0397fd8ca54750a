//! Step: store a password anew, encrypted for a service's gMSA by a helper service of the product.
//!
//! The helper exists only while it is needed: it is removed whatever becomes of it, and where a crash came in between,
//! by the next `apply` or by `undo`, since the journal shows that it was not there before. What it answers must begin as
//! every blob of the Data Protection API does; nothing else is written.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use model::host::{EventQuery, RegistryValue};
use model::names::{HostName, LogonAccount};
use model::plan::PasswordHelper;
use model::ports::{Host, ProgramRun};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::step::{Check, Scene, Step, StepError};

/// What Microsoft's own script waits for the helper to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
const SC: &str = r"C:\Windows\System32\sc.exe";
/// ERROR_SERVICE_DOES_NOT_EXIST, as exit code of `sc.exe`.
const NO_SUCH_SERVICE: i32 = 1060;
/// dwVersion 1 and guidProvider df9d8cd0-1501-11d1-8c7a-00c04fc297eb: how a blob of CryptProtectData begins.
const BLOB_HEAD: [u8; 20] = [
    1, 0, 0, 0, 0xd0, 0x8c, 0x9d, 0xdf, 0x01, 0x15, 0xd1, 0x11, 0x8c, 0x7a, 0x00, 0xc0, 0x4f, 0xc2,
    0x97, 0xeb,
];

pub(crate) struct StorePassword {
    pub host: HostName,
    pub account: LogonAccount,
    pub helper: PasswordHelper,
    pub key: String,
    pub value: String,
    pub empty: String,
}

/// The two values before. They are encrypted for an account of that host: nobody else can read them.
#[derive(Serialize, Deserialize)]
pub(crate) struct PriorValues {
    value: Option<RegistryValue>,
    empty: Option<RegistryValue>,
}

/// What was stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    /// SHA-256 of the encrypted text, lower-case hex.
    sha256: String,
    /// Whether the helper's event was seen; `None` where the log cannot be read.
    event: Option<bool>,
}

#[async_trait]
impl Step for StorePassword {
    type Prior = PriorValues;
    type Outcome = Stored;

    async fn observe(&self, scene: &Scene<'_>) -> Result<PriorValues, StepError> {
        let host = scene.world.host(&self.host).await?;
        let helper = &self.helper.service;
        if host.service(helper).await?.is_some() {
            return Err(StepError::refused(
                format!("service {helper} is on {} already", self.host),
                format!("setup or a script left it behind: sc.exe delete {helper}, then repeat"),
            ));
        }
        Ok(PriorValues {
            value: host.registry_value(&self.key, &self.value).await?,
            empty: host.registry_value(&self.key, &self.empty).await?,
        })
    }

    async fn apply(&self, scene: &Scene<'_>, _prior: &PriorValues) -> Result<Stored, StepError> {
        let host = scene.world.host(&self.host).await?;
        let host = host.as_ref();
        self.remove_helper(host).await?; // Left by an attempt that a crash cut off.
        let before = self.newest_event(host).await;
        let answer = self.encrypt(scene, host).await;
        let removed = self.remove_helper(host).await;
        let text = answer?;
        removed?;
        let event = match (before, self.newest_event(host).await) {
            (Some(before), Some(after)) => Some(after > before),
            _ => None,
        };
        let stored = RegistryValue::Text(text.clone());
        host.write_registry_value(&self.key, &self.value, &stored)
            .await?;
        let empty = RegistryValue::Text(String::new());
        host.write_registry_value(&self.key, &self.empty, &empty)
            .await?;
        Ok(Stored {
            sha256: digest(&text),
            event,
        })
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        let Some(stored) = scene.outcome_of::<Stored>(scene.step)? else {
            let why = "whether the value is the one that was encrypted is not recorded";
            return Ok(Check::CannotTell(why.to_owned()));
        };
        let host = scene.world.host(&self.host).await?;
        if host.service(&self.helper.service).await?.is_some() {
            return Ok(Check::Differs(format!(
                "service {} is there",
                self.helper.service
            )));
        }
        if text_of(host.registry_value(&self.key, &self.empty).await?) != Some(String::new()) {
            return Ok(Check::Differs(format!("{} is not empty", self.empty)));
        }
        let now = text_of(host.registry_value(&self.key, &self.value).await?);
        if now.as_deref().map(digest).as_ref() != Some(&stored.sha256) {
            return Ok(Check::Differs(format!(
                "{} is not what was stored",
                self.value
            )));
        }
        let event = match stored.event {
            Some(true) => format!("event {} was written", self.helper.event),
            Some(false) => format!("event {} was not seen", self.helper.event),
            None => "the Application log could not be read".to_owned(),
        };
        Ok(Check::Holds(format!("{} is stored; {event}", self.value)))
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &PriorValues,
        outcome: Option<&Stored>,
    ) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        let host = host.as_ref();
        self.remove_helper(host).await?;
        let now = text_of(host.registry_value(&self.key, &self.value).await?);
        // Without an outcome a crash came before it was recorded: what differs from before is what we wrote.
        let ours =
            outcome.is_none_or(|ours| now.as_deref().map(digest).as_ref() == Some(&ours.sha256));
        if ours {
            put_back(host, &self.key, &self.value, prior.value.as_ref()).await?;
        }
        let empty = text_of(host.registry_value(&self.key, &self.empty).await?);
        if empty.as_deref() == Some("") {
            put_back(host, &self.key, &self.empty, prior.empty.as_ref()).await?;
        }
        Ok(())
    }
}

impl StorePassword {
    /// Has the helper made, asked, and stopped.
    async fn encrypt(&self, scene: &Scene<'_>, host: &dyn Host) -> Result<String, StepError> {
        let password = scene.world.secrets.password(&self.account).ok_or_else(|| {
            StepError::refused(
                format!("the password of {} is missing", self.account),
                "name its source under [[credential]] in estate.toml, then repeat the command",
            )
        })?;
        let helper = &self.helper;
        let name = helper.service.to_string();
        let program = format!("\"{}\"", helper.program);
        let account = helper.runs_as.to_string();
        let create = ["create", &name, "binPath=", &program, "obj=", &account];
        sc(host, &create).await?;
        sc(host, &["start", &name, &helper.argument]).await?;
        let text = host.converse(&helper.pipe, password, PATIENCE).await?;
        let text = text.trim().to_owned();
        let blob = BASE64_STANDARD.decode(&text).unwrap_or_default();
        if blob.starts_with(&BLOB_HEAD) && blob.len() > BLOB_HEAD.len() {
            return Ok(text);
        }
        Err(StepError::refused(
            format!(
                "{name} on {} answered {} characters that are no encrypted text",
                self.host,
                text.len()
            ),
            "nothing was stored; look into the Application log of the host for what the helper says",
        ))
    }

    /// Stops and deletes it; its absence is success.
    async fn remove_helper(&self, host: &dyn Host) -> Result<(), StepError> {
        let helper = &self.helper.service;
        if host.service(helper).await?.is_none() {
            return Ok(());
        }
        // One that does not stop is deleted all the same: Windows does that when it ends.
        let stopped = host.stop_service(helper, PATIENCE).await;
        sc(host, &["delete", helper.as_str()]).await?;
        match host.service(helper).await? {
            None => Ok(()),
            Some(_) => {
                stopped?;
                Err(StepError::refused(
                    format!("service {helper} is still on {}", self.host),
                    format!("end its process, then sc.exe delete {helper}"),
                ))
            }
        }
    }

    /// Number in the log of the helper's newest event, 0 where it has none; `None` where the log cannot be read.
    async fn newest_event(&self, host: &dyn Host) -> Option<u64> {
        let query = EventQuery {
            log: "Application".to_owned(),
            provider: Some(self.helper.event_source.clone()),
            ids: vec![self.helper.event],
            since: None,
            limit: 1,
        };
        let page = host.events(&query).await.ok()?;
        Some(page.events.first().map_or(0, |event| event.record))
    }
}

async fn sc(host: &dyn Host, words: &[&str]) -> Result<(), StepError> {
    let args: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let run = ProgramRun {
        program: SC,
        args: &args,
        stdin: None,
        timeout: PATIENCE,
    };
    let output = host.run(run).await?;
    let verb = words.first().copied().unwrap_or_default();
    match output.exit_code {
        0 => Ok(()),
        NO_SUCH_SERVICE if verb == "delete" => Ok(()),
        code => {
            let said = [output.stdout.trim(), output.stderr.trim()].join(" ");
            Err(StepError::refused(
                format!("sc.exe {verb} ended with exit code {code}: {}", said.trim()),
                "gmsactl explain has the code; nothing was stored",
            ))
        }
    }
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A registry value as it was; none where there was none.
pub(super) async fn put_back(
    host: &dyn Host,
    key: &str,
    name: &str,
    prior: Option<&RegistryValue>,
) -> Result<(), StepError> {
    match prior {
        Some(prior) => host.write_registry_value(key, name, prior).await?,
        None => drop(host.delete_registry_value(key, name).await?),
    }
    Ok(())
}

pub(super) fn text_of(value: Option<RegistryValue>) -> Option<String> {
    match value {
        Some(RegistryValue::Text(text)) => Some(text),
        _ => None,
    }
}
