//! Other people's programs for the tests: pypsrp and pywinrm with what the test server logs on with; python-tds, a client
//! of SQL Server; sqlglot, which reads Transact-SQL.

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
    "python-tds==1.17.1",
    // Later ones lack what python-tds checks the name in a certificate with.
    "pyOpenSSL==24.2.1",
    "sqlglot==30.30.0",
];

/// Makes the virtual environment, once for each list of packages.
pub fn install(layout: &Layout) -> anyhow::Result<()> {
    let (done, wanted) = (layout.done("peers"), PACKAGES.join("\n"));
    if std::fs::read_to_string(&done).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    step("install pypsrp, pywinrm, python-tds and sqlglot", || {
        let (log, folder) = (layout.log("pip"), layout.path("python"));
        let mut make = Command::new("python3");
        command::run(make.args(["-m", "venv", "--clear"]).arg(&folder), &log)?;
        let mut install = Command::new(folder.join("bin/pip"));
        command::run(install.args(["install", "--quiet"]).args(PACKAGES), &log)?;
        files::write(&done, &wanted)
    })
}
