//! Services: what they are, and their logon account.

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccountName, Failure, FailureKind, Secret, Service, ServiceList, ServiceName, ServiceState,
    StartType, UnreadableService,
};
use windows_sys::Win32::System::Services::{
    ChangeServiceConfigW, ENUM_SERVICE_STATE, ENUM_SERVICE_STATUS_PROCESSW, ENUM_SERVICE_STATUSW,
    EnumDependentServicesW, EnumServicesStatusExW, QUERY_SERVICE_CONFIGW, QueryServiceConfig2W,
    QueryServiceConfigW, SC_ENUM_PROCESS_INFO, SC_MANAGER_ENUMERATE_SERVICE, SERVICE_CHANGE_CONFIG,
    SERVICE_CONFIG_DELAYED_AUTO_START_INFO, SERVICE_ENUMERATE_DEPENDENTS, SERVICE_NO_CHANGE,
    SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS, SERVICE_STATE_ALL, SERVICE_WIN32,
};

use super::service_manager::{self, Manager, OpenService};
use super::wide::{self, Filled, Wide};
use super::{last_error, managed_account};

/// Every Win32 service, running or not.
pub fn all() -> Result<ServiceList, Failure> {
    let manager = Manager::connect(SC_MANAGER_ENUMERATE_SERVICE)?;
    let mut list = ServiceList {
        services: Vec::new(),
        unreadable: Vec::new(),
    };
    for name in names(&manager)? {
        let read = ServiceName::parse(name.clone())
            .map_err(|e| Failure::new(FailureKind::Invalid, e.to_string()))
            .and_then(|name| read(&manager, &name));
        match read {
            Ok(service) => list.services.push(service),
            Err(failure) => list.unreadable.push(UnreadableService { name, failure }),
        }
    }
    Ok(list)
}

/// One service.
pub fn one(name: &ServiceName) -> Result<Service, Failure> {
    read(&Manager::connect(0)?, name)
}

/// Sets logon account and password, and leaves everything else as it is.
///
/// The crate `windows-service` is not used: it rewrites command line, display name and dependencies.
pub fn set_logon_account(
    service: &ServiceName,
    account: &AccountName,
    password: Option<&Secret>,
) -> Result<(), Failure> {
    let opened = service_manager::open(service, SERVICE_CHANGE_CONFIG)?;
    let wide_account = Wide::new(account.as_str())?;
    let wide_password = match password {
        None => None,
        Some(secret) => {
            let text = secret.expose_text();
            Some(Wide::new(text.ok_or_else(|| {
                Failure::new(FailureKind::Invalid, "the password is not UTF-8")
            })?)?)
        }
    };
    // SAFETY: the handle is open; the texts end in a NUL and live until the call is over; null means
    // "no change" for all texts but the password, where it means "none", as a gMSA needs it.
    let done = unsafe {
        ChangeServiceConfigW(
            opened.handle(),
            SERVICE_NO_CHANGE,
            SERVICE_NO_CHANGE,
            SERVICE_NO_CHANGE,
            std::ptr::null(),
            std::ptr::null(),
            std::ptr::null_mut(),
            std::ptr::null(),
            wide_account.as_ptr(),
            wide_password
                .as_ref()
                .map_or(std::ptr::null(), Wide::as_ptr),
            std::ptr::null(),
        )
    };
    if done == 0 {
        let what = format!("set the logon account of service {service} to {account}");
        return Err(Failure::from_code(last_error(), what));
    }
    Ok(())
}

/// Services that need this one, directly or not, in the order to stop them.
pub fn dependants(
    service: &OpenService,
    state: ENUM_SERVICE_STATE,
) -> Result<Vec<ServiceName>, Failure> {
    let mut count = 0;
    let filled = Filled::by(|buffer, size, needed| {
        // SAFETY: the handle is open, the buffer has `size` bytes and the structure's alignment.
        let done = unsafe {
            EnumDependentServicesW(
                service.handle(),
                state,
                buffer.cast(),
                size,
                needed,
                &mut count,
            )
        };
        (done == 0).then(last_error)
    })
    .map_err(|code| Failure::from_code(code, "list the services that need this one"))?;
    // SAFETY: the call has put `count` of these there, and said so only when all fitted.
    let entries = unsafe { filled.slice::<ENUM_SERVICE_STATUSW>(count as usize) };
    entries
        .iter()
        // SAFETY: the name points into `filled`.
        .map(|entry| ServiceName::parse(unsafe { wide::read(entry.lpServiceName) }))
        .collect::<Result<_, _>>()
        .map_err(|e| Failure::new(FailureKind::Failed, e.to_string()))
}

