//! `cargo xtask ci`: what must hold before a commit is pushed, in the order of the cheapest first.
//!
//! It is what the CI runs too, but for the tests against real systems: those need the rig, and
//! `./test` in the root runs them after this.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{floors, repo};

/// Runs every check, prints the time of each, and stops at the first that fails.
///
/// # Errors
/// Names the check that failed; its own output stands above.
pub fn run() -> anyhow::Result<()> {
    let mut times = Times::default();
    times.cargo("format", &["fmt", "--all", "--check"])?;
    times.timed("floors", floors::run)?;
    times.cargo(
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    times.timed("docs", || {
        cargo(
            &["doc", "--workspace", "--no-deps", "--locked"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        )
    })?;
    unit_tests(&mut times)?;
    let denied = dependencies(&mut times)?;
    times.print();
    if !denied {
        eprintln!("ci: LICENCES AND BANNED CRATES WERE NOT CHECKED: cargo-deny is not installed");
        eprintln!("ci: install it with `cargo install cargo-deny --locked`, or run ./test");
    }
    Ok(())
}

/// All tests that need nothing but this machine; `testsuite` needs the rig.
fn unit_tests(times: &mut Times) -> anyhow::Result<()> {
    times.cargo(
        "tests",
        &["test", "--workspace", "--exclude", "testsuite", "--locked"],
    )
}

/// Licences, banned crates and sources as `deny.toml` says; `false` if cargo-deny is missing.
fn dependencies(times: &mut Times) -> anyhow::Result<bool> {
    let installed = has_subcommand("deny");
    if installed {
        times.cargo(
            "deny",
            &["deny", "--locked", "check", "licenses", "bans", "sources"],
        )?;
    }
    Ok(installed)
}

/// How long each check took.
#[derive(Default)]
struct Times(Vec<(&'static str, Duration)>);

impl Times {
    fn cargo(&mut self, name: &'static str, arguments: &[&str]) -> anyhow::Result<()> {
        self.timed(name, || cargo(arguments, &[]))
    }

    fn timed(
        &mut self,
        name: &'static str,
        check: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        eprintln!("ci: {name}");
        let start = Instant::now();
        check().with_context(|| format!("ci stops at {name}"))?;
        self.0.push((name, start.elapsed()));
        Ok(())
    }

    fn print(&self) {
        for (name, time) in &self.0 {
            println!("ci: {name:<9} {:>6.1} s", time.as_secs_f64());
        }
    }
}

/// Runs cargo in the workspace root, its output straight to the terminal.
fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let status = repo::cargo()
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

fn has_subcommand(name: &str) -> bool {
    repo::cargo()
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
