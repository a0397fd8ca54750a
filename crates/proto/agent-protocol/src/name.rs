//! Names on a host, checked where they enter.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that cannot be the name it was given as.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{text:?} cannot be a {what}: {why}")]
pub struct InvalidName {
    what: &'static str,
    text: String,
    why: &'static str,
}

impl InvalidName {
    pub(crate) fn new(what: &'static str, text: String, why: &'static str) -> Self {
        Self { what, text, why }
    }
}

/// Key name of a service, such as `FIMSynchronizationService`; its display name is another thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

impl ServiceName {
    /// 1 to 256 characters without slash, backslash and NUL (CreateServiceW, `lpServiceName`).
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let why = match () {
            () if text.contains(['/', '\\']) => "it has a slash",
            () if text.encode_utf16().count() > 256 => "it is longer than 256 characters",
            () => return Ok(Self(one_line("service name", text)?)),
        };
        Err(InvalidName {
            what: "service name",
            text,
            why,
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Logon account as Windows writes it: `CONTOSO\svc-mimsync`, `CONTOSO\MIMSyncGMSAsvc$`, `LocalSystem`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// Not empty and without NUL.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        one_line("account name", text.into()).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Absolute path on the host, in the host's own spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPath(String);

impl HostPath {
    /// Absolute as Windows (`C:\…`, `\\server\share\…`) or Unix (`/…`) has it, without NUL.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = one_line("path", text.into())?;
        let drive = matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
        if drive || text.starts_with("\\\\") || text.starts_with('/') {
            return Ok(Self(text));
        }
        Err(InvalidName {
            what: "path",
            text,
            why: "it is not absolute",
        })
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Name of an application pool, such as `DefaultAppPool`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

impl PoolName {
    /// 1 to 64 characters, none of which the web server forbids (IIS schema, `applicationPoolName`).
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = one_line("application pool name", text.into())?;
        let why = match () {
            () if text.chars().count() > 64 => "it is longer than 64 characters",
            () if text.contains(['|', '<', '>', '&', '"', '\'', '\r', '\n', '\t']) => {
                "it has one of the characters | < > & \" '"
            }
            () => return Ok(Self(text)),
        };
        Err(InvalidName::new("application pool name", text, why))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Folder and name of a scheduled task, such as `\Contoso\Delta import`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskPath(String);

impl TaskPath {
    /// Begins with a backslash, and no part of it is empty, `.` or `..`.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = one_line("path of a task", text.into())?;
        let why = match text.strip_prefix('\\') {
            None => "it does not begin with a backslash",
            Some(rest) if rest.split('\\').any(|part| ["", ".", ".."].contains(&part)) => {
                "a part of it is empty, a dot or two"
            }
            Some(_) => return Ok(Self(text)),
        };
        Err(InvalidName::new("path of a task", text, why))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder, `\` for the root, and the name in it.
    pub fn split(&self) -> (&str, &str) {
        match self.0.rsplit_once('\\') {
            Some(("", name)) => ("\\", name),
            Some(parts) => parts,
            None => ("\\", self.0.as_str()),
        }
    }
}

/// Name of a local group, such as `Administrators`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

impl GroupName {
    /// 1 to 256 characters without backslash (NetLocalGroupAdd, `LOCALGROUP_INFO_0`).
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = one_line("local group name", text.into())?;
        let why = match () {
            () if text.contains('\\') => "it has a backslash",
            () if text.encode_utf16().count() > 256 => "it is longer than 256 characters",
            () => return Ok(Self(text)),
        };
        Err(InvalidName::new("local group name", text, why))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn one_line(what: &'static str, text: String) -> Result<String, InvalidName> {
    let why = match () {
        () if text.is_empty() => "it is empty",
        () if text.contains('\0') => "it has a NUL character",
        () => return Ok(text),
    };
    Err(InvalidName { what, text, why })
}

impl TryFrom<String> for ServiceName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl TryFrom<String> for AccountName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostPath {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> String {
        name.0
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> String {
        name.0
    }
}

impl From<HostPath> for String {
    fn from(path: HostPath) -> String {
        path.0
    }
}

impl TryFrom<String> for PoolName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<PoolName> for String {
    fn from(name: PoolName) -> String {
        name.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TaskPath {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<TaskPath> for String {
    fn from(name: TaskPath) -> String {
        name.0
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for GroupName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> String {
        name.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_on_the_wire_too() {
        assert!(serde_json::from_str::<ServiceName>("\"MSSQL$SQLPROD\"").is_ok());
        for bad in ["\"\"", "\"a\\\\b\"", "\"a/b\"", "\"a\\u0000b\""] {
            assert!(serde_json::from_str::<ServiceName>(bad).is_err(), "{bad}");
        }
        assert!(ServiceName::parse("x".repeat(257)).is_err());
    }

    #[test]
    fn tasks_are_named_from_the_root() {
        let task = TaskPath::parse(r"\Contoso\Delta import").unwrap();
        assert_eq!(task.split(), (r"\Contoso", "Delta import"));
        assert_eq!(TaskPath::parse(r"\x").unwrap().split(), (r"\", "x"));
        for bad in ["", "x", r"\", r"\a\\b", r"\..\x"] {
            assert!(TaskPath::parse(bad).is_err(), "{bad}");
        }
        assert!(PoolName::parse("a|b").is_err() && PoolName::parse("MIM Portal").is_ok());
        assert!(GroupName::parse(r"BUILTIN\Users").is_err());
    }

    #[test]
    fn paths_are_absolute() {
        for good in [r"C:\Windows", "c:/x", r"\\server\share", "/etc"] {
            assert!(HostPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "x", r"..\x", "C:x", r"\0"] {
            assert!(HostPath::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            HostPath::parse("miiskmu.exe").unwrap_err().to_string(),
            "\"miiskmu.exe\" cannot be a path: it is not absolute"
        );
    }
}
