//! Distinguished names (RFC 4514).

use std::fmt;

/// A distinguished name, as text. It is compared as text: case and spacing count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dn(String);

impl Dn {
    /// The empty name: the root DSE.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of an entry below this one; `value` is escaped, `attribute` is not.
    ///
    /// ```
    /// let users = ldap::Dn::from("CN=Users,DC=contoso,DC=com");
    /// assert_eq!(users.child("CN", "Doe, Jane").as_str(), r"CN=Doe\, Jane,CN=Users,DC=contoso,DC=com");
    /// ```
    pub fn child(&self, attribute: &str, value: &str) -> Self {
        let rdn = Self::rdn(attribute, value);
        if self.0.is_empty() {
            Self(rdn)
        } else {
            Self(format!("{rdn},{}", self.0))
        }
    }

    /// A relative distinguished name with its value escaped.
    pub fn rdn(attribute: &str, value: &str) -> String {
        format!("{attribute}={}", Self::escape(value))
    }

    /// The name of the entry above; `None` above a name of one part.
    pub fn parent(&self) -> Option<Self> {
        let comma = self.first_separator()?;
        self.0
            .get(comma + 1..)
            .map(|rest| Self(rest.trim_start().to_owned()))
    }

    /// The first part, still escaped: `CN=Doe\, Jane`.
    pub fn first_rdn(&self) -> &str {
        self.first_separator()
            .and_then(|comma| self.0.get(..comma))
            .unwrap_or(&self.0)
    }

    /// The value of the first part, with its escapes undone; `None` when it has no `=`.
    pub fn first_value(&self) -> Option<String> {
        let (_, value) = self.first_rdn().split_once('=')?;
        Some(unescape(value))
    }

    /// RFC 4514 section 2.4, "Converting an AttributeValue from ASN.1 to a String".
    pub fn escape(value: &str) -> String {
        let mut escaped = String::with_capacity(value.len());
        let last = value.chars().count().saturating_sub(1);
        for (index, c) in value.chars().enumerate() {
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => escaped.extend(['\\', c]),
                '#' if index == 0 => escaped.push_str("\\#"),
                ' ' if index == 0 || index == last => escaped.push_str("\\ "),
                c if c.is_control() => {
                    let mut utf8 = [0; 4];
                    for byte in c.encode_utf8(&mut utf8).bytes() {
                        escaped.push_str(&format!("\\{byte:02X}"));
                    }
                }
                c => escaped.push(c),
            }
        }
        escaped
    }

    fn first_separator(&self) -> Option<usize> {
        let mut escaped = false;
        self.0.bytes().position(|b| {
            let separates = b == b',' && !escaped;
            escaped = b == b'\\' && !escaped;
            separates
        })
    }
}

/// Undoes [`Dn::escape`]: `\,` and `\2C` alike. Bytes that are not UTF-8 become U+FFFD.
fn unescape(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        rest = match (
            first,
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()),
            tail.split_first(),
        ) {
            (b'\\', Some(byte), _) => {
                bytes.push(byte);
                tail.get(2..).unwrap_or_default()
            }
            (b'\\', None, Some((&next, after))) => {
                bytes.push(next);
                after
            }
            _ => {
                bytes.push(first);
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl From<&str> for Dn {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Dn {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        for (value, escaped) in [
            ("plain", "plain"),
            ("Doe, Jane", "Doe\\, Jane"),
            (" lead and trail ", "\\ lead and trail\\ "),
            ("#1", "\\#1"),
            ("a#1", "a#1"),
            ("a=b+c", "a\\=b\\+c"),
            ("back\\slash\"", "back\\\\slash\\\""),
            ("line\nfeed\0", "line\\0Afeed\\00"),
            ("Čuček", "Čuček"),
            (" ", "\\ "),
            ("", ""),
        ] {
            assert_eq!(Dn::escape(value), escaped);
            assert_eq!(unescape(escaped), value);
        }
    }

    #[test]
    fn escaped_commas_do_not_separate() {
        let dn = Dn::from(r"CN=Doe\, Jane\\,OU=a,DC=com");
        assert_eq!(dn.parent(), Some(Dn::from("OU=a,DC=com")));
        assert_eq!(dn.first_rdn(), r"CN=Doe\, Jane\\");
        assert_eq!(dn.first_value().as_deref(), Some(r"Doe, Jane\"));
        assert_eq!(Dn::from("DC=com").parent(), None);
        assert_eq!(Dn::root().parent(), None);
        assert_eq!(Dn::root().child("DC", "com"), Dn::from("DC=com"));
    }

    proptest::proptest! {
        #[test]
        fn any_value_survives_a_round_trip(value in "\\PC*") {
            let dn = Dn::from("DC=com").child("CN", &value);
            proptest::prop_assert_eq!(dn.first_value(), Some(value));
            proptest::prop_assert_eq!(dn.parent(), Some(Dn::from("DC=com")));
        }
    }
}
