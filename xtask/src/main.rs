//! The project's own tasks, run as `cargo xtask TASK`.

mod agent;
mod bench;
mod ci;
mod differential;
mod floors;
mod kill;
mod repo;
mod rig;
mod system;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check everything that a change must pass.
    Ci,
    /// Check that no crate imports from its own floor or above.
    Floors,
    /// Stand up, take down or show the real systems that gmsactl is tested against.
    Rig(rig::Args),
    /// Measure how fast gmsactl is, beside a peer or a limit.
    Bench {
        /// One part only.
        part: Option<bench::Part>,
    },
    /// Kill gmsactl at the records of its journal on the rig, and end every run both ways.
    Kill(kill::Args),
    /// Do random operations on the embedded lab and on the rig's domain controller, and compare.
    Differential(differential::Args),
    /// Build the Windows agent and the stand-ins from Linux.
    Agent,
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Ci => ci::run(),
        Task::Floors => floors::run(),
        Task::Rig(args) => rig::run(&args),
        Task::Bench { part } => bench::run(part),
        Task::Kill(args) => kill::run(&args),
        Task::Differential(args) => differential::run(&args),
        Task::Agent => agent::run(),
    }
}
