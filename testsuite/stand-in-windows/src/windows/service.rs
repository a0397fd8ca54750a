//! A service's life: registered, logged on, asked whether it may start, run until it is stopped.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::ptr;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use windows_service::service::{
    ServiceAccess, ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState,
    ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    self, ServiceControlHandlerResult, ServiceStatusHandle,
};
use windows_service::service_dispatcher;
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::System::Services::{
    ChangeServiceConfigW, SERVICE_DEMAND_START, SERVICE_NO_CHANGE,
};

use super::machine;
use crate::account::Account;

/// ERROR_SERVICE_LOGON_FAILED.
const LOGON_FAILED: u32 = 1069;
/// A log-on through the domain controller takes less.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// A service that was started.
pub struct Started {
    /// Its key name.
    pub name: String,
    /// Whom it runs as.
    pub account: Account,
    /// What it was started with, without its name.
    pub arguments: Vec<String>,
}

/// A service as its control manager shows it.
pub struct Observed {
    /// Whom it logs on as.
    pub account: Account,
    /// Whether it is stopped.
    pub stopped: bool,
}

/// Why a service does not start.
pub struct Refused {
    /// What it ends with.
    pub code: ServiceExitCode,
    /// For its log.
    pub why: String,
}

/// Hands this process to the service control manager, which calls `main`.
///
/// # Errors
/// When the program was not started by it.
pub fn dispatch(main: extern "system" fn(u32, *mut *mut u16)) -> anyhow::Result<()> {
    // A process with one service may call it anything.
    service_dispatcher::start("Stand-in", main).context("this program is a service")
}

/// Runs a service to its end.
pub fn serve(
    arguments: Vec<OsString>,
    may_start: impl FnOnce(&Started) -> Result<(), Refused>,
    run: impl FnOnce(&Started, &Receiver<()>),
) {
    let mut arguments = arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned());
    let name = arguments.next().unwrap_or_default();
    let (stop, stopped) = mpsc::channel();
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            let _ = stop.send(()); // A second order to stop finds no one who waits for it.
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let Ok(status) = service_control_handler::register(&name, handler) else {
        return log(&format!(
            "{name}: cannot register with the service control manager"
        ));
    };
    let report = |state, code| report(status, state, code);
    report(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
    match start(name, arguments.collect(), may_start) {
        Err(refused) => {
            log(&format!("not started: {}", refused.why));
            report(ServiceState::Stopped, refused.code);
        }
        Ok(started) => {
            let (name, account) = (&started.name, &started.account);
            log(&format!("{name} started as {account}"));
            report(ServiceState::Running, ServiceExitCode::NO_ERROR);
            run(&started, &stopped);
            log(&format!("{name} stopped"));
            report(ServiceState::Stopped, ServiceExitCode::NO_ERROR);
        }
    }
}

fn start(
    name: String,
    arguments: Vec<String>,
    may_start: impl FnOnce(&Started) -> Result<(), Refused>,
) -> Result<Started, Refused> {
    let failed = |error: anyhow::Error| Refused {
        code: ServiceExitCode::Win32(LOGON_FAILED),
        why: format!("{name}: {error:#}"),
    };
    let account = observe(&name).map_err(failed)?.account;
    machine::log_on(&account).map_err(failed)?;
    let started = Started {
        name,
        account,
        arguments,
    };
    may_start(&started)?;
    Ok(started)
}

/// A service as its control manager shows it.
///
/// # Errors
/// When there is none, or it does not run as an account of a domain.
pub fn observe(name: &str) -> anyhow::Result<Observed> {
    let services = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::QUERY_CONFIG | ServiceAccess::QUERY_STATUS;
    let service = services.open_service(name, access)?;
    let account = service.query_config()?.account_name.unwrap_or_default();
    let account = account.to_string_lossy();
    Ok(Observed {
        account: Account::parse(&account)
            .with_context(|| format!("it logs on as {account}, which is no domain account"))?,
        stopped: service.query_status()?.current_state == ServiceState::Stopped,
    })
}

/// Leaves the start of a service to its operator.
///
/// # Errors
/// When there is no such service, or it cannot be changed.
pub fn start_on_demand(name: &str) -> anyhow::Result<()> {
    reconfigure(name, SERVICE_DEMAND_START, None)
}

/// Gives a service another account. Wine would drop a password that is given here: see [`machine::keep_password`].
///
/// # Errors
/// When there is no such service, or it cannot be changed.
pub fn set_account(name: &str, account: &Account) -> anyhow::Result<()> {
    reconfigure(name, SERVICE_NO_CHANGE, Some(account))
}

/// Starts a service and waits until it runs.
///
/// # Errors
/// When it does not: what it ended with.
pub fn start_and_wait(name: &str) -> anyhow::Result<()> {
    let services = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::START | ServiceAccess::QUERY_STATUS;
    let service = services.open_service(name, access)?;
    if service.query_status()?.current_state == ServiceState::Running {
        return Ok(());
    }
    service.start::<&str>(&[])?;
    let until = Instant::now() + START_PATIENCE;
    while Instant::now() < until {
        let status = service.query_status()?;
        match status.current_state {
            ServiceState::Running => return Ok(()),
            ServiceState::Stopped => bail!("{name} ended with {:?}", status.exit_code),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    bail!("{name} does not start")
}

fn reconfigure(name: &str, start: u32, account: Option<&Account>) -> anyhow::Result<()> {
    let services = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let service = services.open_service(name, ServiceAccess::CHANGE_CONFIG)?;
    let account: Option<Vec<u16>> =
        account.map(|account| account.to_string().encode_utf16().chain([0]).collect());
    let keep = ptr::null();
    // SAFETY: handle and name live during the call; null pointers leave everything else as it is.
    let done = unsafe {
        ChangeServiceConfigW(
            service.raw_handle(),
            SERVICE_NO_CHANGE,
            start,
            SERVICE_NO_CHANGE,
            keep,
            keep,
            ptr::null_mut(),
            keep,
            account.as_ref().map_or(keep, |account| account.as_ptr()),
            keep,
            keep,
        )
    };
    match done {
        0 => Err(std::io::Error::last_os_error().into()),
        _ => Ok(()),
    }
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
        wait_hint: Duration::from_secs(30),
        process_id: None,
    });
    if let Err(cause) = reported {
        log(&format!("cannot report {current_state:?}: {cause}"));
    }
}

/// Adds a line to `Logs\PROGRAM.log` beside the program; a service has nowhere else to say that it failed to.
pub fn log(text: &str) {
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let folder: PathBuf = program.with_file_name("Logs");
    let file = folder.join(
        program
            .with_extension("log")
            .file_name()
            .unwrap_or_default(),
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let _ = std::fs::create_dir_all(&folder);
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(file);
    let _ = file.and_then(|mut file| writeln!(file, "{now} {text}"));
}
