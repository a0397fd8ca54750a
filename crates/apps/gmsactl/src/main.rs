//! gmsactl: converts Windows services from password accounts to group managed service accounts.
//!
//! | folder | what |
//! |---|---|
//! | `cmd/` | one file per verb: arguments, what to ask the lower floors, what document comes out |
//! | `controller.rs` | which domain controller a command works with |
//! | `documents.rs` | what the verbs print: the contract of `--json` |
//! | `view/` | every document as JSON and for people; the only place that prints |
//! | `error.rs` | errors of all floors, mapped to kinds, hints and exit codes |
//! | `manual.rs` | the rows of `docs/`, for `explain` |
//! | `lab_….rs` | the lab instead of an estate, for `demo`, `rehearse`, `lab`: `estate` is the world, `stage` what works on it, `import`, `saved`, `seed_file` where it comes from |
//! | `session.rs` | estate, directory, hosts, passwords, journal: put together once per run |

mod agent_file;
mod cli;
mod cmd;
mod controller;
mod database_servers;
mod documents;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod inputs;
mod lab_by_hand;
mod lab_controllers;
mod lab_databases;
mod lab_estate;
#[cfg(test)]
mod lab_exchange_tests;
mod lab_fault;
mod lab_import;
#[cfg(test)]
mod lab_only_tests;
mod lab_page;
mod lab_saved;
#[cfg(test)]
mod lab_sealed_tests;
mod lab_seed_file;
#[cfg(test)]
mod lab_setup_tests;
mod lab_snapshot;
mod lab_stage;
mod manual;
mod operator;
mod options;
mod passwords;
mod session;
mod setup_packages;
mod system;
mod view;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (cli, output) = match cli::parse() {
        Ok(parsed) => parsed,
        Err(exit) => return exit,
    };
    view::log::start(cli.global.log);
    match cli::run(cli, &output) {
        Ok(exit) => ExitCode::from(exit),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit)
        }
    }
}
