//! Steps around a key set: export it, hold the exported file, restore it for the new logon account.
//!
//! Nobody can read from outside which account a key set is active for: the proof is that the service starts, which
//! is a step of its own. The way back is the undo of *hold*, because it must run after the logon account is the old
//! one again and before the service starts.

use std::time::Duration;

use async_trait::async_trait;
use model::names::{HostName, StepId};
use model::plan::ToolRun;
use model::ports::{FileFacts, Host, ProgramRun};
use model::secret::Password;
use serde::{Deserialize, Serialize};

use super::sealed_key_set::sealed_instead;
use crate::step::{Check, Scene, Step, StepError, StepWithoutPrior};

/// Tools of the product ask SQL Server; they end within seconds, or hang on a prompt that nobody sees.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct ExportKeySet {
    pub host: HostName,
    pub file: String,
    pub folder: String,
    pub tool: ToolRun,
}

/// What was there before the export.
#[derive(Serialize, Deserialize)]
pub(crate) struct PriorFile {
    file: Option<FileFacts>,
    /// The folder and those of its parents that were not there, deepest first.
    missing_folders: Vec<String>,
}

#[async_trait]
impl Step for ExportKeySet {
    type Prior = PriorFile;
    type Outcome = FileFacts;

    async fn observe(&self, scene: &Scene<'_>) -> Result<PriorFile, StepError> {
        let host = scene.world.host(&self.host).await?;
        let mut missing_folders = Vec::new();
        for folder in with_parents(&self.folder) {
            if host.folder_exists(folder).await? {
                break;
            }
            missing_folders.push(folder.to_owned());
        }
        Ok(PriorFile {
            file: host.file(&self.file).await?,
            missing_folders,
        })
    }

    async fn apply(&self, scene: &Scene<'_>, prior: &PriorFile) -> Result<FileFacts, StepError> {
        if prior.file.is_some() {
            return Err(StepError::refused(
                format!("{} is there already on {}", self.file, self.host),
                "it may be the only copy of a key set: move it to a safe place, or name another file as key-set",
            ));
        }
        let host = scene.world.host(&self.host).await?;
        host.create_folder(&self.folder).await?;
        host.delete_file(&self.file).await?; // Left by an export that a crash cut off: it was not there before us.
        run_tool(scene, host.as_ref(), &self.tool).await?;
        match host.file(&self.file).await? {
            Some(file) if file.size > 0 => Ok(file),
            Some(_) => Err(unproven(&self.tool, "wrote an empty file")),
            None => Err(unproven(&self.tool, "wrote no file")),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        match scene.outcome_of::<FileFacts>(scene.step)? {
            Some(exported) => {
                same_or_sealed(scene, &self.host, &self.file, &exported, scene.step).await
            }
            None => Ok(Check::CannotTell(
                "whether the export was whole is not recorded".to_owned(),
            )),
        }
    }

    async fn undo(
        &self,
        scene: &Scene<'_>,
        prior: &PriorFile,
        outcome: Option<&FileFacts>,
    ) -> Result<(), StepError> {
        let host = scene.world.host(&self.host).await?;
        let now = host.file(&self.file).await?;
        let ours = outcome.is_none() || now.as_ref() == outcome;
        if prior.file.is_none() && now.is_some() && ours {
            // The steps after this one are undone: the key set is active for its first account again.
            host.delete_file(&self.file).await?;
        }
        for folder in &prior.missing_folders {
            host.delete_empty_folder(folder).await?;
        }
        Ok(())
    }
}

pub(crate) struct HoldKeySet {
    pub host: HostName,
    pub file: String,
    pub exported_by: StepId,
    pub way_back: ToolRun,
}

#[async_trait]
impl StepWithoutPrior for HoldKeySet {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        proven(scene, &self.host, &self.file, &self.exported_by).await
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        match scene.outcome_of::<FileFacts>(&self.exported_by)? {
            Some(exported) => {
                same_or_sealed(scene, &self.host, &self.file, &exported, &self.exported_by).await
            }
            None => Ok(Check::Differs("no export is recorded".to_owned())),
        }
    }

    async fn can_undo(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        proven(scene, &self.host, &self.file, &self.exported_by).await
    }

    async fn undo(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        proven(scene, &self.host, &self.file, &self.exported_by).await?;
        run_tool(
            scene,
            scene.world.host(&self.host).await?.as_ref(),
            &self.way_back,
        )
        .await
    }
}

/// Its way back is the undo of [`HoldKeySet`], which activates the key set for the old account.
pub(crate) struct RestoreKeySet {
    pub host: HostName,
    pub file: String,
    pub exported_by: StepId,
    pub tool: ToolRun,
}

