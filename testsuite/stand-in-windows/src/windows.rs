//! The programs on Windows.

mod key_protect;
pub mod machine;
pub mod protected;
pub mod service;
mod service_setup;

use std::ffi::OsString;
use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail};
use windows_service::define_windows_service;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::program::Program;

define_windows_service!(service_main, serve);
define_windows_service!(key_protect_main, serve_keys);

/// Does what the program's file is called.
pub fn run() -> ExitCode {
    match do_as_called() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn do_as_called() -> anyhow::Result<()> {
    match Program::of_file(&std::env::current_exe()?) {
        Program::Service => service::dispatch(service_main),
        Program::KeyProtect => service::dispatch(key_protect_main),
        Program::Worker => {
            let (account, password) = named_account()?;
            machine::log_on_with(&account, &password)
        }
        Program::Lsa => {
            let (account, password) = named_account()?;
            machine::keep_password(&account, &password)
        }
        Program::ServiceSetup => service_setup::run(),
    }
}

fn serve(arguments: Vec<OsString>) {
    service::serve(
        arguments,
        |_| Ok(()),
        |_, stop| {
            let _ = stop.recv(); // Also when nobody can stop it any more.
        },
    );
}

fn serve_keys(arguments: Vec<OsString>) {
    service::serve(arguments, key_protect::may_start, key_protect::run);
}

/// `DOMAIN\name` from the command line, the password from stdin: empty for a managed account.
fn named_account() -> anyhow::Result<(Account, Zeroizing<Vec<u8>>)> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [account] = arguments.as_slice() else {
        bail!(r"usage: PROGRAM DOMAIN\name < PASSWORD");
    };
    let account = account.to_string_lossy();
    let account = Account::parse(&account).context("this names no account")?;
    let mut password = Zeroizing::new(Vec::new());
    std::io::stdin().read_to_end(&mut password)?;
    Ok((account, password))
}
