//! Managed service accounts, as this host sees them.

use agent_protocol::win32::{CALL_NOT_IMPLEMENTED, Win32Code};
use agent_protocol::{AccountName, Failure, FailureKind, ServiceAccountState};
use windows_sys::Win32::Foundation::{FreeLibrary, HMODULE, NTSTATUS, RtlNtStatusToDosError};
use windows_sys::Win32::NetworkManagement::NetManagement::{
    MSA_INFO_0, MsaInfoLevel0, NetApiBufferFree,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

use super::wide::Wide;

/// Whether this host can use the account: NetQueryServiceAccount. Not yet seen on Windows.
///
/// The call is looked up at run time, since not every system has it (Windows before 7, Wine).
pub fn query(account: &AccountName) -> Result<ServiceAccountState, Failure> {
    let Some(call) = Call::find() else {
        let what = "NetQueryServiceAccount is not on this system";
        return Err(Failure {
            code: Some(CALL_NOT_IMPLEMENTED),
            ..Failure::new(FailureKind::NotSupported, what)
        });
    };
    // The call knows the account by its name without domain; the documents leave the $ open.
    let name = account.as_str().rsplit('\\').next().unwrap_or_default();
    let bare = name.trim_end_matches('$');
    match call.state(bare) {
        Ok(ServiceAccountState::NotExist) => call.state(&format!("{bare}$")),
        other => other,
    }
}

/// NetQueryServiceAccount (lmaccess.h): server name, account name, level, where to put the buffer.
#[repr(transparent)]
struct NetQueryServiceAccount(
    unsafe extern "system" fn(*const u16, *const u16, u32, *mut *mut u8) -> NTSTATUS,
);

/// The call, and the library that it is in.
struct Call {
    library: HMODULE,
    function: NetQueryServiceAccount,
}

impl Call {
    fn find() -> Option<Self> {
        ["netapi32.dll", "logoncli.dll"]
            .into_iter()
            .find_map(Self::find_in)
    }

    fn find_in(library: &str) -> Option<Self> {
        let name = Wide::new(library).ok()?;
        // SAFETY: the name ends in a NUL; only the system's own folder is searched.
        let library = unsafe {
            LoadLibraryExW(
                name.as_ptr(),
                std::ptr::null_mut(),
                LOAD_LIBRARY_SEARCH_SYSTEM32,
            )
        };
        if library.is_null() {
            return None;
        }
        // SAFETY: the library is loaded, the name ends in a NUL.
        match unsafe { GetProcAddress(library, c"NetQueryServiceAccount".as_ptr().cast()) } {
            Some(function) => {
                // SAFETY: that is the function's documented signature.
                let function = unsafe {
                    std::mem::transmute::<
                        unsafe extern "system" fn() -> isize,
                        NetQueryServiceAccount,
                    >(function)
                };
                Some(Self { library, function })
            }
            None => {
                // SAFETY: the library is loaded, and nothing of it is used.
                unsafe { FreeLibrary(library) };
                None
            }
        }
    }

    fn state(&self, name: &str) -> Result<ServiceAccountState, Failure> {
        let wide = Wide::new(name)?;
        let mut buffer: *mut u8 = std::ptr::null_mut();
        // SAFETY: the name ends in a NUL, a null server is this host, level 0 gives an MSA_INFO_0.
        let status = unsafe {
            (self.function.0)(
                std::ptr::null(),
                wide.as_ptr(),
                MsaInfoLevel0 as u32,
                &mut buffer,
            )
        };
        if status != 0 {
            // SAFETY: takes any number.
            let code = Win32Code(unsafe { RtlNtStatusToDosError(status) });
            let what = format!("ask for managed service account {name} (status 0x{status:08x})");
            return Err(Failure::from_code(code, what));
        }
        if buffer.is_null() {
            return Err(Failure::new(
                FailureKind::Failed,
                "NetQueryServiceAccount gave nothing",
            ));
        }
        // SAFETY: success means that the buffer holds an MSA_INFO_0; it may be unaligned for all we know.
        let info = unsafe { buffer.cast::<MSA_INFO_0>().read_unaligned() };
        // SAFETY: the buffer is ours to free, and is not used afterwards.
        unsafe { NetApiBufferFree(buffer.cast()) };
        ServiceAccountState::from_number(info.State).ok_or_else(|| {
            Failure::new(
                FailureKind::Failed,
                format!("unknown state {} of account {name}", info.State),
            )
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // SAFETY: the library is loaded, and its function is not called afterwards.
        unsafe { FreeLibrary(self.library) };
    }
}
