//! Task `kill`: gmsactl killed by SIGKILL before and after every record of its journal, on the rig.
//!
//! The testsuite does it, and does the same at a sample of the records in every run of the tests.

use std::num::NonZeroUsize;

use anyhow::{Context, bail};

use crate::repo;

/// The test, and the variable that makes it take every Nth record.
const TEST: &str = "cli::kill::killed_at_any_record_it_ends_clean";
const VARIABLE: &str = "GMSACTL_KILL_EVERY";

#[derive(clap::Args)]
pub struct Args {
    /// Take every Nth record only; all of them take 17 minutes on 2 idle cores.
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZeroUsize,
}

/// Runs the test and shows its table; fails if a run did not end clean.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let status = repo::cargo()
        .args(["test", "--quiet", "--locked", "--package", "testsuite"])
        .args(["--test", "all", "--", "--exact", TEST, "--nocapture"])
        .env(VARIABLE, args.every.to_string())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("a killed run did not end clean: the table above says which");
    }
    Ok(())
}
