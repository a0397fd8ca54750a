//! The service FIMSynchronizationService: starts only when the key set is bound to its logon account.

use std::ffi::OsString;
use std::io::Error;

use stand_in_windows::windows::service::{self, Refused, Started};
use windows_service::define_windows_service;
use windows_service::service::ServiceExitCode;

use super::{Failure, failed, registry};
use crate::account::Account;
use crate::installation::Service;

const NAME: &str = "FIMSynchronizationService";
/// Event 6028 of the real service: "The server encryption keys could not be accessed."
const KEYS_NOT_ACCESSIBLE: u32 = 6028;

define_windows_service!(service_main, serve);

/// Hands this process to the service control manager, which starts `serve`.
pub fn dispatch() -> Result<(), Failure> {
    service::dispatch(service_main)
        .map_err(|cause| failed("this program is a service".to_owned(), Error::other(cause)))
}

/// The service as its control manager shows it.
pub fn observe() -> Result<Service, Failure> {
    let observed = service::observe(NAME).map_err(|cause| {
        let what = "cannot read the synchronization service";
        failed(what.to_owned(), Error::other(format!("{cause:#}")))
    })?;
    Ok(Service {
        logon_account: observed.account,
        stopped: observed.stopped,
    })
}

/// Gives it another account.
pub fn set_account(account: &Account) -> Result<(), Failure> {
    service::set_account(NAME, account).map_err(not_changed)
}

/// Makes it that of a warm standby, which is started by hand.
pub fn stand_by() -> Result<(), Failure> {
    service::start_on_demand(NAME).map_err(not_changed)
}

fn not_changed(cause: impl std::fmt::Display) -> Failure {
    let what = "cannot change the synchronization service";
    failed(what.to_owned(), Error::other(format!("{cause:#}")))
}

fn serve(arguments: Vec<OsString>) {
    service::serve(arguments, may_start, |_, stop| {
        let _ = stop.recv(); // Also when nobody can stop it any more.
    });
}

fn may_start(started: &Started) -> Result<(), Refused> {
    let has_keys = || Ok(registry::load()?.start(started.account.clone())?);
    has_keys().map_err(|failure: Failure| Refused {
        code: ServiceExitCode::ServiceSpecific(KEYS_NOT_ACCESSIBLE),
        why: failure.to_string(),
    })
}
