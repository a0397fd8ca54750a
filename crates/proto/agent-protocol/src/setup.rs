//! A product's setup: a package of Windows Installer, run silently with properties.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{HostPath, InvalidName};

/// Most properties in one run.
pub const SETUP_PROPERTY_LIMIT: usize = 128;

/// Properties of Windows Installer itself.
const OF_EVERY_PACKAGE: [&str; 8] = [
    "ADDLOCAL",
    "ALLUSERS",
    "MSIFASTINSTALL",
    "REBOOT",
    "REINSTALL",
    "REINSTALLMODE",
    "REMOVE",
    "TRANSFORMS",
];

/// A silent run of a package: what `msiexec /i PACKAGE NAME=value… /qn` does, without a command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupRun {
    /// The package, an .msi file.
    pub package: HostPath,
    /// SHA-256 that the package must have, lower-case hex; any where absent.
    pub sha256: Option<String>,
    /// What it is given.
    pub properties: Vec<SetupProperty>,
    /// The property that gets the frame's secret, beside these.
    pub secret_property: Option<PropertyName>,
    /// Where the log is written; an older file of that name is replaced.
    pub log: HostPath,
    /// Longest wait while another installation runs (1618), in milliseconds.
    pub busy_ms: u64,
    /// Longest run, in milliseconds. What has not ended then goes on, and its end is not known.
    pub timeout_ms: u64,
}

impl SetupRun {
    /// Why it must not be run as it stands: a password among the properties, or too many of them.
    pub fn objection(&self) -> Option<String> {
        let given = |property: &&SetupProperty| {
            property.name.is_of_a_password() && !property.value.as_str().is_empty()
        };
        if let Some(leak) = self.properties.iter().find(given) {
            return Some(format!(
                "property {} is a password: it is given as the secret only",
                leak.name
            ));
        }
        let count = self.properties.len();
        (count > SETUP_PROPERTY_LIMIT)
            .then(|| format!("{count} properties; {SETUP_PROPERTY_LIMIT} is the most"))
    }
}

/// A property and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupProperty {
    /// Its name.
    pub name: PropertyName,
    /// Its value; never a secret.
    pub value: PropertyValue,
}

/// Name of a public property ("Public Properties", Windows Installer SDK): only these can be given from outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PropertyName(String);

/// Value of a property: text without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PropertyValue(String);

impl PropertyName {
    /// Capital letters, digits, dots and underscores, a letter or underscore first, 72 at most.
    ///
    /// # Errors
    /// For every other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let first = |letter: char| letter.is_ascii_uppercase() || letter == '_';
        let word = |letter: char| first(letter) || letter.is_ascii_digit() || letter == '.';
        if text.starts_with(first) && text.len() <= 72 && text.chars().all(word) {
            return Ok(Self(text));
        }
        let why = "it has more than 72 characters, or others than capital letters, digits, . and _, or begins with another \
                   than a letter or _: only public properties can be given";
        Err(InvalidName::new("property name", text, why))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every package has it, whatever its tables list ("Property Reference", Windows Installer SDK).
    pub fn is_of_every_package(&self) -> bool {
        OF_EVERY_PACKAGE.contains(&self.as_str())
    }

    /// Whether the name says that the value is a password: such a one travels as the frame's secret only.
    pub fn is_of_a_password(&self) -> bool {
        ["PASSWORD", "PWD", "SECRET", "PASSPHRASE"]
            .iter()
            .any(|word| self.0.ends_with(word))
    }
}

impl PropertyValue {
    /// Up to 4,096 characters, none of them a control character.
    ///
    /// # Errors
    /// For every other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        if text.len() <= 4096 && !text.contains(char::is_control) {
            return Ok(Self(text));
        }
        let why = "it has more than 4096 bytes, or a control character";
        Err(InvalidName::new("property value", text, why))
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! texts {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(text)
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
    )*};
}
texts!(PropertyName PropertyValue);

/// How a run of a setup ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupEnd {
    /// What Windows Installer returned: 0 or a Win32 code. 3010 and 1641 are success that wants a restart.
    pub code: u32,
    /// Lines of the log: those around where it failed, or the last ones. Secrets are taken out on the host.
    pub log: Vec<String>,
    /// How often it was tried because another installation was running.
    pub attempts: u32,
}

impl SetupEnd {
    /// Whether the setup did its work.
    pub fn succeeded(&self) -> bool {
        matches!(self.code, 0 | RESTART_WANTED | RESTART_BEGUN)
    }

