//! URLs that HTTP.sys has reserved for somebody.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InvalidName;

/// A reserved URL, such as `http://+:5725/`: whoever its list names may listen on it ("UrlPrefix Strings").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UrlPrefix(String);

impl UrlPrefix {
    /// `http` or `https`, a host or one of `+` and `*`, a port, and a path that ends in a slash.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        match is_prefix(&text) {
            true => Ok(Self(text)),
            false => Err(InvalidName::new(
                "URL of a reservation",
                text,
                "it is none such as http://+:5725/: scheme, host, port, and a path that ends in a slash",
            )),
        }
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_prefix(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let scheme = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| lower.strip_prefix(scheme));
    let rest = scheme.and_then(|rest| rest.split_once('/'));
    let Some((authority, path)) = rest else {
        return false;
    };
    let Some((host, port)) = authority.rsplit_once(':') else {
        return false;
    };
    !host.is_empty()
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && (path.is_empty() || path.ends_with('/'))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for UrlPrefix {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl From<UrlPrefix> for String {
    fn from(url: UrlPrefix) -> String {
        url.0
    }
}
