//! What can go wrong in the world, sorted by what the operator can do about it.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Sorted by what the operator can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Nobody answers there: name, address, port, firewall, service down.
    Unreachable,
    /// Somebody answers, but cannot prove who they are: certificate, host key, realm.
    Untrusted,
    /// We could not prove who we are: password, key, clock skew, disabled account.
    Credential,
    /// We are known and may not do this.
    Denied,
    /// The thing to read or change is not there.
    NotFound,
    /// The thing to create is there already.
    Exists,
    /// The change breaks a rule of the directory or the host (uniqueness, constraint, state).
    Conflict,
    /// This system does not have the call.
    NotSupported,
    /// No answer in time, or the connection broke.
    Timeout,
    /// The two ends do not speak the same version or dialect.
    Protocol,
    /// It must be set up first: a missing setting, keytab or password.
    NotConfigured,
    /// The domain controller is a read-only one: a writable one does what was asked.
    ReadOnly,
    /// What was asked for is given over an encrypted connection only, and this one does not count as such over there.
    NotConfidential,
    /// Everything else that failed over there.
    Failed,
}

/// One failure in the directory or on a host.
///
/// `Display` is the one line that says what went wrong and where; [`WorldError::advice`] says what to do.
#[derive(Debug)]
pub struct WorldError {
    /// What the operator can do about it.
    pub kind: ErrorKind,
    /// One lower-case line: what was tried on what, and what came back.
    pub what: String,
    /// What to do, where something useful can be said.
    pub advice: Option<String>,
    /// Whether a change may have happened all the same: read back, never blindly retry.
    pub ambiguous: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl WorldError {
    /// A failure of that kind; `what` is one lower-case line.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            advice: None,
            ambiguous: false,
            source: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Marks that the change may have happened.
    #[must_use]
    pub fn ambiguous(mut self, ambiguous: bool) -> Self {
        self.ambiguous = ambiguous;
        self
    }

    /// Keeps the error that it came from.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for WorldError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
