//! Other people's WinRM programs for the tests: pypsrp and pywinrm, and what the test server logs on with.

use std::process::Command;

use super::layout::Layout;
use crate::system::{command, files, progress::step};

/// From PyPI, in versions that were seen to work together.
const PACKAGES: &[&str] = &[
    "pypsrp==0.9.1",
    "pywinrm==0.5.0",
    "pyspnego==0.12.4",
    "gssapi==1.12.0",
    "krb5==0.10.0",
];

/// Makes the virtual environment, once for each list of packages.
pub fn install(layout: &Layout) -> anyhow::Result<()> {
    let (done, wanted) = (layout.done("winrm-peers"), PACKAGES.join("\n"));
    if std::fs::read_to_string(&done).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    step("install pypsrp and pywinrm", || {
        let (log, folder) = (layout.log("pip"), layout.path("python"));
        let mut make = Command::new("python3");
        command::run(make.args(["-m", "venv", "--clear"]).arg(&folder), &log)?;
        let mut install = Command::new(folder.join("bin/pip"));
        command::run(install.args(["install", "--quiet"]).args(PACKAGES), &log)?;
        files::write(&done, &wanted)
    })
}
