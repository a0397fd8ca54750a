//! Registry keys and values; always the 64-bit view.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{InvalidName, base64_bytes};

/// A hive that the agent opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hive {
    /// HKEY_LOCAL_MACHINE.
    #[serde(rename = "HKLM")]
    LocalMachine,
    /// HKEY_USERS.
    #[serde(rename = "HKU")]
    Users,
}

/// A key: a hive and the path below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryKey {
    hive: Hive,
    path: String,
}

impl RegistryKey {
    /// A key below HKEY_LOCAL_MACHINE; the path has no leading or trailing backslash.
    pub fn local_machine(path: &str) -> Result<Self, InvalidName> {
        Self::parse(format!("HKLM\\{path}"))
    }

    /// A key that this crate knows by heart.
    pub(crate) fn known(path: String) -> Self {
        let hive = Hive::LocalMachine;
        Self { hive, path }
    }

    /// Reads `HKLM\SOFTWARE\…` or `HKEY_LOCAL_MACHINE\SOFTWARE\…`, and the same with HKU.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let invalid = |why| InvalidName::new("registry key", text.clone(), why);
        let (hive, path) = text
            .split_once('\\')
            .ok_or_else(|| invalid("it has no backslash"))?;
        let hive = match hive.to_ascii_uppercase().as_str() {
            "HKLM" | "HKEY_LOCAL_MACHINE" => Hive::LocalMachine,
            "HKU" | "HKEY_USERS" => Hive::Users,
            _ => return Err(invalid("its hive is neither HKLM nor HKU")),
        };
        if path.split('\\').any(|part| part.is_empty()) {
            return Err(invalid("a part of its path is empty"));
        }
        if path.contains('\0') {
            return Err(invalid("it has a NUL character"));
        }
        Ok(Self {
            hive,
            path: path.to_owned(),
        })
    }

    /// The hive.
    pub fn hive(&self) -> Hive {
        self.hive
    }

    /// The path below the hive.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl TryFrom<String> for RegistryKey {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<RegistryKey> for String {
    fn from(key: RegistryKey) -> String {
        key.to_string()
    }
}

impl fmt::Display for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hive = match self.hive {
            Hive::LocalMachine => "HKLM",
            Hive::Users => "HKU",
        };
        write!(f, "{hive}\\{}", self.path)
    }
}

/// Data of a registry value, by its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryValue {
    /// REG_SZ.
    #[serde(rename = "REG_SZ")]
    Text(String),
    /// REG_EXPAND_SZ, not expanded.
    #[serde(rename = "REG_EXPAND_SZ")]
    ExpandableText(String),
    /// REG_MULTI_SZ.
    #[serde(rename = "REG_MULTI_SZ")]
    MultiText(Vec<String>),
    /// REG_DWORD.
    #[serde(rename = "REG_DWORD")]
    Dword(u32),
    /// REG_QWORD.
    #[serde(rename = "REG_QWORD")]
    Qword(u64),
    /// REG_BINARY; base64 on the wire.
    #[serde(rename = "REG_BINARY", with = "base64_bytes")]
    Binary(Vec<u8>),
    /// Any other type, or text that is not valid UTF-16: read and written back as it is.
    #[serde(rename = "other")]
    Other {
        /// The type's number.
        kind: u32,
        /// The data as stored; base64 on the wire.
        #[serde(with = "base64_bytes")]
        data: Vec<u8>,
    },
}

/// What a key holds, one level deep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryKeyContent {
    /// Names with data, in the registry's order; the default value's name is empty.
    pub values: Vec<(String, RegistryValue)>,
    /// Names of the keys directly below.
    pub subkeys: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_in_both_spellings() {
        let key = RegistryKey::parse(r"hkey_local_machine\SYSTEM\CurrentControlSet").unwrap();
        assert_eq!(key.to_string(), r"HKLM\SYSTEM\CurrentControlSet");
        assert_eq!(
            key,
            RegistryKey::local_machine(r"SYSTEM\CurrentControlSet").unwrap()
        );
        for bad in ["", "HKLM", r"HKLM\", r"HKLM\a\\b", r"HKCU\a", "HKLM\\a\0"] {
            assert!(RegistryKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn values_keep_their_type_on_the_wire() {
        let value = RegistryValue::Binary(vec![1, 0, 0, 0]);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"{"REG_BINARY":"AQAAAA=="}"#);
        assert_eq!(serde_json::from_str::<RegistryValue>(&json).unwrap(), value);
    }
}
