//! The host and its Windows.

use std::time::{Duration, SystemTime};

use agent_protocol::{Failure, HostFacts, RegistryKey, RegistryValue, RegistryView, UnixMillis};
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::NetworkManagement::NetManagement::{
    NetApiBufferFree, NetGetJoinInformation, NetSetupDomainName,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TokenElevation,
};
use windows_sys::Win32::System::SystemInformation::{
    COMPUTER_NAME_FORMAT, ComputerNameDnsDomain, ComputerNameDnsHostname, GetComputerNameExW,
    GetTickCount64,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::registry::OpenKey;
use super::{last_error, wide};
use crate::files::unix_millis;

const VERSION_KEY: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// Facts about this host.
pub fn facts() -> Result<HostFacts, Failure> {
    let version = version();
    let now = SystemTime::now();
    Ok(HostFacts {
        os_name: version.name,
        os_version: version.number,
        os_build: version.build,
        computer_name: computer_name(ComputerNameDnsHostname)?,
        dns_domain: computer_name(ComputerNameDnsDomain)
            .ok()
            .filter(|domain| !domain.is_empty()),
        joined_domain: joined_domain(),
        booted_at: now.checked_sub(uptime()).and_then(unix_millis),
        now: unix_millis(now).unwrap_or(UnixMillis(0)),
        elevated: elevated()?,
    })
}

struct Version {
    name: String,
    number: String,
    build: String,
}

/// From the registry: the version calls tell programs what their manifest wants to hear.
fn version() -> Version {
    let key = RegistryKey::parse(VERSION_KEY)
        .ok()
        .and_then(|key| OpenKey::to_read(&key, RegistryView::Bits64).ok());
    let value = |name: &str| key.as_ref().and_then(|key| key.value(name).ok());
    let text = |name: &str| match value(name) {
        Some(RegistryValue::Text(text)) => Some(text),
        _ => None,
    };
    let number = |name: &str| match value(name) {
        Some(RegistryValue::Dword(number)) => Some(number),
        _ => None,
    };
    let build = text("CurrentBuildNumber")
        .or_else(|| text("CurrentBuild"))
        .unwrap_or_default();
    Version {
        name: text("ProductName").unwrap_or_else(|| "Windows".to_owned()),
        // Windows 8.1 and later freeze CurrentVersion at 6.3 and have the two numbers beside it.
        number: match (
            number("CurrentMajorVersionNumber"),
            number("CurrentMinorVersionNumber"),
        ) {
            (Some(major), Some(minor)) => format!("{major}.{minor}"),
            _ => text("CurrentVersion").unwrap_or_default(),
        },
        build: match number("UBR") {
            Some(revision) => format!("{build}.{revision}"),
            None => build,
        },
    }
}

fn computer_name(format: COMPUTER_NAME_FORMAT) -> Result<String, Failure> {
    // A DNS name has at most 255 characters.
    let mut name = [0u16; 256];
    let mut length = name.len() as u32;
    // SAFETY: the buffer has `length` units; on success `length` is that of the text without its NUL.
    if unsafe { GetComputerNameExW(format, name.as_mut_ptr(), &mut length) } == 0 {
        return Err(Failure::from_code(last_error(), "read the computer's name"));
    }
    Ok(String::from_utf16_lossy(
        name.get(..length as usize).unwrap_or(&name),
    ))
}

fn joined_domain() -> Option<String> {
    let mut name = std::ptr::null_mut();
    let mut status = 0;
    // SAFETY: a null server is this host; on success `name` is a text to free.
    if unsafe { NetGetJoinInformation(std::ptr::null(), &mut name, &mut status) } != 0 {
        return None;
    }
    // SAFETY: the call has given a text that ends in a NUL, or null.
    let domain = unsafe { wide::read(name) };
    // SAFETY: the buffer is ours to free, and is not used afterwards.
    unsafe { NetApiBufferFree(name.cast()) };
    (status == NetSetupDomainName && !domain.is_empty()).then_some(domain)
}

fn uptime() -> Duration {
    // SAFETY: no arguments, cannot fail.
    Duration::from_millis(unsafe { GetTickCount64() })
}

fn elevated() -> Result<bool, Failure> {
    let failed = || Failure::from_code(last_error(), "read the agent's own token");
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: the pseudo handle of this process is always valid; the token handle is written on success.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) } == 0 {
        return Err(failed());
    }
    let mut elevation = TOKEN_ELEVATION::default();
    let mut length = 0;
    // SAFETY: the token is open; buffer and size are those of the structure that this class fills.
    let done = unsafe {
        GetTokenInformation(
            token,
            TokenElevation,
            (&raw mut elevation).cast(),
            size_of::<TOKEN_ELEVATION>() as u32,
            &mut length,
        )
    };
    let result = if done == 0 {
        Err(failed())
    } else {
        Ok(elevation.TokenIsElevated != 0)
    };
    // SAFETY: the token is open and used by nobody else.
    unsafe { CloseHandle(token) };
    result
}
