//! OpenLDAP's tools as the rig's Administrator, over LDAPS.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::system::command;

/// The tools, and where their output goes.
pub struct OpenLdap {
    rig: PathBuf,
    log: PathBuf,
    /// Without the line end that the rig's own has: these tools would take it for a part.
    pub password: PathBuf,
}

impl OpenLdap {
    /// Who logs on.
    pub const USER: &str = "Administrator@contoso.com";
    /// Where: by address, so the certificate's name is not compared.
    pub const URL: &str = "ldaps://127.0.0.1:636";

    /// For a rig, with files in `folder`.
    pub fn new(rig: &Path, folder: &Path) -> Result<Self> {
        let password = folder.join("administrator.bare");
        let text = std::fs::read_to_string(rig.join("Administrator.password"))?;
        std::fs::write(&password, text.trim_end())?;
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            rig: rig.to_owned(),
            log: folder.join("openldap.log"),
            password,
        })
    }

    /// A tool, to be given what else it needs.
    pub fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command
            .args(["-x", "-H", Self::URL, "-D", Self::USER, "-y"])
            .arg(&self.password)
            .env("LDAPTLS_CACERT", self.rig.join("ca.pem"))
            .env("LDAPTLS_REQCERT", "never");
        command
    }

    /// Runs a tool to its end with this input; whether it succeeded.
    pub fn run(&self, tool: &str, words: &[&str], input: &str) -> Result<bool> {
        let (stdout, stderr) = command::appending(&self.log)?;
        let mut child = self
            .command(tool)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("{tool} cannot be started"))?;
        let mut stdin = child.stdin.take().context("no input")?;
        // A tool that ends early says why in its log, and by its status.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ok(child.wait()?.success())
    }

    /// Where the tools' output is.
    pub fn log(&self) -> &Path {
        &self.log
    }
}
