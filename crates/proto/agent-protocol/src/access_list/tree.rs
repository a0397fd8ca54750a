//! Folders and registry keys below which access lists are looked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::AccessList;
use crate::{HostPath, InvalidName, RegistryKey};

/// A folder or a registry key, and everything below it. Its text form is the path of either.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AccessTree {
    /// A folder of a drive.
    Folder(HostPath),
    /// A key.
    Key(RegistryKey),
}

impl AccessTree {
    /// The list at its top.
    pub fn top(&self) -> AccessList {
        match self {
            Self::Folder(path) => AccessList::File(path.clone()),
            Self::Key(key) => AccessList::Key(key.clone()),
        }
    }

    /// Whether that list is its own, or of something below it. Windows compares these names without regard to case.
    pub fn has(&self, list: &AccessList) -> bool {
        if !matches!(list, AccessList::File(_) | AccessList::Key(_)) {
            return false;
        }
        let (own, other) = (self.to_string().to_lowercase(), list.to_string());
        let other = other.to_lowercase();
        let below = other.strip_prefix(own.trim_end_matches('\\'));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
    }
}

impl fmt::Display for AccessTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.top().fmt(f)
    }
}

impl FromStr for AccessTree {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.parse() {
            Ok(AccessList::File(path)) => Ok(Self::Folder(path)),
            Ok(AccessList::Key(key)) => Ok(Self::Key(key)),
            _ => Err(InvalidName::new(
                "folder or registry key",
                text.to_owned(),
                r"it is none such as C:\Data, HKLM\SOFTWARE\Contoso",
            )),
        }
    }
}

impl TryFrom<String> for AccessTree {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<AccessTree> for String {
    fn from(tree: AccessTree) -> String {
        tree.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_what_is_below_it() {
        for (tree, list, has) in [
            (r"C:\Data", r"c:\DATA", true),
            (r"C:\Data", r"C:\Data\x\y.bin", true),
            (r"C:\Data", r"C:\Database", false),
            (r"C:\", r"C:\x", true),
            (r"C:\Data\x", r"C:\Data", false),
            (
                r"HKLM\SOFTWARE\Contoso",
                r"HKLM\software\contoso\Agent",
                true,
            ),
            (r"HKLM\SOFTWARE\Contoso", r"HKLM\SOFTWARE\Contoso2", false),
            (r"C:\Data", "http://+:80/", false),
            (r"C:\Data", "root", false),
        ] {
            let (parsed, list): (AccessTree, AccessList) =
                (tree.parse().unwrap(), list.parse().unwrap());
            assert_eq!(parsed.has(&list), has, "{tree} {list}");
            assert_eq!(parsed.to_string(), tree);
        }
        for bad in [
            "root",
            "http://+:80/",
            "Data",
            r"\\server\share",
            "",
            r"HKCU\x",
        ] {
            assert!(bad.parse::<AccessTree>().is_err(), "{bad}");
        }
    }
}
