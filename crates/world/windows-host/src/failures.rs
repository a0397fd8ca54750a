//! Errors of the standard library as failures of the protocol.

use std::io;

use agent_protocol::{Failure, FailureKind};

/// What went wrong with `what` (one lower-case line), with the Windows code on Windows.
pub fn from_io(error: &io::Error, what: String) -> Failure {
    #[cfg(windows)]
    if let Some(code) = error
        .raw_os_error()
        .and_then(|code| u32::try_from(code).ok())
    {
        return Failure::from_code(agent_protocol::win32::Win32Code(code), what);
    }
    let kind = match error.kind() {
        io::ErrorKind::NotFound => FailureKind::NotFound,
        io::ErrorKind::AlreadyExists => FailureKind::Exists,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        io::ErrorKind::DirectoryNotEmpty
        | io::ErrorKind::ResourceBusy
        | io::ErrorKind::ExecutableFileBusy => FailureKind::Busy,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        io::ErrorKind::Unsupported => FailureKind::NotSupported,
        io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::IsADirectory => FailureKind::Invalid,
        _ => FailureKind::Failed,
    };
    Failure::new(kind, format!("{what}: {error}"))
}
