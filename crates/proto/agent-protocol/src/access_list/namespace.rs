//! Namespaces of WMI.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InvalidName;

/// A namespace of WMI, such as `root\CIMV2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

impl Namespace {
    /// `root`, or a path that begins with it.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into().replace('/', r"\");
        let mut parts = text.split('\\');
        let root = parts
            .next()
            .is_some_and(|root| root.eq_ignore_ascii_case("root"));
        let word = |part: &str| {
            let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            !part.is_empty() && part.chars().all(fits)
        };
        match root && parts.all(word) {
            true => Ok(Self(text)),
            false => Err(InvalidName::new(
                "namespace of WMI",
                text,
                r"it is not root, nor a path such as root\CIMV2",
            )),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Namespace {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<Namespace> for String {
    fn from(path: Namespace) -> String {
        path.0
    }
}
