//! The service FIMSynchronizationService: starts only when the key set is bound to its logon account.

use std::ffi::OsString;
use std::io::{Error, Write};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windows_service::service::{
    ServiceAccess, ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState,
    ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    self, ServiceControlHandlerResult, ServiceStatusHandle,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

use super::{Failure, failed, registry};
use crate::account::Account;
use crate::installation::Service;

const NAME: &str = "FIMSynchronizationService";
/// Event 6028 of the real service: "The server encryption keys could not be accessed."
const KEYS_NOT_ACCESSIBLE: u32 = 6028;

define_windows_service!(service_main, serve);

/// Hands this process to the service control manager, which starts `serve`.
pub fn dispatch() -> Result<(), Failure> {
    service_dispatcher::start(NAME, service_main)
        .map_err(|cause| manager("this program is a service", cause))
}

/// The service as its control manager shows it.
pub fn observe() -> Result<Service, Failure> {
    let what = "cannot read the synchronization service";
    let manager_of = |cause| manager(what, cause);
    let services = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .map_err(manager_of)?;
    let service = services
        .open_service(
            NAME,
            ServiceAccess::QUERY_CONFIG | ServiceAccess::QUERY_STATUS,
        )
        .map_err(manager_of)?;
    let name = service
        .query_config()
        .map_err(manager_of)?
        .account_name
        .unwrap_or_default();
    let name = name.to_string_lossy();
    let logon_account = Account::parse(&name).ok_or_else(|| {
        failed(
            what.into(),
            Error::other(format!("it logs on as {name}, which is no domain account")),
        )
    })?;
    let stopped =
        service.query_status().map_err(manager_of)?.current_state == ServiceState::Stopped;
    Ok(Service {
        logon_account,
        stopped,
    })
}

fn serve(_arguments: Vec<OsString>) {
    let (stop, stopped) = mpsc::channel();
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            let _ = stop.send(()); // A second order to stop finds no one who waits for it.
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(status) = service_control_handler::register(NAME, handler) else {
        return log("cannot register with the service control manager");
    };
    report(
        status,
        ServiceState::StartPending,
        ServiceExitCode::NO_ERROR,
    );
    if let Err(failure) = may_start() {
        log(&format!("not started: {failure}"));
        return report(
            status,
            ServiceState::Stopped,
            ServiceExitCode::ServiceSpecific(KEYS_NOT_ACCESSIBLE),
        );
    }
    log("started");
    report(status, ServiceState::Running, ServiceExitCode::NO_ERROR);
    let _ = stopped.recv();
    log("stopped");
    report(status, ServiceState::Stopped, ServiceExitCode::NO_ERROR);
}

fn may_start() -> Result<(), Failure> {
    let installation = registry::load()?;
    Ok(installation.start(observe()?.logon_account)?)
}

fn report(status: ServiceStatusHandle, current_state: ServiceState, exit_code: ServiceExitCode) {
    let running = current_state == ServiceState::Running;
    let controls = ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN;
    let reported = status.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state,
        controls_accepted: if running {
            controls
        } else {
            ServiceControlAccept::empty()
        },
        exit_code,
        checkpoint: 0,
        wait_hint: Duration::from_secs(10),
        process_id: None,
    });
    if let Err(cause) = reported {
        log(&format!("cannot report {current_state:?}: {cause}"));
    }
}

/// Adds a line to `Logs\miiserver.log`; a service has nowhere else to say that it failed to.
fn log(text: &str) {
    let Ok(folder) = registry::install_folder().map(|folder| folder.join("Logs")) else {
        return;
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let _ = std::fs::create_dir_all(&folder);
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("miiserver.log"));
    let _ = file.and_then(|mut file| writeln!(file, "{now} {text}"));
}

fn manager(what: &str, cause: windows_service::Error) -> Failure {
    failed(what.to_owned(), Error::other(cause))
}
