//! Where the rig keeps its files: everything stands in `target/rig`.

use std::path::{Path, PathBuf};

use crate::system::files;

/// The rig's folder.
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The rig of this repository, wherever cargo builds.
    pub fn of_this_repository() -> Self {
        Self {
            root: crate::repo::root().join("target/rig"),
        }
    }

    /// A file or folder of the rig.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The log of one server or one tool.
    pub fn log(&self, name: &str) -> PathBuf {
        self.path("log").join(format!("{name}.log"))
    }

    /// The file that says a part of the rig is complete and need not be made again.
    pub fn done(&self, part: &str) -> PathBuf {
        self.path("done").join(part)
    }

    /// The file with the password of an account.
    pub fn password(&self, account: &str) -> PathBuf {
        self.path(format!("{account}.password"))
    }

    /// The Synchronization Service's installation package.
    pub fn sync_package(&self) -> PathBuf {
        self.path("Synchronization Service.msi")
    }

    /// The installation package of MIM Service, password portals and PAM.
    pub fn service_package(&self) -> PathBuf {
        self.path("Service and Portal.msi")
    }

    /// The installation package of the web server.
    pub fn web_package(&self) -> PathBuf {
        self.path("Web Server.msi")
    }

    /// The Kerberos configuration of the rig's own tools; the machine's own stays as it is.
    pub fn krb5_config(&self) -> PathBuf {
        self.path("krb5.conf")
    }

    /// Creates the folders that every part needs.
    pub fn create(&self) -> anyhow::Result<()> {
        for folder in ["", "log", "pid", "done", "tls", "ssh", "hosts", "wine"] {
            files::create_folder(&self.path(folder))?;
        }
        Ok(())
    }
}
