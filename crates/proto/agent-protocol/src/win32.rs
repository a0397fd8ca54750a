//! Windows error codes that conversions meet, with their names and what they mean here.
//!
//! Names and numbers: [MS-ERREF] 2.2 Win32 Error Codes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::FailureKind;

/// A Windows error code (winerror.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Win32Code(pub u32);

/// ERROR_CALL_NOT_IMPLEMENTED.
pub const CALL_NOT_IMPLEMENTED: Win32Code = Win32Code(120);
/// ERROR_INVALID_LEVEL.
pub const INVALID_LEVEL: Win32Code = Win32Code(124);
/// ERROR_SERVICE_SPECIFIC_ERROR.
pub const SERVICE_SPECIFIC: Win32Code = Win32Code(1066);

use FailureKind::{Busy, Denied, Exists, Failed, Invalid, NotFound, NotSupported, Timeout};

/// Code, name, kind and meaning; sorted by code.
#[rustfmt::skip]
const TABLE: &[(u32, &str, FailureKind, &str)] = &[
    (2, "ERROR_FILE_NOT_FOUND", NotFound, "there is no such file, key or value"),
    (3, "ERROR_PATH_NOT_FOUND", NotFound, "a directory of the path does not exist"),
    (5, "ERROR_ACCESS_DENIED", Denied, "the agent's account has no right to this, or its token is not elevated"),
    (6, "ERROR_INVALID_HANDLE", Failed, "the handle is not valid"),
    (8, "ERROR_NOT_ENOUGH_MEMORY", Failed, "the host is out of memory"),
    (19, "ERROR_WRITE_PROTECT", Denied, "the medium is write-protected"),
    (32, "ERROR_SHARING_VIOLATION", Busy, "another process has the file open"),
    (33, "ERROR_LOCK_VIOLATION", Busy, "another process has locked a part of the file"),
    (50, "ERROR_NOT_SUPPORTED", NotSupported, "this system does not support the request"),
    (53, "ERROR_BAD_NETPATH", NotFound, "the network path was not found"),
    (80, "ERROR_FILE_EXISTS", Exists, "the file exists"),
    (87, "ERROR_INVALID_PARAMETER", Invalid, "a parameter is not valid, or does not fit this service"),
    (112, "ERROR_DISK_FULL", Failed, "the disk is full"),
    (120, "ERROR_CALL_NOT_IMPLEMENTED", NotSupported, "this system does not have the call"),
    (122, "ERROR_INSUFFICIENT_BUFFER", Failed, "the buffer is too small"),
    (123, "ERROR_INVALID_NAME", Invalid, "the name has a character that is not allowed"),
    (124, "ERROR_INVALID_LEVEL", NotSupported, "this system does not have the information level"),
    (127, "ERROR_PROC_NOT_FOUND", NotSupported, "this system does not have the call"),
    (145, "ERROR_DIR_NOT_EMPTY", Busy, "the directory is not empty"),
    (183, "ERROR_ALREADY_EXISTS", Exists, "it exists already"),
    (193, "ERROR_BAD_EXE_FORMAT", Invalid, "the file is not a program for this system"),
    (206, "ERROR_FILENAME_EXCED_RANGE", Invalid, "the name or the command line is too long"),
    (234, "ERROR_MORE_DATA", Failed, "there is more data than fits"),
    (259, "ERROR_NO_MORE_ITEMS", NotFound, "there is nothing more"),
    (740, "ERROR_ELEVATION_REQUIRED", Denied, "the program needs an elevated token"),
    (1051, "ERROR_DEPENDENT_SERVICES_RUNNING", Busy, "services that need this one are running"),
    (1052, "ERROR_INVALID_SERVICE_CONTROL", Busy, "the service does not take this control in its state"),
    (1053, "ERROR_SERVICE_REQUEST_TIMEOUT", Timeout, "the service did not report to the service control manager in time"),
    (1055, "ERROR_SERVICE_DATABASE_LOCKED", Busy, "the service database is locked"),
    (1056, "ERROR_SERVICE_ALREADY_RUNNING", Busy, "the service is running already"),
    (1057, "ERROR_INVALID_SERVICE_ACCOUNT", Invalid, "the logon account does not exist, is misspelt (a gMSA needs its $), or its password is wrong; a gMSA takes no password"),
    (1058, "ERROR_SERVICE_DISABLED", Invalid, "the service is disabled, or one it depends on is"),
    (1059, "ERROR_CIRCULAR_DEPENDENCY", Invalid, "services depend on each other in a circle"),
    (1060, "ERROR_SERVICE_DOES_NOT_EXIST", NotFound, "no service of that name is installed"),
    (1061, "ERROR_SERVICE_CANNOT_ACCEPT_CTRL", Busy, "the service takes no controls now: it is starting or stopping"),
    (1062, "ERROR_SERVICE_NOT_ACTIVE", Busy, "the service is not running"),
    (1064, "ERROR_EXCEPTION_IN_SERVICE", Failed, "the service failed while it handled a control"),
    (1066, "ERROR_SERVICE_SPECIFIC_ERROR", Failed, "the service ended with an error code of its own"),
    (1067, "ERROR_PROCESS_ABORTED", Failed, "the service's process ended unexpectedly"),
    (1068, "ERROR_SERVICE_DEPENDENCY_FAIL", Failed, "a service that this one depends on did not start"),
    (1069, "ERROR_SERVICE_LOGON_FAILED", Failed, "the logon account could not log on: wrong password, no right to log on as a service, or for a gMSA the host may not retrieve the password or the managed-account flag is not set"),
    (1070, "ERROR_SERVICE_START_HANG", Timeout, "the service hung while it started"),
    (1071, "ERROR_INVALID_SERVICE_LOCK", Failed, "the lock of the service database is not valid"),
    (1072, "ERROR_SERVICE_MARKED_FOR_DELETE", Busy, "the service is being deleted: something still holds a handle to it"),
    (1073, "ERROR_SERVICE_EXISTS", Exists, "a service of that name exists"),
    (1075, "ERROR_SERVICE_DEPENDENCY_DELETED", Failed, "a service that this one depends on does not exist"),
    (1077, "ERROR_SERVICE_NEVER_STARTED", Failed, "the service has not been started since the boot"),
    (1078, "ERROR_DUPLICATE_SERVICE_NAME", Exists, "a service has that name or display name"),
    (1079, "ERROR_DIFFERENT_SERVICE_ACCOUNT", Failed, "services that share a process have different logon accounts"),
    (1115, "ERROR_SHUTDOWN_IN_PROGRESS", Busy, "the host is shutting down"),
    (1168, "ERROR_NOT_FOUND", NotFound, "there is no such element"),
    (1223, "ERROR_CANCELLED", Failed, "it was cancelled"),
    (1311, "ERROR_NO_LOGON_SERVERS", Failed, "no domain controller could be reached for the logon"),
    (1313, "ERROR_NO_SUCH_PRIVILEGE", NotSupported, "this system does not have the right"),
    (1314, "ERROR_PRIVILEGE_NOT_HELD", Denied, "the agent's account lacks a privilege for this"),
    (1326, "ERROR_LOGON_FAILURE", Failed, "user name or password is wrong"),
    (1327, "ERROR_ACCOUNT_RESTRICTION", Failed, "a restriction of the account forbids the logon"),
    (1330, "ERROR_PASSWORD_EXPIRED", Failed, "the account's password has expired"),
    (1331, "ERROR_ACCOUNT_DISABLED", Failed, "the account is disabled"),
    (1332, "ERROR_NONE_MAPPED", NotFound, "the account name could not be resolved to a SID"),
    (1355, "ERROR_NO_SUCH_DOMAIN", NotFound, "the domain does not exist or could not be reached"),
    (1376, "ERROR_NO_SUCH_ALIAS", NotFound, "there is no such local group"),
    (1377, "ERROR_MEMBER_NOT_IN_ALIAS", NotFound, "the account is no member of the local group"),
    (1378, "ERROR_MEMBER_IN_ALIAS", Exists, "the account is a member of the local group already"),
    (1385, "ERROR_LOGON_TYPE_NOT_GRANTED", Failed, "the account lacks the right to log on as a service, or is denied it"),
    (1460, "ERROR_TIMEOUT", Timeout, "it did not end in time"),
    (1728, "RPC_S_PROTOCOL_ERROR", Failed, "the remote procedure call failed"),
    (1733, "RPC_S_INVALID_TAG", NotSupported, "this system does not have the information level"),
    (1783, "RPC_X_BAD_STUB_DATA", Invalid, "the service control manager got data that it does not understand"),
    (1787, "ERROR_NO_TRUST_SAM_ACCOUNT", Failed, "the domain has no computer account for this host"),
    (1789, "ERROR_TRUSTED_RELATIONSHIP_FAILURE", Failed, "the host's own computer account cannot log on to the domain"),
    (1909, "ERROR_ACCOUNT_LOCKED_OUT", Failed, "the account is locked out"),
    (15007, "ERROR_EVT_CHANNEL_NOT_FOUND", NotFound, "there is no log of that name"),
];

