//! The managed-account flag of a service, as `sc.exe managedaccount` sets it.
//!
//! The information level is in no published header: level 11 takes and gives one byte, 0 or 1, and
//! the service control manager keeps it in the service's registry value `ServiceAccountManaged`.
//! Setting it is refused with 87 (ERROR_INVALID_PARAMETER) for services that cannot have one.
//! Systems without the level (Wine) get the registry value. Both ways: not yet seen on Windows.

use agent_protocol::win32::{CALL_NOT_IMPLEMENTED, INVALID_LEVEL, Win32Code};
use agent_protocol::{
    Failure, FailureKind, FlagStore, ManagedAccountFlag, RegistryKey, RegistryValue, ServiceName,
};
use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, QueryServiceConfig2W, SERVICE_CHANGE_CONFIG, SERVICE_QUERY_CONFIG,
};

use super::service_manager::{self, OpenService};
use super::{last_error, registry};

const SERVICE_CONFIG_MANAGED_ACCOUNT: u32 = 11;
const VALUE: &str = "ServiceAccountManaged";
const RPC_S_INVALID_TAG: Win32Code = Win32Code(1733);

/// Reads the flag.
pub fn read(name: &ServiceName, service: &OpenService) -> Result<ManagedAccountFlag, Failure> {
    match query(service) {
        Ok(set) => Ok(ManagedAccountFlag {
            set,
            store: FlagStore::ServiceControlManager,
        }),
        Err(code) if lacks_the_level(code) => Ok(ManagedAccountFlag {
            set: read_registry(name)?,
            store: FlagStore::Registry,
        }),
        Err(code) => Err(Failure::from_code(
            code,
            format!("read the managed-account flag of {name}"),
        )),
    }
}

/// Sets or clears the flag and reads it back.
pub fn set(name: &ServiceName, managed: bool) -> Result<ManagedAccountFlag, Failure> {
    let service = service_manager::open(name, SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG)?;
    // One byte is read; the rest is there for a system that takes it for a BOOL.
    let info = [u8::from(managed), 0, 0, 0];
    // SAFETY: the handle is open, and the buffer is as long as the longest reading of the structure.
    let done = unsafe {
        ChangeServiceConfig2W(
            service.handle(),
            SERVICE_CONFIG_MANAGED_ACCOUNT,
            info.as_ptr().cast(),
        )
    };
    if done == 0 {
        let code = last_error();
        if !lacks_the_level(code) {
            return Err(Failure::from_code(
                code,
                format!("set the managed-account flag of {name}"),
            ));
        }
        write_registry(name, managed)?;
    }
    let flag = read(name, &service)?;
    if flag.set != managed {
        let what =
            format!("the managed-account flag of {name} was set to {managed} and did not stay so");
        return Err(Failure::new(FailureKind::Failed, what));
    }
    Ok(flag)
}

fn query(service: &OpenService) -> Result<bool, Win32Code> {
    let mut info = [0u8; 8];
    let mut needed = 0;
    // SAFETY: the handle is open, and the buffer has the size given.
    let done = unsafe {
        QueryServiceConfig2W(
            service.handle(),
            SERVICE_CONFIG_MANAGED_ACCOUNT,
            info.as_mut_ptr(),
            info.len() as u32,
            &mut needed,
        )
    };
    if done == 0 {
        Err(last_error())
    } else {
        Ok(info != [0; 8])
    }
}

fn lacks_the_level(code: Win32Code) -> bool {
    [INVALID_LEVEL, CALL_NOT_IMPLEMENTED, RPC_S_INVALID_TAG].contains(&code)
}

fn read_registry(name: &ServiceName) -> Result<bool, Failure> {
    match registry::read_value(&key(name)?, VALUE) {
        Ok(RegistryValue::Dword(number)) => Ok(number != 0),
        Ok(RegistryValue::Binary(data)) => Ok(data.iter().any(|byte| *byte != 0)),
        Ok(other) => Err(Failure::new(
            FailureKind::Failed,
            format!("{VALUE} of {name} is no flag: {other:?}"),
        )),
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Not set is no value at all: as services are that never had the flag.
fn write_registry(name: &ServiceName, managed: bool) -> Result<(), Failure> {
    let key = key(name)?;
    if !managed {
        return registry::delete_value(&key, VALUE).map(|_| ());
    }
    registry::write_value(&key, VALUE, &RegistryValue::Binary(vec![1, 0, 0, 0]), false)
}

fn key(name: &ServiceName) -> Result<RegistryKey, Failure> {
    RegistryKey::local_machine(&format!(r"SYSTEM\CurrentControlSet\Services\{name}"))
        .map_err(|e| Failure::new(FailureKind::Invalid, e.to_string()))
}
