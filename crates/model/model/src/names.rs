//! Names, parsed once and carried as types of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} {why}")]
pub struct InvalidName {
    /// What the text should have been, in the field's term.
    pub kind: &'static str,
    /// The text as given.
    pub text: String,
    /// What is wrong with it, to be read after the text.
    pub why: &'static str,
}

/// Declares a text newtype whose only way in is `$check`, also through serde.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                $check(text).map(Self).map_err(|why| InvalidName {
                    kind: $kind,
                    text: text.to_owned(),
                    why,
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

mod host_folder;
mod logon_account;

pub use host_folder::HostFolder;
pub use logon_account::LogonAccount;

name!(
    /// A distinguished name in its text form (RFC 4514), as the directory returned or will receive it.
    Dn, "distinguished name", distinguished_name
);
name!(
    /// `sAMAccountName`: at most 20 characters for users; ends in `$` for computers and gMSAs.
    SamAccountName, "account name", sam_account_name
);
name!(
    /// The name of a gMSA without its `$`: 14 characters at most, since `sAMAccountName` holds 15 of them with the `$`.
    GmsaName, "gMSA name", gmsa_name
);
name!(
    /// A host's NetBIOS name, in capitals: 15 characters at most.
    HostName, "host name", host_name
);
name!(
    /// A DNS name, in lower case.
    DnsName, "DNS name", dns_name
);
name!(
    /// A Windows service's key name (not its display name).
    ServiceName, "service name", service_name
);
name!(
    /// A service principal name: `class/host`, optionally `:port` and `/name`.
    Spn, "service principal name", spn
);
name!(
    /// A component of the catalogue, such as `sync`.
    ComponentId, "component", slug
);
name!(
    /// A step of a plan: unique in the plan, stable for the same input.
    StepId, "step id", slug
);
name!(
    /// One execution of a plan.
    RunId, "run id", slug
);

impl SamAccountName {
    /// Whether both are the same account: the directory compares them without regard to case.
    pub fn same_as(&self, other: &SamAccountName) -> bool {
        self.as_str().to_lowercase() == other.as_str().to_lowercase()
    }
}

impl GmsaName {
    /// The account's `sAMAccountName`: the name and a `$`.
    pub fn sam_account_name(&self) -> SamAccountName {
        SamAccountName(format!("{}$", self.0))
    }
}

impl StepId {
    /// The id that this text suggests: what ids may not hold becomes `-`.
    pub fn suggested_by(text: &str) -> Self {
        let plain = |c: char| if is_of_slug(c) { c } else { '-' };
        Self(text.chars().take(SLUG_LENGTH).map(plain).collect())
    }
}

impl DnsName {
    /// The name of `label` in this domain; a gMSA's name is always a label.
    #[must_use]
    pub fn child(&self, label: &GmsaName) -> Self {
        Self(format!("{}.{}", label.as_str().to_lowercase(), self.0))
    }
}

impl HostName {
    /// The `sAMAccountName` of the host's computer account: the name and a `$`.
    pub fn computer_account(&self) -> SamAccountName {
        SamAccountName(format!("{}$", self.0))
    }
}

impl Spn {
    /// Whether both are the same SPN: the directory compares them without regard to case.
    pub fn same_as(&self, other: &Spn) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }

    /// The service class: what stands before the first `/`.
    pub fn class(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

/// What a `sAMAccountName` may not hold ([MS-SAMR] 3.1.1.6 "Attribute Constraints for Originating Updates").
const NOT_IN_ACCOUNT_NAMES: &[char] = &[
    '"', '/', '\\', '[', ']', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>',
];

fn plain(text: &str, longest: usize) -> Result<&str, &'static str> {
    if text.is_empty() {
        Err("is empty")
    } else if text.chars().any(char::is_control) {
        Err("holds a control character")
    } else if text.chars().count() > longest {
        Err("is too long")
    } else {
        Ok(text)
    }
}

fn distinguished_name(text: &str) -> Result<String, &'static str> {
    plain(text, 4096)?;
    if !text.contains('=') {
        return Err("has no attribute, such as CN=…");
    }
    Ok(text.to_owned())
}

fn sam_account_name(text: &str) -> Result<String, &'static str> {
    // Groups may have 256 characters; the limits of users, computers and gMSAs are their own types' business.
    plain(text, 256)?;
    if text.contains(NOT_IN_ACCOUNT_NAMES) {
        return Err(r#"holds a character that account names may not have: "/\[]:;|=,+*?<>"#);
    }
    Ok(text.to_owned())
}

fn gmsa_name(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('$').unwrap_or(text);
    sam_account_name(name)?;
    if name.chars().count() > 14 {
        return Err("is longer than 14 characters (15 with its $, the limit of gMSA names)");
    }
    if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        return Err(
            "holds more than letters, digits, - and _, which its DNS host name could not have",
        );
    }
    Ok(name.to_owned())
}

fn host_name(text: &str) -> Result<String, &'static str> {
    plain(text, 15)?;
    if !text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    {
        return Err("holds more than letters, digits and hyphens");
    }
    Ok(text.to_uppercase())
}

fn dns_name(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    plain(name, 253)?;
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    if !name.split('.').all(label) {
        return Err("is not made of labels of letters, digits and hyphens");
    }
    Ok(name.to_lowercase())
}

fn service_name(text: &str) -> Result<String, &'static str> {
    plain(text, 256)?;
    if text.contains(['/', '\\']) {
        return Err("holds a slash, which service names may not have");
    }
    Ok(text.to_owned())
}

fn spn(text: &str) -> Result<String, &'static str> {
    plain(text, 1024)?;
    let parts: Vec<&str> = text.split('/').collect();
    if !(2..=3).contains(&parts.len()) || parts.iter().any(|p| p.is_empty()) {
        return Err("is not of the form class/host or class/host/name");
    }
    if text.contains(char::is_whitespace) {
        return Err("holds white space");
    }
    Ok(text.to_owned())
}

/// Longest id: they stand in file names, journals and on the command line.
const SLUG_LENGTH: usize = 128;

fn is_of_slug(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/')
}

fn slug(text: &str) -> Result<String, &'static str> {
    plain(text, SLUG_LENGTH)?;
    if !text.chars().all(is_of_slug) {
        return Err("holds more than letters, digits and - _ . : /");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gmsa_name_leaves_room_for_its_dollar() {
        assert_eq!(
            "MIMSyncGMSAsvc$".parse::<GmsaName>().unwrap().as_str(),
            "MIMSyncGMSAsvc"
        );
        assert_eq!(
            "MIMSyncGMSAsvc"
                .parse::<GmsaName>()
                .unwrap()
                .sam_account_name()
                .as_str(),
            "MIMSyncGMSAsvc$"
        );
        let error = "MIMSyncGMSAsvc1".parse::<GmsaName>().unwrap_err();
        assert!(error.to_string().contains("14 characters"), "{error}");
    }

    #[test]
    fn names_that_break_commands_are_refused() {
        for text in ["", "a,b", "a/b", "a\u{0}b", "a*"] {
            assert!(text.parse::<SamAccountName>().is_err(), "{text:?}");
        }
        for text in ["PCNSCLNT", "/x", "a//b", "a/b/c/d", "a b/c"] {
            assert!(text.parse::<Spn>().is_err(), "{text:?}");
        }
        assert!("MIM SYNC".parse::<HostName>().is_err());
        assert!("bad..name".parse::<DnsName>().is_err());
    }

    #[test]
    fn a_name_from_json_is_checked_too() {
        assert!(serde_json::from_str::<GmsaName>("\"far-too-long-a-name\"").is_err());
    }
}
