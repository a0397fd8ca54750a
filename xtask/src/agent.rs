//! Task `agent`: builds the Windows programs from Linux into `target/agent`; and gmsactl.exe for the rig.
//!
//! The standard library for Windows comes from rustup. Where rustup cannot download it, it is built from
//! the source that Debian ships for exactly this compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::repo;
use crate::system::packages::{self, Apt};
use crate::system::{command, files, progress::step};

const TARGET: &str = "x86_64-pc-windows-gnu";
/// gmsactl as a Windows program.
pub const GMSACTL: &str = "gmsactl.exe";
const PROGRAMS: &[&str] = &[
    "gmsactl-agent.exe",
    "miiserver.exe",
    "miiskmu.exe",
    "miisactivate.exe",
    "stand-in-setup.exe",
    "stand-in-keeper.exe",
    "stand-in-powershell.exe",
    "stand-in-windows.exe",
    "stand-in-iis-setup.exe",
    "stand_in_iis.dll",
];
/// The suites that hold Rust's source, newest stable first.
const SUITES: &[&str] = &["trixie-backports", "sid"];

/// What Wine before version 9 lacks and Rust's standard library needs, beside the programs.
pub const SHIM: &str = "bcryptprimitives.dll";

/// The folder with the built programs.
pub fn folder() -> PathBuf {
    repo::root().join("target/agent")
}

/// Runs the task.
pub fn run() -> anyhow::Result<()> {
    let packages = [
        "gmsactl-agent",
        "stand-in-sync",
        "stand-in-powershell",
        "stand-in-windows",
        "stand-in-iis",
    ];
    let log = make("build the Windows programs", &packages, PROGRAMS)?;
    shim(&log)
}

/// Builds [`GMSACTL`], with everything that gmsactl needs: some minutes the first time.
pub fn gmsactl() -> anyhow::Result<()> {
    make("build gmsactl for Windows", &["gmsactl"], &[GMSACTL]).map(drop)
}

/// Builds programs into the folder; the log of what that needed.
fn make(what: &str, crates: &[&str], programs: &[&str]) -> anyhow::Result<PathBuf> {
    let log = folder().join("build.log");
    files::create_folder(&folder())?;
    packages::ensure(packages::CROSS_BUILD, &log)?;
    let standard_library = step("find Rust's standard library for Windows", || {
        StandardLibrary::find(&log)
    })?;
    step(what, || build(standard_library, crates, programs))?;
    Ok(log)
}

/// Where the standard library for Windows comes from.
#[derive(Clone, Copy)]
enum StandardLibrary {
    /// Compiled, in the toolchain.
    Installed,
    /// From its source, in the toolchain.
    Source,
}

impl StandardLibrary {
    fn find(log: &Path) -> anyhow::Result<Self> {
        let rustlib = sysroot()?.join("lib/rustlib");
        let installed = || rustlib.join(TARGET).join("lib").exists();
        let source = rustlib.join("src/rust/library");
        if installed() || (!source.exists() && rustup_adds_it(log) && installed()) {
            return Ok(Self::Installed);
        }
        if !source.exists() {
            fetch_source(&source, log)?;
        }
        Ok(Self::Source)
    }
}

fn rustup_adds_it(log: &Path) -> bool {
    let mut rustup = Command::new("timeout"); // Without a network it tries for minutes.
    command::run(rustup.args(["60", "rustup", "target", "add", TARGET]), log).is_ok()
}

/// Takes the library's source from Debian's package, in apt folders of our own.
fn fetch_source(source: &Path, log: &Path) -> anyhow::Result<()> {
    let version = compiler_version()?;
    let scratch = folder().join("rust-src");
    for suite in SUITES {
        let apt = Apt::of_suite(&scratch, suite)?;
        if command::run(apt.get().arg("update"), log).is_ok()
            && command::run(
                apt.get()
                    .args(["download", &format!("rust-src={version}+*")]),
                log,
            )
            .is_ok()
        {
            return unpack(&scratch, &version, source, log);
        }
    }
    bail!(
        "no standard library for {TARGET}: rustup cannot add it, and Debian has no rust-src {version}; see {}",
        log.display()
    )
}

fn unpack(scratch: &Path, version: &str, source: &Path, log: &Path) -> anyhow::Result<()> {
    let package = std::fs::read_dir(scratch)
        .with_context(|| format!("cannot read {}", scratch.display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download left no package")?;
    command::run(
        Command::new("dpkg")
            .arg("--extract")
            .arg(package)
            .arg(scratch),
        log,
    )?;
    let library = scratch.join(format!("usr/src/rustc-{version}/library"));
    files::create_folder(source.parent().unwrap_or(source))?;
    command::run(
        Command::new("cp")
            .arg("--recursive")
            .arg(library)
            .arg(source),
        log,
    )?;
    std::fs::remove_dir_all(scratch).with_context(|| format!("cannot remove {}", scratch.display()))
}

fn build(
    standard_library: StandardLibrary,
    crates: &[&str],
    programs: &[&str],
) -> anyhow::Result<()> {
    let mut cargo = repo::cargo();
    cargo.args(["build", "--quiet", "--release", "--target", TARGET]);
    cargo.args(crates.iter().flat_map(|name| ["--package", name]));
    if matches!(standard_library, StandardLibrary::Source) {
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .arg("-Zbuild-std=std,panic_abort");
    }
    let status = cargo.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo ended with {status}");
    }
    let built = cargo_target_folder().join(TARGET).join("release");
    for program in programs {
        files::copy(&built.join(program), &folder().join(program))?;
    }
    Ok(())
}

fn shim(log: &Path) -> anyhow::Result<()> {
    let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
    compiler
        .args(["-shared", "-O2", "-s", "-o"])
        .arg(folder().join(SHIM));
    compiler
        .arg(repo::rig_data("bcryptprimitives.c"))
        .arg("-ladvapi32");
    command::run(&mut compiler, log)
}

fn cargo_target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    repo::root().join(named.unwrap_or_else(|| "target".into()))
}

fn sysroot() -> anyhow::Result<PathBuf> {
    Ok(command::output(rustc().args(["--print", "sysroot"]))?
        .trim()
        .into())
}

/// The compiler's version as Debian writes it, such as `1.95.0`.
fn compiler_version() -> anyhow::Result<String> {
    let words = command::output(rustc().arg("--version"))?;
    words
        .split(' ')
        .nth(1)
        .map(str::to_owned)
        .context("rustc prints no version")
}

fn rustc() -> Command {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(repo::root());
    rustc
}
