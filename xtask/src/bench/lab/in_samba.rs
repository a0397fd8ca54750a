//! The rig's Samba under load: the users stand in a folder of their own, and are gone afterwards.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::searches::{HOST, Target};

/// The rig's directory with the users in it; they are deleted when it is dropped.
pub struct InSamba {
    rig: PathBuf,
    log: PathBuf,
}

impl InSamba {
    pub const BASE: &str = "OU=gmsactl-bench,DC=contoso,DC=com";

    pub fn fill(rig: &Path, folder: &Path, ldif: &str) -> Result<Self> {
        let samba = Self {
            rig: rig.to_owned(),
            log: folder.join("samba.log"),
        };
        samba.empty()?; // An earlier run may have been interrupted.
        let unit = format!("dn: {}\nobjectClass: organizationalUnit\n\n", Self::BASE);
        let added = samba.client("ldapadd", &[], &(unit + ldif))?;
        ensure!(
            added,
            "Samba did not take the users; see {}",
            samba.log.display()
        );
        Ok(samba)
    }

    pub fn target(&self) -> Target {
        Target {
            name: "Samba",
            address: "127.0.0.1:636".to_owned(),
            authority: self.rig.join("ca.pem"),
            user: "Administrator@contoso.com".to_owned(),
            password: self.rig.join("Administrator.password"),
            base: Self::BASE,
        }
    }

    fn empty(&self) -> Result<bool> {
        self.client("ldapdelete", &["-r", Self::BASE], "")
    }

    /// Runs an OpenLDAP tool as Administrator; whether it succeeded.
    fn client(&self, tool: &str, words: &[&str], input: &str) -> Result<bool> {
        // Its password file must end without a line end, which ours has.
        let password = std::fs::read_to_string(self.rig.join("Administrator.password"))?;
        let bare = self.log.with_file_name("administrator.bare");
        std::fs::write(&bare, password.trim_end())?;
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut child = Command::new(tool)
            .args([
                "-x",
                "-H",
                "ldaps://127.0.0.1:636",
                "-D",
                "Administrator@contoso.com",
                "-y",
            ])
            .arg(&bare)
            .args(words)
            .env("LDAPTLS_CACERT", self.rig.join("ca.pem"))
            .env("LDAPTLS_REQCERT", "never") // By address: the name is for the client that measures.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{tool} cannot be started; {HOST} cannot be filled"))?;
        let mut stdin = child.stdin.take().context("no input")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        Ok(child.wait()?.success())
    }
}

impl Drop for InSamba {
    fn drop(&mut self) {
        let _ = self.empty();
    }
}