#[async_trait]
impl StepWithoutPrior for RestoreKeySet {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        proven(scene, &self.host, &self.file, &self.exported_by).await?;
        run_tool(
            scene,
            scene.world.host(&self.host).await?.as_ref(),
            &self.tool,
        )
        .await
    }

    async fn check(&self, _scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(Check::CannotTell(
            "that the service starts is the proof".to_owned(),
        ))
    }
}

/// Runs a product's tool with the password that it reads, if any; its exit code 0 is success.
async fn run_tool(scene: &Scene<'_>, host: &dyn Host, tool: &ToolRun) -> Result<(), StepError> {
    let stdin = match &tool.password_of {
        Some(account) => Some(scene.world.secrets.password(account).ok_or_else(|| {
            StepError::refused(
                format!("{} needs the password of {account}", name_of(tool)),
                "name its source under [[credential]] in estate.toml, then repeat the command",
            )
        })?),
        None => None,
    };
    let run = ProgramRun {
        program: &tool.program,
        args: &tool.args,
        stdin,
        timeout: PATIENCE,
    };
    let output = host.run(run).await?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let said = [output.stderr.trim(), output.stdout.trim()].join(" ");
    let said = stdin.map_or(said.clone(), |password| without(&said, password));
    Err(StepError::refused(
        format!(
            "{} ended with exit code {}: {}",
            name_of(tool),
            output.exit_code,
            said.trim()
        ),
        "read what the tool says; nothing of the key set was changed by a refusal",
    ))
}

/// What a tool said, without the password, should it repeat what it read: these words go into the journal.
fn without(said: &str, password: &Password) -> String {
    match std::str::from_utf8(password.expose_bytes()) {
        Ok(password) if !password.is_empty() => said.replace(password, "(password)"),
        _ => String::new(), // The output is text with undecodable bytes replaced: nothing tells what it repeats.
    }
}

/// The exported file is there and is the one that was exported.
async fn proven(
    scene: &Scene<'_>,
    host: &HostName,
    file: &str,
    exported_by: &StepId,
) -> Result<(), StepError> {
    let exported =
        scene
            .outcome_of::<FileFacts>(exported_by)?
            .ok_or_else(|| StepError::Record {
                step: exported_by.to_string(),
                why: "it does not say what was exported".to_owned(),
            })?;
    match same_file(scene, host, file, &exported).await? {
        Check::Holds(_) => Ok(()),
        Check::Differs(why) | Check::CannotTell(why) => {
            let back = match sealed_instead(scene, exported_by) {
                Some(sealed) => format!(
                    "it was removed, and {sealed} is its sealed copy: open that with the identity (gmsactl keyset open), \
                     put the file back"
                ),
                None => "put the file back".to_owned(),
            };
            Err(StepError::refused(
                why,
                format!(
                    "without the exported key set the service would never start again: {back}, then repeat"
                ),
            ))
        }
    }
}

/// The exported file; or nothing, where this run removed it because its sealed copy stays.
async fn same_or_sealed(
    scene: &Scene<'_>,
    host: &HostName,
    file: &str,
    exported: &FileFacts,
    exported_by: &StepId,
) -> Result<Check, StepError> {
    if let Some(sealed) = sealed_instead(scene, exported_by)
        && scene.world.host(host).await?.file(file).await?.is_none()
    {
        return Ok(Check::Holds(format!(
            "{file} was removed, {sealed} is its sealed copy"
        )));
    }
    same_file(scene, host, file, exported).await
}

pub(crate) async fn same_file(
    scene: &Scene<'_>,
    host: &HostName,
    file: &str,
    exported: &FileFacts,
) -> Result<Check, StepError> {
    Ok(match scene.world.host(host).await?.file(file).await? {
        Some(now) if now == *exported => Check::Holds(format!(
            "{file}: {} bytes, SHA-256 {}",
            now.size, now.sha256
        )),
        Some(now) => Check::Differs(format!(
            "{file} on {host} is not the exported one: SHA-256 {}",
            now.sha256
        )),
        None => Check::Differs(format!("{file} is not there on {host}")),
    })
}

/// A folder and its parents below the drive's root, deepest first.
fn with_parents(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| Some(folder.rsplit_once('\\')?.0))
        .filter(|folder| !folder.ends_with([':', '\\']))
}

fn unproven(tool: &ToolRun, what: &str) -> StepError {
    StepError::refused(
        format!("{} ended well but {what}", name_of(tool)),
        "run it by hand on the host to see why; nothing was changed",
    )
}

fn name_of(tool: &ToolRun) -> &str {
    tool.program
        .rsplit(['\\', '/'])
        .next()
        .unwrap_or(&tool.program)
}
