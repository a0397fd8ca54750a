//! Builds of MIM: four numbers, compared one by one.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A build such as 4.6.673.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Version([u32; 4]);

/// A text that is no build.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no build number of the form 4.6.673.0")]
pub(crate) struct InvalidVersion(String);

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let numbers: Result<Vec<u32>, _> = text.trim().split('.').map(str::parse).collect();
        let mut numbers = numbers.map_err(|_| InvalidVersion(text.to_owned()))?;
        if !(2..=4).contains(&numbers.len()) {
            return Err(InvalidVersion(text.to_owned()));
        }
        numbers.resize(4, 0);
        numbers
            .try_into()
            .map(Self)
            .map_err(|_| InvalidVersion(text.to_owned()))
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_compare_by_number_not_by_text() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("4.5.26.0") > version("4.5.9.0"));
        assert!(version("4.4.1302.0") < version("4.5.26.0"));
        assert!(version("4.6.34.0") >= version("4.5.26.0"));
        assert_eq!(version("4.5.26"), version("4.5.26.0"));
        for text in ["", "4", "4.5.x.x", "4.5.26.0.1", "-1.0"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
