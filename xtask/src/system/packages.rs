//! The Debian packages that the rig needs; Debian 12 takes its Samba from backports.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{command, files, progress::step};

/// Packages for the domain controller: gMSA needs Samba 4.22, more than Debian 12 itself has.
pub const DOMAIN_CONTROLLER: &[&str] = &[
    "samba-ad-dc",
    "samba-ad-provision",
    "python3-samba",
    "openssl",
];
/// Packages for building Windows programs.
pub const CROSS_BUILD: &[&str] = &["gcc-mingw-w64-x86-64", "binutils-mingw-w64-x86-64"];
/// Packages for the Windows hosts.
pub const WINDOWS_HOSTS: &[&str] = &["wine", "wine64", "wixl", "openssh-server"];

/// Packages that tests use beside the rig.
pub const TESTS: &[&str] = &[
    "faketime",
    "freetds-bin",
    "krb5-user",
    "ldap-utils",
    "libsasl2-modules-gssapi-mit",
    "msitools",
    "python3-ldap3",
    // For pypsrp and its Kerberos, which is built on installation.
    "gcc",
    "libkrb5-dev",
    "python3-dev",
    "python3-venv",
];

const SAMBA: &str = "2:4.22";
const BACKPORTS: &str = "bookworm-backports";
const SUITE_FILE: &str = "/etc/apt/sources.list.d/gmsactl-rig.list";
const KEYRINGS: &[&str] = &[
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];

/// Makes sure that the packages are installed.
pub fn ensure(packages: &[&str], log: &Path) -> anyhow::Result<()> {
    let missing = missing(packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        bail!("packages are missing: as root, run {}", by_hand(&missing));
    }
    step(&format!("install {}", missing.join(", ")), || {
        let suite = suite(&missing);
        if let Some(suite) = suite {
            add_suite(suite)?;
        }
        // Some other source may be out of order: what counts is whether the installation succeeds.
        let _ = command::run(apt_get().arg("update"), log);
        let mut install = apt_get();
        install.args(["install", "--yes", "--no-install-recommends"]);
        if let Some(suite) = suite {
            install.args(["-t", suite]);
        }
        with_services_kept_down(|| command::run(install.args(&missing), log))
    })
}

/// The same for packages of which one brings a service: it is started neither now nor at the next boot.
pub fn ensure_without_service(packages: &[&str], service: &str, log: &Path) -> anyhow::Result<()> {
    if missing(packages)?.is_empty() {
        return Ok(());
    }
    ensure(packages, log)?;
    command::run(Command::new("update-rc.d").args([service, "disable"]), log)
}

/// Fails, and says which packages are missing, unless this process is root's.
pub fn require_root(packages: &[&[&str]]) -> anyhow::Result<()> {
    if is_root() {
        return Ok(());
    }
    let mut advice = String::new();
    for group in packages {
        let missing = missing(group)?;
        if !missing.is_empty() {
            advice.push_str(&format!("\n  {}", by_hand(&missing)));
        }
    }
    bail!(
        "the rig needs root: its servers listen on ports below 1024, and it installs packages{advice}"
    )
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The suite that must be named to get these packages.
fn suite(packages: &[&str]) -> Option<&'static str> {
    (is_bookworm() && packages.iter().any(|package| package.contains("samba"))).then_some(BACKPORTS)
}

fn by_hand(packages: &[&str]) -> String {
    let suite = suite(packages)
        .map(|suite| format!("-t {suite} "))
        .unwrap_or_default();
    format!("apt-get install {suite}{}", packages.join(" "))
}

/// apt with sources and folders of its own: what it reads and downloads, the machine's apt never sees.
pub struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// An apt that knows one suite, and downloads into `folder`.
    pub fn of_suite(folder: &Path, suite: &str) -> anyhow::Result<Self> {
        for part in ["lists/partial", "cache/archives/partial"] {
            files::create_folder(&folder.join(part))?;
        }
        files::write(&folder.join("sources.list"), &source(suite)?)?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    /// apt-get, to be given its arguments.
    pub fn get(&self) -> Command {
        let mut command = apt_get();
        let own = [
            ("Dir::Etc::SourceList", "sources.list"),
            ("Dir::State::Lists", "lists"),
            ("Dir::Cache", "cache"),
        ];
        for (option, place) in own {
            command
                .arg("-o")
                .arg(format!("{option}={}", self.folder.join(place).display()));
        }
        command.args([
            "-o",
            "Dir::Etc::SourceParts=-",
            "-o",
            "APT::Sandbox::User=root",
        ]);
        command.current_dir(&self.folder);
        command
    }
}