/// The state that Windows numbers so.
pub fn state(number: u32) -> Result<ServiceState, Failure> {
    Ok(match number {
        1 => ServiceState::Stopped,
        2 => ServiceState::StartPending,
        3 => ServiceState::StopPending,
        4 => ServiceState::Running,
        5 => ServiceState::ContinuePending,
        6 => ServiceState::PausePending,
        7 => ServiceState::Paused,
        _ => {
            return Err(Failure::new(
                FailureKind::Failed,
                format!("unknown service state {number}"),
            ));
        }
    })
}

fn names(manager: &Manager) -> Result<Vec<String>, Failure> {
    let mut count = 0;
    let filled = Filled::by(|buffer, size, needed| {
        // From the beginning each time: a list cut in two could miss what changes in between.
        let mut resume = 0;
        // SAFETY: the handle is open, the buffer has `size` bytes and the structure's alignment.
        let done = unsafe {
            EnumServicesStatusExW(
                manager.handle(),
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_STATE_ALL,
                buffer,
                size,
                needed,
                &mut count,
                &mut resume,
                std::ptr::null(),
            )
        };
        let code = (done == 0).then(last_error);
        // What is needed is what remains; ask for the whole in one piece.
        *needed = needed.saturating_add(size);
        code
    })
    .map_err(|code| Failure::from_code(code, "list the services"))?;
    // SAFETY: the call has put `count` of these there; its success means that these are all.
    let entries = unsafe { filled.slice::<ENUM_SERVICE_STATUS_PROCESSW>(count as usize) };
    // SAFETY: the names point into `filled`.
    Ok(entries
        .iter()
        .map(|entry| unsafe { wide::read(entry.lpServiceName) })
        .collect())
}

fn read(manager: &Manager, name: &ServiceName) -> Result<Service, Failure> {
    let failed = |code: Win32Code| Failure::from_code(code, format!("read service {name}"));
    let access = SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS;
    let service = manager.open(name, access)?;
    let filled = Filled::by(|buffer, size, needed| {
        // SAFETY: the handle is open, the buffer has `size` bytes and the structure's alignment.
        let done = unsafe { QueryServiceConfigW(service.handle(), buffer.cast(), size, needed) };
        (done == 0).then(last_error)
    })
    .map_err(failed)?;
    // SAFETY: the call has put one there.
    let Some(config) = unsafe { filled.slice::<QUERY_SERVICE_CONFIGW>(1) }.first() else {
        return Err(Failure::new(
            FailureKind::Failed,
            format!("service {name} has no configuration"),
        ));
    };
    // SAFETY: all texts of the structure point into `filled`, or are null.
    let (display_name, account, image_path, depends_on) = unsafe {
        (
            wide::read(config.lpDisplayName),
            wide::read(config.lpServiceStartName),
            wide::read(config.lpBinaryPathName),
            wide::read_list(config.lpDependencies),
        )
    };
    Ok(Service {
        name: name.clone(),
        display_name,
        logon_account: AccountName::parse(account).ok(),
        managed_account: managed_account::read(name, &service)?,
        start: start_type(config.dwStartType, &service)?,
        state: state(service.status()?.dwCurrentState)?,
        image_path,
        depends_on,
        dependants: dependants(&service, SERVICE_STATE_ALL)?,
    })
}

fn start_type(number: u32, service: &OpenService) -> Result<StartType, Failure> {
    Ok(match number {
        0 => StartType::Boot,
        1 => StartType::System,
        2 if delayed(service) => StartType::AutomaticDelayed,
        2 => StartType::Automatic,
        3 => StartType::Manual,
        4 => StartType::Disabled,
        _ => {
            return Err(Failure::new(
                FailureKind::Failed,
                format!("unknown start type {number}"),
            ));
        }
    })
}

/// SERVICE_DELAYED_AUTO_START_INFO; where it cannot be asked, the start is not delayed.
fn delayed(service: &OpenService) -> bool {
    let mut delayed = [0u8; 4];
    let mut needed = 0;
    // SAFETY: the structure of this level is one BOOL, and the buffer has its size.
    let done = unsafe {
        QueryServiceConfig2W(
            service.handle(),
            SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
            delayed.as_mut_ptr(),
            delayed.len() as u32,
            &mut needed,
        )
    };
    done != 0 && delayed != [0; 4]
}
