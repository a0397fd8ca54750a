//! The command line: its verbs, and which file does each. A verb's own options are in its file under `cmd/`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cmd;
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::view::Output;

/// Moves Windows services from password accounts to group managed service accounts (gMSA):
/// finds, plans, applies with a journal, verifies, rolls back.
#[derive(Debug, Parser)]
#[command(
    name = "gmsactl",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done · 1 refused or failed, nothing left half-way · 2 plan: there are changes · \
                  3 failed and unwound · 4 stuck: needs the command it prints · 5 waits at a gate: apply again later · \
                  64 wrong usage\n\n\
                  Example:\n  gmsactl discover --estate estate.toml --out inventory.json --intent conversion.toml\n  \
                  gmsactl plan --estate estate.toml --out plan.json\n  gmsactl apply plan.json --estate estate.toml"
)]
pub struct Cli {
    /// Options that every verb takes.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The whole conversion of a reference MIM estate in the built-in lab, with an HTML report.
    Demo(cmd::demo::Demo),
    /// The built-in lab: a reference estate that stays up, for trying and teaching.
    #[command(subcommand)]
    Lab(cmd::lab::LabVerb),
    /// Can this machine reach the directory and the hosts, and with which rights?
    #[command(after_help = "Example:\n  gmsactl doctor --estate estate.toml")]
    Doctor,
    /// Find what is there: directory and hosts into an inventory, and a first conversion.toml.
    Discover(cmd::discover::Discover),
    /// Plan the conversion and show it as a diff; exit code 2 if it has changes, 1 if it is blocked.
    Plan(cmd::plan::PlanArgs),
    /// Run a saved plan on a copy of the estate in the built-in lab, with faults of your choice.
    Rehearse(cmd::rehearse::Rehearse),
    /// Apply a saved plan, or go on with it where it was interrupted.
    Apply(cmd::apply::Apply),
    /// Look whether everything that a run brought about still holds.
    Verify(cmd::verify::Verify),
    /// Take a run back.
    Rollback(cmd::rollback::Rollback),
    /// List the runs of the journal, or show one.
    Runs(cmd::runs::Runs),
    /// KDS root keys: list them; derive a managed password offline.
    #[command(subcommand)]
    Kds(cmd::kds::Kds),
    /// Accounts: gMSAs from creation to deletion, and why one cannot be used.
    #[command(subcommand)]
    Account(cmd::account::AccountVerb),
    /// Explain a finding, a kind of step, or a Windows error or event: cause, check, fix.
    Explain(cmd::explain::Explain),
    /// Single things on one host, through its agent: services, rights, pools, tasks, registry, events.
    #[command(subcommand)]
    Host(cmd::host::HostVerb),
    /// Microsoft Identity Manager: what of it is installed where.
    #[command(subcommand)]
    Mim(cmd::mim::MimVerb),
    /// Key sets of the Synchronization Service: where they are, exports of them, whether those are still whole.
    #[command(subcommand)]
    Keyset(cmd::keyset::KeysetVerb),
    /// The agent that gmsactl brings along: put on hosts, looked at, taken away.
    #[command(subcommand)]
    Agent(cmd::agent::AgentVerb),
    /// Installation packages: what they can be told, and what they do with it.
    #[command(subcommand)]
    Msi(cmd::msi::Msi),
    /// Keytabs of gMSAs, for hosts that are no Windows.
    #[command(subcommand)]
    Keytab(cmd::keytab::KeytabVerb),
    /// Security groups: members, also through other groups.
    #[command(subcommand)]
    Group(cmd::group::GroupVerb),
    /// Service principal names: who holds them in the forest, moving them, duplicates.
    #[command(subcommand)]
    Spn(cmd::spn::SpnVerb),
    /// Database servers: whether an account gets into a database, and what it lacks there.
    #[command(subcommand)]
    Sql(cmd::sql::SqlVerb),
    /// Delegation: towards what an account may act in users' names.
    #[command(subcommand)]
    Delegation(cmd::delegation::DelegationVerb),
    /// Decode what the directory stores: hex or base64 from standard input, JSON or text out, secrets hidden.
    #[command(subcommand)]
    Decode(cmd::decode::Decode),
}

/// Reads the command line; on a mistake (or `--help`) prints what is to be said and returns the exit code.
pub fn parse() -> Result<(Cli, Output), ExitCode> {
    let args: Vec<OsString> = std::env::args_os().collect();
    let wants_json = args.iter().any(|arg| arg == "--json");
    let matches = Cli::command().try_get_matches_from(args);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => {
            let output = Output::new(cli.global.json);
            Ok((cli, output))
        }
        Err(error) => Err(complain(&error, wants_json)),
    }
}

/// Runs the verb.
pub fn run(cli: Cli, output: &Output) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Failure::new("internal", "the runtime does not start").caused_by(&error)
    })?;
    let global = &cli.global;
    let done = runtime.block_on(async {
        let done = match cli.verb {
            Verb::Demo(args) => cmd::demo::run(&args, global, output).await,
            Verb::Lab(verb) => cmd::lab::run(&verb, output).await,
            Verb::Doctor => cmd::doctor::run(global, output).await,
            Verb::Discover(args) => cmd::discover::run(&args, global, output).await,
            Verb::Plan(args) => cmd::plan::run(&args, global, output).await,
            Verb::Rehearse(args) => cmd::rehearse::run(&args, global, output).await,
            Verb::Apply(args) => cmd::apply::run(&args, global, output).await,
            Verb::Verify(args) => cmd::verify::run(&args, global, output).await,
            Verb::Rollback(args) => cmd::rollback::run(&args, global, output).await,
            Verb::Runs(args) => cmd::runs::run(&args, global, output),
            Verb::Kds(verb) => cmd::kds::run(&verb, global, output).await,
            Verb::Host(verb) => cmd::host::run(&verb, global, output).await,
            Verb::Agent(verb) => cmd::agent::run(&verb, global, output).await,
            Verb::Account(verb) => cmd::account::run(&verb, global, output).await,
            Verb::Explain(args) => cmd::explain::run(&args, output),
            Verb::Keyset(verb) => cmd::keyset::run(&verb, global, output).await,
            Verb::Mim(verb) => cmd::mim::run(&verb, global, output).await,
            Verb::Msi(verb) => cmd::msi::run(&verb, global, output).await,
            Verb::Keytab(verb) => cmd::keytab::run(&verb, global, output).await,
            Verb::Group(verb) => cmd::group::run(&verb, global, output).await,
            Verb::Spn(verb) => cmd::spn::run(&verb, global, output).await,
            Verb::Sql(verb) => cmd::sql::run(&verb, global, output).await,
            Verb::Delegation(verb) => cmd::delegation::run(&verb, global, output).await,
            Verb::Decode(verb) => cmd::decode::run(&verb, output),
        };
        global.visited.leave().await;
        done
    });
    // A read of standard input that still waits would keep the program from ending.
    runtime.shutdown_background();
    done
}

fn complain(error: &clap::Error, wants_json: bool) -> ExitCode {
    let output = Output::new(wants_json);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output.text(
                &error.render().ansi().to_string(),
                &error.render().to_string(),
            );
            ExitCode::SUCCESS
        }
        _ if wants_json => {
            let message = error.render().to_string();
            let line = message
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            output.failure(
                &Failure::new("usage", line)
                    .hint("gmsactl --help")
                    .exit(exit::USAGE),
            );
            ExitCode::from(exit::USAGE)
        }
        _ => {
            output.complaint(
                &error.render().ansi().to_string(),
                &error.render().to_string(),
            );
            ExitCode::from(exit::USAGE)
        }
    }
}
