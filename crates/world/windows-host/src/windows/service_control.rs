//! Stopping and starting services.

use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::win32::{SERVICE_SPECIFIC, Win32Code};
use agent_protocol::{Failure, FailureKind, ServiceName, ServiceState, StoppedService};
use windows_sys::Win32::System::Services::{
    ControlService, SERVICE_ACTIVE, SERVICE_CONTROL_STOP, SERVICE_ENUMERATE_DEPENDENTS,
    SERVICE_QUERY_STATUS, SERVICE_START, SERVICE_STATUS, SERVICE_STATUS_PROCESS, SERVICE_STOP,
    StartServiceW,
};

use super::last_error;
use super::service_manager::{self, OpenService};
use super::services::{dependants, state};

const ERROR_DEPENDENT_SERVICES_RUNNING: Win32Code = Win32Code(1051);
const ERROR_SERVICE_DATABASE_LOCKED: Win32Code = Win32Code(1055);
const ERROR_SERVICE_ALREADY_RUNNING: Win32Code = Win32Code(1056);
const ERROR_SERVICE_CANNOT_ACCEPT_CTRL: Win32Code = Win32Code(1061);
const ERROR_SERVICE_NOT_ACTIVE: Win32Code = Win32Code(1062);

/// Pause between two looks at a service.
const POLL: Duration = Duration::from_millis(50);

/// Stops a service, its running dependants first; tells what was not stopped before.
pub fn stop(
    name: &ServiceName,
    with_dependants: bool,
    timeout_ms: u64,
) -> Result<Vec<StoppedService>, Failure> {
    let until = Until::after(timeout_ms);
    let service = service_manager::open(
        name,
        SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS,
    )?;
    let running = dependants(&service, SERVICE_ACTIVE)?;
    if !running.is_empty() && !with_dependants {
        let names: Vec<_> = running.iter().map(ServiceName::as_str).collect();
        let what = format!("stop service {name}, which {} need", names.join(", "));
        return Err(Failure::from_code(ERROR_DEPENDENT_SERVICES_RUNNING, what));
    }
    let mut stopped = Vec::new();
    for dependant in running {
        let opened = service_manager::open(&dependant, SERVICE_STOP | SERVICE_QUERY_STATUS)?;
        stopped.extend(stop_one(dependant, &opened, &until)?);
    }
    stopped.extend(stop_one(name.clone(), &service, &until)?);
    Ok(stopped)
}

/// Starts a service and waits until it runs.
pub fn start(name: &ServiceName, timeout_ms: u64) -> Result<(), Failure> {
    let until = Until::after(timeout_ms);
    let service = service_manager::open(name, SERVICE_START | SERVICE_QUERY_STATUS)?;
    ask_to_start(name, &service, &until)?;
    loop {
        let status = service.status()?;
        match state(status.dwCurrentState)? {
            ServiceState::Running => return Ok(()),
            ServiceState::Stopped => return Err(ended(name, &status)),
            ServiceState::Paused => {
                return Err(Failure::new(
                    FailureKind::Busy,
                    format!("service {name} is paused"),
                ));
            }
            pending => until.wait(|| format!("service {name} is still {pending:?}"))?,
        }
    }
}

/// Stops one service; `None` when it was stopped already.
fn stop_one(
    name: ServiceName,
    service: &OpenService,
    until: &Until,
) -> Result<Option<StoppedService>, Failure> {
    let prior = state(service.status()?.dwCurrentState)?;
    if prior == ServiceState::Stopped {
        return Ok(None);
    }
    loop {
        let now = state(service.status()?.dwCurrentState)?;
        match now {
            ServiceState::Stopped => return Ok(Some(StoppedService { name, prior })),
            ServiceState::StopPending => {}
            _ => ask_to_stop(&name, service)?,
        }
        until.wait(|| format!("service {name} is still {now:?}"))?;
    }
}

/// Starts the process; a service database that is locked (another service is starting) is asked again.
fn ask_to_start(name: &ServiceName, service: &OpenService, until: &Until) -> Result<(), Failure> {
    loop {
        // SAFETY: the handle is open; no arguments.
        if unsafe { StartServiceW(service.handle(), 0, std::ptr::null()) } != 0 {
            return Ok(());
        }
        match last_error() {
            ERROR_SERVICE_ALREADY_RUNNING => return Ok(()),
            ERROR_SERVICE_DATABASE_LOCKED => {
                until.wait(|| "the service database is still locked".to_owned())?
            }
            code => {
                return Err(with_exit_code(
                    code,
                    service,
                    format!("start service {name}"),
                ));
            }
        }
    }
}

/// Sends the control; a service that cannot take it at this moment is asked again.
fn ask_to_stop(name: &ServiceName, service: &OpenService) -> Result<(), Failure> {
    let mut status = SERVICE_STATUS::default();
    // SAFETY: the handle is open, the structure is the one that the call fills.
    if unsafe { ControlService(service.handle(), SERVICE_CONTROL_STOP, &mut status) } != 0 {
        return Ok(());
    }
    match last_error() {
        ERROR_SERVICE_NOT_ACTIVE | ERROR_SERVICE_CANNOT_ACCEPT_CTRL => Ok(()),
        code => Err(Failure::from_code(code, format!("stop service {name}"))),
    }
}

/// The failure of a service that stopped instead of running.
fn ended(name: &ServiceName, status: &SERVICE_STATUS_PROCESS) -> Failure {
    let what = format!("service {name} stopped while it started");
    match status.dwWin32ExitCode {
        0 => Failure::new(
            FailureKind::Failed,
            format!("{what}, without an error code"),
        ),
        code => Failure {
            service_specific_code: specific(status),
            ..Failure::from_code(Win32Code(code), what)
        },
    }
}

fn with_exit_code(code: Win32Code, service: &OpenService, what: String) -> Failure {
    let service_specific_code = (code == SERVICE_SPECIFIC)
        .then(|| service.status().ok().and_then(|status| specific(&status)))
        .flatten();
    Failure {
        service_specific_code,
        ..Failure::from_code(code, what)
    }
}

fn specific(status: &SERVICE_STATUS_PROCESS) -> Option<u32> {
    (Win32Code(status.dwWin32ExitCode) == SERVICE_SPECIFIC)
        .then_some(status.dwServiceSpecificExitCode)
}

/// A moment until which something is awaited.
struct Until {
    deadline: Option<Instant>,
    timeout_ms: u64,
}

impl Until {
    fn after(timeout_ms: u64) -> Self {
        Self {
            deadline: Instant::now().checked_add(Duration::from_millis(timeout_ms)),
            timeout_ms,
        }
    }

    /// Pauses once, or fails when time is out.
    fn wait(&self, what: impl FnOnce() -> String) -> Result<(), Failure> {
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            let message = format!("{} after {} ms", what(), self.timeout_ms);
            return Err(Failure::new(FailureKind::Timeout, message));
        }
        thread::sleep(POLL);
        Ok(())
    }
}
