//! URLs that HTTP.sys has reserved, as `netsh http show urlacl` lists them. Not yet seen on Windows.

use std::ptr;

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AccessList, AccessLists, Descriptor, Failure, FailureKind, FoundAccessList, UrlPrefix,
};
use security::SecurityDescriptor;
use windows_sys::Win32::Networking::HttpServer::{
    HTTP_INITIALIZE_CONFIG, HTTP_SERVICE_CONFIG_QUERY_TYPE, HTTP_SERVICE_CONFIG_URLACL_KEY,
    HTTP_SERVICE_CONFIG_URLACL_PARAM, HTTP_SERVICE_CONFIG_URLACL_QUERY,
    HTTP_SERVICE_CONFIG_URLACL_SET, HTTPAPI_VERSION, HttpDeleteServiceConfiguration,
    HttpInitialize, HttpQueryServiceConfiguration, HttpServiceConfigQueryExact,
    HttpServiceConfigQueryNext, HttpServiceConfigUrlAclInfo, HttpSetServiceConfiguration,
    HttpTerminate,
};

use crate::windows::wide::{self, Filled, Wide};

const ERROR_SUCCESS: u32 = 0;
const FILE_NOT_FOUND: Win32Code = Win32Code(2);
const NO_MORE_ITEMS: Win32Code = Win32Code(259);
/// More than this no system has: a counter that does not come to its end.
const LIMIT: u32 = 10_000;

/// The lists of all of them.
pub fn all() -> Result<AccessLists, Failure> {
    let configuration = Configuration::open()?;
    let mut found = AccessLists::default();
    for at in 0..LIMIT {
        let reservation = match configuration.query(HttpServiceConfigQueryNext, None, at) {
            Ok(reservation) => reservation,
            Err(NO_MORE_ITEMS | FILE_NOT_FOUND) => break,
            Err(code) => return Err(failure("list the reserved URLs", code)),
        };
        // Of an older form, without port or path: nothing that this protocol can name.
        let Ok(url) = UrlPrefix::parse(reservation.url) else {
            continue;
        };
        let list = AccessList::Url(url);
        match descriptor(&list, &reservation.sddl) {
            Ok(descriptor) => found.lists.push(FoundAccessList {
                list,
                title: None,
                descriptor: Descriptor(descriptor),
            }),
            Err(failure) => found.unreadable.push((list, failure)),
        }
    }
    Ok(found)
}

/// That of one; `None` where it is not reserved.
pub fn read(url: &UrlPrefix) -> Result<Option<Vec<u8>>, Failure> {
    let found = Configuration::open()?.exact(url)?;
    let list = AccessList::Url(url.clone());
    found.map(|sddl| descriptor(&list, &sddl)).transpose()
}

/// Replaces it. HTTP.sys only knows to give up a reservation and to make one: where the second fails, the one that
/// was there is made again.
pub fn write(url: &UrlPrefix, descriptor: &[u8]) -> Result<(), Failure> {
    let configuration = Configuration::open()?;
    let before = configuration.exact(url)?.ok_or_else(|| {
        Failure::new(
            FailureKind::NotFound,
            format!("{url} is not reserved for anybody"),
        )
    })?;
    let invalid = |error: security::SecurityDescriptorError| {
        Failure::new(FailureKind::Invalid, format!("the list for {url}: {error}"))
    };
    let wanted = SecurityDescriptor::from_bytes(descriptor).map_err(invalid)?;
    configuration.give_up(url, &before)?;
    configuration
        .reserve(url, &wanted.to_sddl())
        .map_err(|failed| match configuration.reserve(url, &before) {
            Ok(()) => failed,
            Err(_) => Failure {
                message: format!(
                    "{}; it is not reserved now, it was for {before}",
                    failed.message
                ),
                ..failed
            },
        })
}

fn descriptor(list: &AccessList, sddl: &str) -> Result<Vec<u8>, Failure> {
    let descriptor = SecurityDescriptor::from_sddl(sddl).map_err(|error| {
        let what = format!("the list for {list}, {sddl}, cannot be understood: {error}");
        Failure::new(FailureKind::Invalid, what)
    })?;
    Ok(descriptor.to_bytes())
}

fn failure(what: &str, code: Win32Code) -> Failure {
    Failure::from_code(code, what)
}

struct Reservation {
    url: String,
    sddl: String,
}

/// The configuration of HTTP.sys, as long as it is in use.
struct Configuration(());

