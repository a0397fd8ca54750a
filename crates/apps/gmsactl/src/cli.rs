//! The command line: global options and verbs. Each verb's own options are in its file under `cmd/`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use model::names::DnsName;

use crate::cmd;
use crate::error::{Failure, exit};
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

/// Options that every verb takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Print one JSON document on standard output and nothing else.
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask anything: what would be asked for must come from options or files.
    #[arg(long, global = true)]
    pub non_interactive: bool,
    /// How to reach things: domain, hosts, where passwords come from.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub estate: Option<PathBuf>,
    /// The journal of all runs [default: gmsactl/journal.sqlite in the platform's data directory].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub state: Option<PathBuf>,
    /// DNS name of the domain.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub domain: Option<DnsName>,
    /// DNS name of a domain controller.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub server: Option<DnsName>,
    /// How to log on to the directory.
    #[arg(long, global = true, value_name = "HOW", help_heading = "Estate")]
    pub auth: Option<AuthChoice>,
    /// Who logs on to the directory.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Estate")]
    pub user: Option<String>,
    /// A file whose first line is that user's password; asked for where nothing names it.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub password_file: Option<PathBuf>,
    /// Certificate authorities (PEM) for LDAPS and StartTLS.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Estate")]
    pub ca_file: Option<PathBuf>,
    /// Log to standard error.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn")]
    pub log: LogLevel,
}

/// How to log on to the directory.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AuthChoice {
    /// Kerberos, without falling back to anything else.
    Kerberos,
    /// NTLM, signed and sealed.
    Ntlm,
    /// Name and password over TLS.
    Simple,
}

/// What goes to the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What may matter.
    Warn,
    /// What an operator would tell a colleague.
    Info,
    /// Every request, without its secrets.
    Debug,
    /// As debug, for builds that have more.
    Trace,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Can this machine reach the directory and the hosts, and with which rights?
    Doctor,
    /// Find what is there: directory and hosts into an inventory, and a first conversion.toml.
    Discover(cmd::discover::Discover),
    /// Plan the conversion and show it as a diff; exit code 2 if it has changes, 1 if it is blocked.
    Plan(cmd::plan::PlanArgs),
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
    /// Accounts: show one.
    #[command(subcommand)]
    Account(cmd::account::AccountVerb),
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
