//! The rig's Samba under load: the users stand in a folder of their own, and are gone afterwards.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::searches::Target;
use crate::bench::openldap::OpenLdap;

/// The rig's directory with the users in it; they are deleted when it is dropped.
pub struct InSamba {
    rig: PathBuf,
    tools: OpenLdap,
}

impl InSamba {
    pub const BASE: &str = "OU=gmsactl-bench,DC=contoso,DC=com";

    pub fn fill(rig: &Path, folder: &Path, ldif: &str) -> Result<Self> {
        let samba = Self {
            rig: rig.to_owned(),
            tools: OpenLdap::new(rig, folder)?,
        };
        samba.empty()?; // An earlier run may have been interrupted.
        let unit = format!("dn: {}\nobjectClass: organizationalUnit\n\n", Self::BASE);
        let added = samba.tools.run("ldapadd", &[], &(unit + ldif))?;
        ensure!(
            added,
            "Samba did not take the users; see {}",
            samba.tools.log().display()
        );
        Ok(samba)
    }

    pub fn target(&self) -> Target {
        Target {
            name: "Samba",
            address: "127.0.0.1:636".to_owned(),
            authority: self.rig.join("ca.pem"),
            user: OpenLdap::USER.to_owned(),
            password: self.rig.join("Administrator.password"),
            base: Self::BASE,
        }
    }

    fn empty(&self) -> Result<bool> {
        self.tools.run("ldapdelete", &["-r", Self::BASE], "")
    }
}

impl Drop for InSamba {
    fn drop(&mut self) {
        let _ = self.empty();
    }
}