fn add_suite(suite: &str) -> anyhow::Result<()> {
    if indexed()?.iter().any(|(_, release)| release == suite) {
        return Ok(());
    }
    files::write(Path::new(SUITE_FILE), &source(suite)?)
}

/// The line for sources.list that reads `suite` from the mirror that this machine already uses for Debian.
fn source(suite: &str) -> anyhow::Result<String> {
    let targets = indexed()?;
    let address = mirror(&targets, suite)
        .context("apt knows no Debian mirror: check /etc/apt/sources.list.d")?;
    let keyring = KEYRINGS.iter().find(|file| Path::new(file).exists());
    let signed_by = keyring
        .map(|file| format!("[signed-by={file}] "))
        .unwrap_or_default();
    Ok(format!("deb {signed_by}{address} {suite} main\n"))
}

/// The address with the suite's own release, or else any that looks like Debian's archive.
fn mirror<'a>(targets: &'a [(String, String)], suite: &str) -> Option<&'a str> {
    let same_release = |(address, release): &&(String, String)| {
        suite.starts_with(release.as_str()) && !address.contains("security")
    };
    let archive =
        |(address, _): &&(String, String)| address.trim_end_matches('/').ends_with("/debian");
    let found = targets
        .iter()
        .find(same_release)
        .or_else(|| targets.iter().find(archive));
    found.map(|(address, _)| address.as_str())
}

/// What the machine's apt reads: address and release.
fn indexed() -> anyhow::Result<Vec<(String, String)>> {
    let mut query = apt_get();
    query.args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE)",
        "Created-By: Packages",
    ]);
    let targets = command::output(&mut query)?;
    let pair = |line: &str| {
        line.split_once(' ')
            .map(|(address, release)| (address.to_owned(), release.to_owned()))
    };
    Ok(targets.lines().filter_map(pair).collect())
}

/// apt-get that asks nothing.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
    command
}

fn is_bookworm() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .any(|line| line == "VERSION_CODENAME=bookworm")
}

fn missing<'a>(packages: &[&'a str]) -> anyhow::Result<Vec<&'a str>> {
    let mut missing = Vec::new();
    for &package in packages {
        let version = installed_version(package)?;
        let too_old = |version: &str| package == "samba-ad-dc" && is_older(version, SAMBA);
        if version.is_none_or(|version| too_old(&version)) {
            missing.push(package);
        }
    }
    Ok(missing)
}

fn installed_version(package: &str) -> anyhow::Result<Option<String>> {
    let query = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat=${db:Status-Status} ${Version}",
            package,
        ])
        .output()
        .context("cannot start dpkg-query: the rig needs Debian 12 or 13")?;
    let answer = String::from_utf8_lossy(&query.stdout);
    Ok(answer.strip_prefix("installed ").map(str::to_owned))
}

fn is_older(version: &str, than: &str) -> bool {
    let compare = Command::new("dpkg")
        .args(["--compare-versions", version, "lt", than])
        .status();
    compare.is_ok_and(|status| status.success())
}

/// Runs `install` while Debian's policy keeps packages from starting the services they bring.
fn with_services_kept_down(install: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let policy = Path::new("/usr/sbin/policy-rc.d");
    if policy.exists() {
        return install();
    }
    std::fs::write(policy, "#!/bin/sh\nexit 101\n")
        .context("cannot write /usr/sbin/policy-rc.d")?;
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let result = std::fs::set_permissions(policy, executable)
        .context("cannot make /usr/sbin/policy-rc.d executable")
        .and_then(|()| install());
    std::fs::remove_file(policy).context("cannot remove /usr/sbin/policy-rc.d")?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_comes_from_the_mirror_in_use() {
        let target = |address: &str, release: &str| (address.to_owned(), release.to_owned());
        let targets = [
            target("http://elsewhere.example/tools/", "stable"),
            target(
                "http://mirror.example/debian-security/",
                "bookworm-security",
            ),
            target("http://mirror.example/debian/", "bookworm"),
        ];
        assert_eq!(
            mirror(&targets, "bookworm-backports"),
            Some("http://mirror.example/debian/")
        );
        assert_eq!(
            mirror(&targets, "sid"),
            Some("http://mirror.example/debian/")
        );
        assert_eq!(mirror(&targets[..2], "sid"), None);
    }
}
