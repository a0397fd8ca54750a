//! Task `differential`: random operations on the embedded lab and on the rig's domain controller must do the same.
//!
//! The testsuite does it, and does fewer of them in every run of the tests.

use std::num::NonZeroU64;

use anyhow::{Context, bail};

use crate::repo;

/// The test, and the variables that it takes.
const TEST: &str = "differential::lab_and_rig_do_the_same";
const OPERATIONS: &str = "GMSACTL_DIFFERENTIAL_OPERATIONS";
const SEED: &str = "GMSACTL_DIFFERENTIAL_SEED";
const FIRST_CASE: &str = "GMSACTL_DIFFERENTIAL_FIRST_CASE";
const MAX_DIFFERENCES: &str = "GMSACTL_DIFFERENTIAL_MAX_DIFFERENCES";

#[derive(clap::Args)]
pub struct Args {
    /// How many operations, in sequences of 60.
    #[arg(long, value_name = "N", default_value = "100000")]
    operations: NonZeroU64,
    /// Where the random numbers begin; the clock's seconds unless given.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Which sequence is the first, to go on from where a run said it was, or to see a difference again.
    #[arg(long, value_name = "N", default_value = "0")]
    first_case: u64,
    /// After how many different differences it ends.
    #[arg(long, value_name = "N", default_value = "12")]
    max_differences: NonZeroU64,
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
    let status = repo::cargo()
        .args(["test", "--quiet", "--locked", "--package", "testsuite"])
        .args(["--test", "all", "--", "--exact", TEST, "--nocapture"])
        .env(OPERATIONS, args.operations.to_string())
        .env("RUST_BACKTRACE", "0") // The differences are told; where the test was then tells nobody anything.
        .env(SEED, seed.to_string())
        .env(FIRST_CASE, args.first_case.to_string())
        .env(MAX_DIFFERENCES, args.max_differences.to_string())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("lab and rig differ, or the rig is not up: see above; the seed was {seed}");
    }
    Ok(())
}
