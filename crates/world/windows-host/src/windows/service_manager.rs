//! Handles of the service control manager.

use agent_protocol::{Failure, ServiceName};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QueryServiceStatusEx, SC_HANDLE,
    SC_MANAGER_CONNECT, SC_STATUS_PROCESS_INFO, SERVICE_STATUS_PROCESS,
};

use super::{last_error, wide::Wide};

/// The service control manager of this host.
pub struct Manager(SC_HANDLE);

/// A service, opened.
pub struct OpenService(SC_HANDLE);

impl Manager {
    /// Connects, with `access` (SC_MANAGER_…) beside the right to connect.
    pub fn connect(access: u32) -> Result<Self, Failure> {
        // SAFETY: null names mean this host and its active database.
        let handle = unsafe {
            OpenSCManagerW(
                std::ptr::null(),
                std::ptr::null(),
                access | SC_MANAGER_CONNECT,
            )
        };
        if handle.is_null() {
            return Err(Failure::from_code(
                last_error(),
                "open the service control manager",
            ));
        }
        Ok(Self(handle))
    }

    /// Opens a service with `access` (SERVICE_…).
    pub fn open(&self, name: &ServiceName, access: u32) -> Result<OpenService, Failure> {
        let wide = Wide::new(name.as_str())?;
        // SAFETY: the handle is open, the name ends in a NUL.
        let handle = unsafe { OpenServiceW(self.0, wide.as_ptr(), access) };
        if handle.is_null() {
            return Err(Failure::from_code(
                last_error(),
                format!("open service {name}"),
            ));
        }
        Ok(OpenService(handle))
    }

    pub fn handle(&self) -> SC_HANDLE {
        self.0
    }
}

impl OpenService {
    /// State and exit codes as they are now.
    pub fn status(&self) -> Result<SERVICE_STATUS_PROCESS, Failure> {
        let mut status = SERVICE_STATUS_PROCESS::default();
        let mut needed = 0;
        // SAFETY: buffer and size are those of the structure that this level fills.
        let done = unsafe {
            QueryServiceStatusEx(
                self.0,
                SC_STATUS_PROCESS_INFO,
                (&raw mut status).cast(),
                size_of::<SERVICE_STATUS_PROCESS>() as u32,
                &mut needed,
            )
        };
        if done == 0 {
            return Err(Failure::from_code(
                last_error(),
                "query the service's state",
            ));
        }
        Ok(status)
    }

    pub fn handle(&self) -> SC_HANDLE {
        self.0
    }
}

/// Connects and opens in one go.
pub fn open(name: &ServiceName, access: u32) -> Result<OpenService, Failure> {
    Manager::connect(0)?.open(name, access)
}

impl Drop for Manager {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used by nobody else.
        unsafe { CloseServiceHandle(self.0) };
    }
}

impl Drop for OpenService {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used by nobody else.
        unsafe { CloseServiceHandle(self.0) };
    }
}
