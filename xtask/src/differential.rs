//! Task `differential`: random operations on the embedded lab and on the rig's domain controller must do the same.
//!
//! The testsuite does it, and does fewer of them in every run of the tests.

use std::num::NonZeroU64;
use std::process::Command;

use anyhow::{Context, bail};

use crate::repo;

/// The test, and the variables that it takes.
const TEST: &str = "differential::lab_and_rig_do_the_same";
const OPERATIONS: &str = "GMSACTL_DIFFERENTIAL_OPERATIONS";
const SEED: &str = "GMSACTL_DIFFERENTIAL_SEED";

#[derive(clap::Args)]
pub struct Args {
    /// How many operations, in sequences of 60.
    #[arg(long, value_name = "N", default_value = "100000")]
    operations: NonZeroU64,
    /// Where the random numbers begin; the clock's seconds unless given.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs the test and shows its figures; fails if the two differ in a way that is not on the list.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .context("the clock stands before 1970")?
            .as_secs(),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--locked", "--package", "testsuite"])
        .args(["--test", "all", "--", "--exact", TEST, "--nocapture"])
        .env(OPERATIONS, args.operations.to_string())
        .env(SEED, seed.to_string())
        .current_dir(repo::root())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("lab and rig differ, or the rig is not up: see above; the seed was {seed}");
    }
    Ok(())
}
