//! Entries and attributes: values are bytes.

use std::fmt;

use zeroize::Zeroize;

use crate::dn::Dn;

/// An attribute and its values. `Debug` shows no value, dropping wipes them: some attributes hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    name: String,
    values: Vec<Vec<u8>>,
}

impl Attribute {
    /// An attribute with these values.
    pub fn new<V: Into<Vec<u8>>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            name: name.into(),
            values: values.into_iter().map(Into::into).collect(),
        }
    }

    /// The attribute's description: its name, and its options after a `;`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All values, in the server's order.
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    pub(crate) fn append(&mut self, mut more: Self) {
        self.values.append(&mut more.values);
    }

    pub(crate) fn renamed(mut self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            values: std::mem::take(&mut self.values),
        }
    }
}

impl Drop for Attribute {
    fn drop(&mut self) {
        self.values.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.values.iter().map(Vec::len).sum();
        write!(
            f,
            "{}({} values, {bytes} bytes)",
            self.name,
            self.values.len()
        )
    }
}

/// One object of the directory, as far as it was asked for and may be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: Dn,
    /// Its attributes, each at most once.
    pub attributes: Vec<Attribute>,
}

impl Entry {
    /// The values of an attribute, compared without regard to case; empty when the entry has none.
    pub fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|a| a.name.eq_ignore_ascii_case(attribute))
            .map_or(&[], Attribute::values)
    }

    /// The first value of an attribute.
    pub fn value(&self, attribute: &str) -> Option<&[u8]> {
        self.values(attribute).first().map(Vec::as_slice)
    }

    /// The first value of an attribute as text; `None` also when it is not UTF-8.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.value(attribute)
            .and_then(|v| std::str::from_utf8(v).ok())
    }

    /// The values of an attribute as text; values that are not UTF-8 are left out.
    pub fn texts<'a>(&'a self, attribute: &str) -> impl Iterator<Item = &'a str> {
        self.values(attribute)
            .iter()
            .filter_map(|v| std::str::from_utf8(v).ok())
    }
}

/// One change of an entry (RFC 4511 section 4.6, "Modify Operation").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modification {
    /// What happens to the values.
    pub kind: ModificationKind,
    /// The attribute and the values.
    pub attribute: Attribute,
}

/// What a modification does with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModificationKind {
    /// Adds them; `attributeOrValueExists` if one is there.
    Add,
    /// Takes them away, or the whole attribute when there are none; `noSuchAttribute` if one is not there.
    Delete,
    /// Puts them in the place of all values; with none, takes the attribute away if it is there.
    Replace,
}

impl Modification {
    /// Adds values.
    pub fn add<V: Into<Vec<u8>>>(
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            kind: ModificationKind::Add,
            attribute: Attribute::new(attribute, values),
        }
    }

    /// Takes values away; all when `values` is empty.
    pub fn delete<V: Into<Vec<u8>>>(
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            kind: ModificationKind::Delete,
            attribute: Attribute::new(attribute, values),
        }
    }

    /// Puts these values in the place of all.
    pub fn replace<V: Into<Vec<u8>>>(
        attribute: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self {
            kind: ModificationKind::Replace,
            attribute: Attribute::new(attribute, values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_whatever_the_case_and_never_printed() {
        let entry = Entry {
            dn: Dn::from("CN=a"),
            attributes: vec![
                Attribute::new("msDS-ManagedPassword", [b"secret".to_vec()]),
                Attribute::new("cn", ["a"]),
            ],
        };
        assert_eq!(entry.text("CN"), Some("a"));
        assert_eq!(entry.value("msds-managedpassword"), Some(&b"secret"[..]));
        assert_eq!(entry.values("member"), &[] as &[Vec<u8>]);
        assert!(!format!("{entry:?}").contains("secret"));
        assert!(!format!("{entry:?}").contains("115, 101"));
    }
}