impl Win32Code {
    /// The symbol of winerror.h, for codes in the table.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.1)
    }

    /// What the code means for services, files and the registry, in one lower-case line.
    pub fn meaning(self) -> Option<&'static str> {
        self.row().map(|row| row.3)
    }

    /// Sort of failure; [`FailureKind::Failed`] for codes outside the table.
    pub fn kind(self) -> FailureKind {
        self.row().map_or(Failed, |row| row.2)
    }

    fn row(self) -> Option<&'static (u32, &'static str, FailureKind, &'static str)> {
        let at = TABLE.binary_search_by_key(&self.0, |row| row.0).ok()?;
        TABLE.get(at)
    }
}

/// `1057 ERROR_INVALID_SERVICE_ACCOUNT (the logon account …)`, or `Windows error 4711`.
impl fmt::Display for Win32Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some((code, name, _, meaning)) => write!(f, "{code} {name} ({meaning})"),
            None => write!(f, "Windows error {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_row_is_found() {
        for row in TABLE {
            assert_eq!(Win32Code(row.0).name(), Some(row.1));
        }
    }

    #[test]
    fn codes_have_names_and_meanings() {
        let text = Win32Code(1060).to_string();
        assert_eq!(
            text,
            "1060 ERROR_SERVICE_DOES_NOT_EXIST (no service of that name is installed)"
        );
        assert_eq!(Win32Code(4711).to_string(), "Windows error 4711");
        assert_eq!(Win32Code(4711).kind(), FailureKind::Failed);
        assert_eq!(Win32Code(5).kind(), FailureKind::Denied);
    }
}
