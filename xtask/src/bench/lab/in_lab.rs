//! The lab under load, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::searches::{Target, USERS};
use super::{Figures, text};

/// A running lab; ends when it is dropped.
pub struct InLab {
    child: Child,
    address: String,
    authority: PathBuf,
    password: PathBuf,
}

impl InLab {
    pub fn start(figures: &Figures, folder: &Path) -> Result<Self> {
        let authority = folder.join("lab-ca.pem");
        let password = folder.join("lab-administrator.password");
        let words = [
            "serve",
            USERS,
            authority.to_str().context("a path that is no text")?,
            password.to_str().context("a path that is no text")?,
        ];
        let mut child = figures
            .command(&words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let document: Value = serde_json::from_str(&line).context("the lab does not start")?;
        Ok(Self {
            child,
            address: text(&document, "/address").to_owned(),
            authority,
            password,
        })
    }

    pub fn target(&self) -> Target {
        Target {
            name: "lab",
            address: self.address.clone(),
            authority: self.authority.clone(),
            user: "Administrator@contoso.com".to_owned(),
            password: self.password.clone(),
            base: "CN=Users,DC=contoso,DC=com",
        }
    }
}

impl Drop for InLab {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // At the end of its input it ends.
        let _ = self.child.wait();
    }
}
