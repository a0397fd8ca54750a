//! The programs under test: gmsactl as users get it, and one that can be told when to die.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// gmsactl as users get it.
pub fn gmsactl() -> PathBuf {
    built().join("gmsactl")
}

/// gmsactl that dies at the record that `GMSACTL_DIE` names.
pub fn gmsactl_that_dies() -> PathBuf {
    built().join("gmsactl-that-dies")
}

/// gmsactl that carries this agent.
pub fn gmsactl_with_agent(agent: &Path) -> PathBuf {
    let program = built().join("gmsactl-with-agent");
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let profile = program.ancestors().nth(2).unwrap();
        let agent = [("GMSACTL_AGENT_EXE", agent.as_os_str())];
        build(profile, &[], &agent, &program);
    });
    program
}

/// The folder of both; the first test of a run builds them, so that none meets an old one.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap(); // target/debug/deps/all-…
        let profile = test.ancestors().nth(2).unwrap();
        let folder = profile.join("under-test");
        fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        // nextest runs every test in a process of its own, and all of them with one id.
        let run = std::env::var("NEXTEST_RUN_ID").ok();
        let last_run = fs::read_to_string(folder.join("run")).ok();
        if run.is_none() || run != last_run {
            build(
                profile,
                &["--features", "faults"],
                &[],
                &folder.join("gmsactl-that-dies"),
            );
            build(profile, &[], &[], &folder.join("gmsactl"));
            fs::write(folder.join("run"), run.unwrap_or_default()).unwrap();
        }
        folder
    })
}

/// Builds into the target folder that this test was built into, and keeps a copy: the next build replaces the file.
fn build(profile: &Path, features: &[&str], environment: &[(&str, &OsStr)], copy: &Path) {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "gmsactl",
            "--target-dir",
        ])
        .arg(profile.parent().unwrap())
        .args(features)
        .envs(environment.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let fresh = copy.with_extension("new");
    fs::copy(profile.join("gmsactl"), &fresh).unwrap();
    fs::rename(fresh, copy).unwrap();
}
