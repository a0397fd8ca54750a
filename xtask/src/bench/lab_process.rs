//! `gmsactl lab start` as a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Deserializer, Value};

/// A running lab; it ends with this.
pub struct LabProcess {
    process: Child,
    folder: PathBuf,
    /// What it said when it was up: the document of `lab start`.
    document: Value,
}

impl LabProcess {
    /// The reference estate, or what the seed has, with its files in a new folder.
    pub fn start(gmsactl: &Path, folder: &Path, seed: Option<&Value>) -> Result<Self> {
        let mut start = Command::new(gmsactl);
        start.args(["--json", "lab", "start"]).arg(folder);
        if let Some(seed) = seed {
            let file = folder.with_extension("json");
            fs::write(&file, serde_json::to_vec(seed)?)?;
            start.arg("--seed").arg(file);
        }
        let mut process = start.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let said = process.stdout.take().context("the lab has no output")?;
        let mut lab = Self {
            process,
            folder: folder.to_owned(),
            document: Value::Null,
        };
        // It speaks once everything is up and its files are written.
        let mut documents = Deserializer::from_reader(said).into_iter();
        let document = documents.next().context("the lab does not start")?;
        lab.document = document.context("the lab does not say where it is")?;
        Ok(lab)
    }

    /// gmsactl with this lab's estate.
    pub fn command(&self, gmsactl: &Path) -> Command {
        let mut command = Command::new(gmsactl);
        command
            .arg("--estate")
            .arg(self.file("estate.toml"))
            .arg("--non-interactive");
        command
    }

    /// A file of its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where it answers `ldap`, or `ldaps`: address and port.
    pub fn address(&self, scheme: &str) -> Result<&str> {
        let address = self.document.get(scheme).and_then(Value::as_str);
        address.context("the lab does not say where it is")
    }
}

impl Drop for LabProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
