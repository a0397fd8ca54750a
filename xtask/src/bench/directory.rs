//! `cargo xtask bench directory`: many gMSAs and long lists on the rig's Samba, beside the tools that are used today.
//!
//! Everything that is created is deleted again, also what an interrupted run left.

mod creation;
mod enumeration;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::repo;
use crate::system::packages;

/// Measures and prints.
pub fn run() -> Result<()> {
    let rig = repo::root().join("target/rig");
    ensure!(
        rig.join("estate.toml").exists(),
        "the rig is not up: run cargo xtask rig up first"
    );
    let folder = super::scratch()?;
    packages::ensure(
        &[
            "ldap-utils",
            "libsasl2-modules-gssapi-mit",
            "krb5-user",
            "python3-ldap3",
        ],
        &folder.join("packages.log"),
    )?;
    let world = World {
        gmsactl: super::release()?,
        rig,
        folder,
    };
    creation::run(&world)?;
    enumeration::run(&world)
}

/// What all parts need.
struct World {
    gmsactl: PathBuf,
    rig: PathBuf,
    /// For files on the way; emptied by the next run.
    folder: PathBuf,
}
