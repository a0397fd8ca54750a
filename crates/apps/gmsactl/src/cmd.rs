//! The verbs, one file each: arguments in, exit code out.

pub mod account;
pub mod apply;
pub mod decode;
pub mod discover;
pub mod doctor;
pub mod kds;
pub mod plan;
pub mod rollback;
pub mod runs;
pub mod verify;

use model::run::Outcome;

use crate::cli::{Cli, Verb};
use crate::error::{Failure, exit};
use crate::view::Output;

/// What a command hands back: its exit code, or why it could not do its work.
pub type Done = Result<u8, Failure>;

/// Runs the verb.
pub fn run(cli: Cli, output: &Output) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Failure::new("internal", "the runtime does not start").caused_by(&error)
    })?;
    let global = &cli.global;
    runtime.block_on(async {
        match cli.verb {
            Verb::Doctor => doctor::run(global, output).await,
            Verb::Discover(args) => discover::run(&args, global, output).await,
            Verb::Plan(args) => plan::run(&args, global, output).await,
            Verb::Apply(args) => apply::run(&args, global, output).await,
            Verb::Verify(args) => verify::run(&args, global, output).await,
            Verb::Rollback(args) => rollback::run(&args, global, output).await,
            Verb::Runs(args) => runs::run(&args, global, output),
            Verb::Kds(verb) => kds::run(&verb, global, output).await,
            Verb::Account(verb) => account::run(&verb, global, output).await,
            Verb::Decode(verb) => decode::run(&verb, output),
        }
    })
}

/// The exit code of a run's outcome.
fn exit_of(outcome: Outcome, wanted: Outcome) -> u8 {
    match outcome {
        outcome if outcome == wanted => 0,
        Outcome::Done | Outcome::Refused | Outcome::Failed => exit::REFUSED,
        Outcome::Unwound => exit::UNWOUND,
        Outcome::Stuck => exit::STUCK,
        Outcome::Waiting => exit::WAITING,
    }
}
