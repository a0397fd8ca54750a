//! Names of local named pipes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InvalidName;

/// Name of a local named pipe, without `\\.\pipe\` before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PipeName(String);

impl PipeName {
    /// 1 to 200 letters, digits, dots, hyphens and underscores: no pipe of another host, no folder.
    ///
    /// # Errors
    /// For every other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if (1..=200).contains(&text.len()) && text.chars().all(plain) {
            return Ok(Self(text));
        }
        let why =
            "it is empty, has more than 200 characters, or others than letters, digits and . _ -";
        Err(InvalidName::new("pipe name", text, why))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PipeName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<PipeName> for String {
    fn from(name: PipeName) -> String {
        name.0
    }
}

impl fmt::Display for PipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_of_this_host_only() {
        assert!(PipeName::parse("keypipe").is_ok());
        for text in ["", r"..\keypipe", r"\\HOST\pipe\keypipe", "a/b", "a b"] {
            assert!(PipeName::parse(text).is_err(), "{text:?}");
        }
    }
}