    /// Whether the host is to restart for all of it to take effect, and nobody has it restart yet.
    pub fn wants_restart(&self) -> bool {
        self.code == RESTART_WANTED
    }

    /// Whether the host restarts now.
    pub fn restarts(&self) -> bool {
        self.code == RESTART_BEGUN
    }

    /// Whether another installation was running all the time: nothing was done.
    pub fn was_busy(&self) -> bool {
        self.code == ALREADY_RUNNING
    }

    /// What became of it, and what to do ("MsiExec.exe and InstMsi.exe Error Messages", Windows Installer SDK).
    pub fn meaning(&self) -> (String, &'static str) {
        let known = ENDS.iter().find(|(code, ..)| *code == self.code);
        known.map_or_else(
            || (format!("it ended with code {}", self.code), UNKNOWN),
            |(_, what, advice)| ((*what).to_owned(), *advice),
        )
    }
}

/// ERROR_SUCCESS_REBOOT_REQUIRED.
const RESTART_WANTED: u32 = 3010;
/// ERROR_SUCCESS_REBOOT_INITIATED.
const RESTART_BEGUN: u32 = 1641;
/// ERROR_INSTALL_ALREADY_RUNNING.
const ALREADY_RUNNING: u32 = 1618;
const UNKNOWN: &str = "net helpmsg has the code; the log on the host has the lines before";

/// Codes, what they mean, what to do.
const ENDS: [(u32, &str, &str); 13] = [
    (0, "done", ""),
    (
        RESTART_WANTED,
        "done; the host is to restart for all of it to take effect",
        "plan the restart: gmsactl host reboot",
    ),
    (
        RESTART_BEGUN,
        "done; the host restarts now",
        "wait until it is back, then look again",
    ),
    (
        1602,
        "somebody, or a dialog, cancelled it",
        "look who works on the host",
    ),
    (
        1603,
        "it failed and took itself back",
        "the cause stands in the log above the first \"Return value 3\"",
    ),
    (
        1605,
        "the product is not installed there",
        "change mode is for an installed product: take the package of the one that is installed",
    ),
    (
        ALREADY_RUNNING,
        "another installation was running all the time; nothing was done",
        "wait for its end, or look which it is (msiexec.exe in the Task Manager), then repeat",
    ),
    (
        1619,
        "the package could not be opened",
        "give the path as the host sees it; a share must let the host's administrator in",
    ),
    (1620, "the file is no package", "give the .msi file itself"),
    (
        1624,
        "a transform could not be applied",
        "leave TRANSFORMS out, or give the path as the host sees it",
    ),
    (
        1625,
        "a policy of the host forbids it",
        "look at the policies of Windows Installer, and for software restriction",
    ),
    (
        1638,
        "another version of the product is installed",
        "take the package that it was installed from; an upgrade is something else",
    ),
    (
        1639,
        "the properties were not understood",
        "look at their values for what Windows Installer takes for syntax",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_properties_have_a_name() {
        for name in ["SERVICE_ACCOUNT_NAME", "REBOOT", "_A.1"] {
            assert!(PropertyName::parse(name).is_ok(), "{name}");
        }
        for name in ["", "SQLServerStore", "A B", "1A", "A=B", "A\"", "/x", "-A"] {
            assert!(PropertyName::parse(name).is_err(), "{name:?}");
        }
        let of_a_password = |name| PropertyName::parse(name).unwrap().is_of_a_password();
        assert!(of_a_password("SERVICE_ACCOUNT_EMAIL_PASSWORD"));
        assert!(!of_a_password("GROUPPASSWORDSET"));
    }

    #[test]
    fn the_end_says_what_to_do() {
        let end = |code| SetupEnd {
            code,
            log: Vec::new(),
            attempts: 1,
        };
        for (code, succeeded, restart) in [
            (0, true, false),
            (3010, true, true),
            (1641, true, false),
            (1603, false, false),
        ] {
            assert_eq!(
                (end(code).succeeded(), end(code).wants_restart()),
                (succeeded, restart)
            );
        }
        assert!(end(1618).was_busy() && end(1641).restarts());
        assert!(end(1638).meaning().1.contains("installed from"));
        assert_eq!(
            end(1612).meaning(),
            ("it ended with code 1612".to_owned(), UNKNOWN)
        );
    }

    #[test]
    fn values_are_one_line() {
        assert!(PropertyValue::parse(r#"CONTOSO\a$ "b""#).is_ok());
        for value in ["a\0b", "a\nb", &"x".repeat(5000)] {
            assert!(PropertyValue::parse(value).is_err());
        }
    }
}
