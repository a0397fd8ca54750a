//! A stand-in for MIM's Synchronization Service and its key tools, for the rig.
//!
//! It holds a key set that is bound to the account it was last activated for, and its service starts
//! under that account only. The rules and command lines are those that Microsoft documents (FIM 2010 R2
//! help for `miisactivate`; MIM 2016 version history, 4.5.26, for the gMSA forms of `miiskmu` and
//! `miisactivate`); whatever is not documented is refused.
//!
//! | program              | role                                                        |
//! |----------------------|-------------------------------------------------------------|
//! | `miiserver.exe`      | the service FIMSynchronizationService                       |
//! | `miiskmu.exe`        | exports and checks the key set                              |
//! | `miisactivate.exe`   | binds the key set to the service's present logon account    |
//! | `stand-in-setup.exe` | what MIM's own setup does: makes the key set; in change mode sets the account |
//! | `stand-in-keeper.exe`| keeps a Wine host's services alive while no one is logged on|
//!
//! Decisions are pure and tested anywhere; the registry and the service control manager are in `windows`.

pub mod activation;
pub mod change;
pub mod installation;
pub mod key_set;
pub mod key_utility;
pub mod password;
#[cfg(windows)]
mod windows;

use std::process::ExitCode;

pub use stand_in_windows::account;

/// A program was called in a way that is not documented: its text is the usage.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(pub &'static str);

/// The programs of this package.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// `miiserver.exe`
    Service,
    /// `miiskmu.exe`
    KeyUtility,
    /// `miisactivate.exe`
    Activation,
    /// `stand-in-setup.exe`
    Setup,
    /// `stand-in-keeper.exe`
    Keeper,
}

/// Runs a program: exit code 0 is success, 1 a refusal or failure, 2 wrong usage.
#[cfg(windows)]
pub fn run(program: Program) -> ExitCode {
    windows::run(program)
}

/// The programs run on Windows only.
#[cfg(not(windows))]
pub fn run(program: Program) -> ExitCode {
    eprintln!("{program:?} runs on Windows only");
    ExitCode::FAILURE
}
