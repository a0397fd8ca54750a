//! Task `rig`: the real systems that gmsactl is tested against.

use clap::Subcommand;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Stand the rig up: nothing is done twice.
    Up,
}

/// Runs the task.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match args.verb {
        Verb::Up => anyhow::bail!("not yet written"),
    }
}
