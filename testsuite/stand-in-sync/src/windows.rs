//! The programs on Windows: their arguments, stdin, files, and how a failure ends.

mod registry;
mod service;

use std::io::{BufRead, Error};
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::account::Account;
use crate::change::{self, Change};
use crate::installation::{Installation, Refusal};
use crate::key_set::KeySet;
use crate::password::{Password, PasswordArgument};
use crate::{Program, Usage, activation, key_utility};

/// The operator's place for key sets.
const BACKUPS: &str = r"C:\MIMBackup";

/// Why a program ends without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}", .0.0)]
    Usage(Usage),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("this stand-in does not {0}")]
    NotBuilt(&'static str),
    #[error("{what}: {cause}")]
    System { what: String, cause: Error },
}

/// Runs a program to its end.
pub fn run(program: Program) -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let result = match program {
        Program::Service => service::dispatch(),
        Program::KeyUtility => manage_keys(&arguments),
        Program::Activation => activate(&arguments),
        Program::Setup => match arguments.split_first() {
            Some((verb, rest)) if verb == change::CHECK => told(rest).map(drop),
            Some((verb, rest)) if verb == change::CHANGE => change_account(rest),
            _ => set_up(&arguments),
        },
        Program::Keeper => keep(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(if matches!(failure, Failure::Usage(_)) {
                2
            } else {
                1
            })
        }
    }
}

fn manage_keys(arguments: &[String]) -> Result<(), Failure> {
    let (order, quiet) = key_utility::parse(arguments).map_err(Failure::Usage)?;
    let installation = registry::load()?;
    let done = match order {
        key_utility::Order::Export {
            file,
            account,
            password,
        } => {
            export(&installation, &file, account, password)?;
            "the key set was exported"
        }
        key_utility::Order::Check { id } if id == *installation.key_set.id() => {
            "the key set is in use"
        }
        key_utility::Order::Check { .. } => return Err(Refusal::OtherKeySet.into()),
        key_utility::Order::Import => return Err(Failure::NotBuilt("import key sets")),
        key_utility::Order::Abandon => return Err(Failure::NotBuilt("abandon key sets")),
    };
    say(done, quiet);
    Ok(())
}

fn export(
    installation: &Installation,
    file: &str,
    account: Option<Account>,
    password: PasswordArgument,
) -> Result<(), Failure> {
    let account = account.ok_or(Failure::NotBuilt(
        "know whom it runs as: name the account with /u:",
    ))?;
    // A managed account is documented with `*` and without: there is nothing to ask for.
    let asks = !installation.bound_to.is_managed();
    let password = obtain(password, asks)?;
    installation.may_export(&account, password.as_ref())?;
    std::fs::write(file, installation.key_set.expose_file())
        .map_err(|cause| failed(format!("cannot write {file}"), cause))
}

fn activate(arguments: &[String]) -> Result<(), Failure> {
    let order = activation::parse(arguments).map_err(Failure::Usage)?;
    let mut installation = registry::load()?;
    let service = service::observe()?;
    let file = Zeroizing::new(
        std::fs::read(&order.file)
            .map_err(|cause| failed(format!("cannot read {}", order.file), cause))?,
    );
    let password = obtain(order.password, true)?;
    installation.activate(&file, &service, &order.account, password.as_ref())?;
    registry::save(&installation)?;
    say("the synchronization service was activated", order.quiet);
    Ok(())
}

/// `stand-in-setup DOMAIN\name [FILE]`, the password on stdin: makes a key set, or takes that of the active server and is
/// its standby.
fn set_up(arguments: &[String]) -> Result<(), Failure> {
    let usage = || {
        Failure::Usage(Usage(
            r"usage: stand-in-setup DOMAIN\name [FILE] < PASSWORD",
        ))
    };
    let (account, file) = match arguments {
        [account] => (account, None),
        [account, file] => (account, Some(file)),
        _ => return Err(usage()),
    };
    let account = Account::parse(account).ok_or_else(usage)?;
    let key_set = match file {
        None => KeySet::random()
            .map_err(|cause| failed("no random numbers".into(), Error::other(cause.to_string())))?,
        Some(file) => {
            let content = std::fs::read(file);
            let content = content.map_err(|cause| failed(format!("cannot read {file}"), cause))?;
            service::stand_by()?;
            KeySet::from_file(&content).ok_or(Refusal::NotAKeySet)?
        }
    };
    let installation = Installation::new(key_set, account, &ask()?);
    save_key_set(&installation)?;
    registry::save(&installation)
}

/// What setup in change mode was told, where it is sound.
fn told(arguments: &[String]) -> Result<Change, Failure> {
    let change = Change::parse(arguments).map_err(Failure::Usage)?;
    change.check()?;
    Ok(change)
}

/// Sets the account; with a key set file activates that for it. The service stays stopped.
fn change_account(arguments: &[String]) -> Result<(), Failure> {
    let change = told(arguments)?;
    let mut installation = registry::load()?;
    service::set_account(&change.account)?;
    if let Some(file) = &change.key_set {
        let content = Zeroizing::new(
            std::fs::read(file).map_err(|cause| failed(format!("cannot read {file}"), cause))?,
        );
        let (service, password) = (service::observe()?, change.password.as_ref());
        installation.activate(
            &content,
            &service,
            &change.account.without_dollar(),
            password,
        )?;
        registry::save(&installation)?;
    }
    save_key_set(&installation)
}

/// The file that setup saves at its end, where its operator would have it.
fn save_key_set(installation: &Installation) -> Result<(), Failure> {
    std::fs::create_dir_all(BACKUPS)
        .and_then(|()| {
            let file = std::path::Path::new(BACKUPS).join("miiskeys.bin");
            std::fs::write(file, installation.key_set.expose_file())
        })
        .map_err(|cause| failed(format!("cannot save the key set in {BACKUPS}"), cause))
}

/// `stand-in-keeper FILE`: makes the file, then stays until the host is shut down. Wine ends a host's
/// services with its last other program.
fn keep(arguments: &[String]) -> Result<(), Failure> {
    let [ready] = arguments else {
        return Err(Failure::Usage(Usage("usage: stand-in-keeper FILE")));
    };
    std::fs::write(ready, "").map_err(|cause| failed(format!("cannot write {ready}"), cause))?;
    loop {
        std::thread::park();
    }
}

fn obtain(argument: PasswordArgument, asks: bool) -> Result<Option<Password>, Failure> {
    match argument {
        PasswordArgument::Absent => Ok(None),
        PasswordArgument::Asked if asks => Ok(Some(ask()?)),
        PasswordArgument::Asked => Ok(None),
        PasswordArgument::Given(password) => Ok(Some(password)),
    }
}

fn ask() -> Result<Password, Failure> {
    eprint!("Password: ");
    let mut line = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|cause| failed("cannot read the password".into(), cause))?;
    Ok(Password::new(line.trim_end_matches(['\r', '\n'])))
}

fn say(text: &str, quiet: bool) {
    if !quiet {
        println!("{text}");
    }
}

fn failed(what: String, cause: Error) -> Failure {
    Failure::System { what, cause }
}