impl Configuration {
    fn open() -> Result<Self, Failure> {
        let version = HTTPAPI_VERSION {
            HttpApiMajorVersion: 1,
            HttpApiMinorVersion: 0,
        };
        // SAFETY: plain values; the reserved pointer is null.
        match unsafe { HttpInitialize(version, HTTP_INITIALIZE_CONFIG, ptr::null_mut()) } {
            ERROR_SUCCESS => Ok(Self(())),
            code => Err(failure(
                "open the configuration of HTTP.sys",
                Win32Code(code),
            )),
        }
    }

    fn exact(&self, url: &UrlPrefix) -> Result<Option<String>, Failure> {
        match self.query(HttpServiceConfigQueryExact, Some(url), 0) {
            Ok(found) => Ok(Some(found.sddl)),
            Err(NO_MORE_ITEMS | FILE_NOT_FOUND) => Ok(None),
            Err(code) => Err(failure(&format!("read the reservation of {url}"), code)),
        }
    }

    fn query(
        &self,
        how: HTTP_SERVICE_CONFIG_QUERY_TYPE,
        url: Option<&UrlPrefix>,
        at: u32,
    ) -> Result<Reservation, Win32Code> {
        let url = url.map(|url| Wide::new(url.as_str())).transpose();
        let url = url.map_err(|_| Win32Code(87))?;
        let query = HTTP_SERVICE_CONFIG_URLACL_QUERY {
            QueryDesc: how,
            KeyDesc: HTTP_SERVICE_CONFIG_URLACL_KEY {
                pUrlPrefix: url
                    .as_ref()
                    .map_or(ptr::null_mut(), |url| url.as_ptr().cast_mut()),
            },
            dwToken: at,
        };
        let filled = Filled::by(|buffer, size, needed| {
            // SAFETY: the query and its text live until the call is over; the buffer has `size` bytes.
            let code = unsafe {
                HttpQueryServiceConfiguration(
                    ptr::null_mut(),
                    HttpServiceConfigUrlAclInfo,
                    (&raw const query).cast(),
                    size_of_val(&query) as u32,
                    buffer.cast(),
                    size,
                    needed,
                    ptr::null(),
                )
            };
            (code != ERROR_SUCCESS).then_some(Win32Code(code))
        })?;
        // SAFETY: the call succeeded and put one such structure at the beginning.
        let found = unsafe { filled.slice::<HTTP_SERVICE_CONFIG_URLACL_SET>(1) };
        let found = found.first().ok_or(Win32Code(87))?;
        // SAFETY: both texts lie in the same memory and end in a NUL.
        let (url, sddl) = unsafe {
            (
                wide::read(found.KeyDesc.pUrlPrefix),
                wide::read(found.ParamDesc.pStringSecurityDescriptor),
            )
        };
        Ok(Reservation { url, sddl })
    }

    fn give_up(&self, url: &UrlPrefix, sddl: &str) -> Result<(), Failure> {
        let what = format!("give up the reservation of {url}");
        self.set(url, sddl, &what, HttpDeleteServiceConfiguration)
    }

    fn reserve(&self, url: &UrlPrefix, sddl: &str) -> Result<(), Failure> {
        let what = format!("reserve {url} for {sddl}");
        self.set(url, sddl, &what, HttpSetServiceConfiguration)
    }

    fn set(&self, url: &UrlPrefix, sddl: &str, what: &str, call: SetCall) -> Result<(), Failure> {
        let (url, sddl) = (Wide::new(url.as_str())?, Wide::new(sddl)?);
        let wanted = HTTP_SERVICE_CONFIG_URLACL_SET {
            KeyDesc: HTTP_SERVICE_CONFIG_URLACL_KEY {
                pUrlPrefix: url.as_ptr().cast_mut(),
            },
            ParamDesc: HTTP_SERVICE_CONFIG_URLACL_PARAM {
                pStringSecurityDescriptor: sddl.as_ptr().cast_mut(),
            },
        };
        // SAFETY: the structure and its texts live until the call is over, and are only read.
        let code = unsafe {
            call(
                ptr::null_mut(),
                HttpServiceConfigUrlAclInfo,
                (&raw const wanted).cast(),
                size_of_val(&wanted) as u32,
                ptr::null(),
            )
        };
        match code {
            ERROR_SUCCESS => Ok(()),
            code => Err(failure(what, Win32Code(code))),
        }
    }
}

/// The form that making and giving up a reservation have in common.
type SetCall = unsafe extern "system" fn(
    windows_sys::Win32::Foundation::HANDLE,
    i32,
    *const core::ffi::c_void,
    u32,
    *const windows_sys::Win32::System::IO::OVERLAPPED,
) -> u32;

impl Drop for Configuration {
    fn drop(&mut self) {
        // SAFETY: ends what `open` began.
        unsafe { HttpTerminate(HTTP_INITIALIZE_CONFIG, ptr::null_mut()) };
    }
}
