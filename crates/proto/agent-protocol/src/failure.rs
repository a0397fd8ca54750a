//! How a request ends badly.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::win32::Win32Code;

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the operator can do about it.
    pub kind: FailureKind,
    /// The Windows error code, where Windows gave one.
    pub code: Option<Win32Code>,
    /// The service's own exit code, with code 1066 only.
    pub service_specific_code: Option<u32>,
    /// What was tried, on what: one lower-case line without the code.
    pub message: String,
}

/// Sort of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// What was named is not there.
    NotFound,
    /// What was to be made is there already.
    Exists,
    /// The agent's account may not.
    Denied,
    /// Something else holds it: try again later, or stop that first.
    Busy,
    /// It was begun and did not end in time: its outcome is unknown.
    Timeout,
    /// This host cannot.
    NotSupported,
    /// The request does not make sense.
    Invalid,
    /// Anything else.
    Failed,
}

impl Failure {
    /// A failure without a Windows code.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            service_specific_code: None,
            message: message.into(),
        }
    }

    /// A failure that Windows named; the kind follows from the code.
    pub fn from_code(code: Win32Code, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(code.kind(), message)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = self.code {
            write!(f, ": {code}")?;
        }
        if let Some(specific) = self.service_specific_code {
            write!(f, ", the service's own code is {specific} (0x{specific:x})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
