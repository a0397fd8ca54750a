//! One object of the directory.

use std::sync::Arc;

use security::Sid;

use super::class::Class;
use super::dn::Rdn;
use super::schema::{Attr, Syntax};
use crate::kdc::AccountSecret;

/// An object's place in the store; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId(pub(super) u32);

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// As LDAP shows it.
    Bytes(Box<[u8]>),
    /// A distinguished name: follows the object when it is renamed.
    Object(ObjectId),
}

impl Value {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Bytes(text.as_ref().as_bytes().into())
    }

    pub(crate) fn number(number: impl Into<i64>) -> Self {
        Self::text(number.into().to_string())
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Object(_) => None,
        }
    }

    pub(crate) fn to_number(&self) -> Option<i64> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }

    pub(crate) fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Object(id) => Some(*id),
            Self::Bytes(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<ObjectId> for Value {
    fn from(id: ObjectId) -> Self {
        Self::Object(id)
    }
}

/// An object: its name, its class and its attributes.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// `None` for the head of a naming context.
    pub(crate) parent: Option<ObjectId>,
    pub(crate) rdn: Rdn,
    pub(crate) class: &'static Class,
    /// Sorted by attribute.
    pub(super) attributes: Vec<(Attr, Vec<Value>)>,
    /// Who points here, and by which forward link.
    pub(super) referrers: Vec<(Attr, ObjectId)>,
    /// What the account logs on with.
    pub(crate) secret: Option<Arc<AccountSecret>>,
}

impl Object {
    pub(crate) fn values(&self, attribute: Attr) -> &[Value] {
        let found = self
            .attributes
            .binary_search_by_key(&attribute, |(attribute, _)| *attribute);
        found
            .ok()
            .and_then(|index| self.attributes.get(index))
            .map(|(_, values)| &values[..])
            .unwrap_or_default()
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (Attr, &[Value])> {
        self.attributes
            .iter()
            .map(|(attribute, values)| (*attribute, &values[..]))
    }

    pub(crate) fn bytes(&self, attribute: Attr) -> Option<&[u8]> {
        self.values(attribute).first()?.bytes()
    }

    pub(crate) fn text(&self, attribute: Attr) -> Option<&str> {
        std::str::from_utf8(self.bytes(attribute)?).ok()
    }

    pub(crate) fn texts(&self, attribute: Attr) -> impl Iterator<Item = &str> {
        self.values(attribute)
            .iter()
            .filter_map(|value| std::str::from_utf8(value.bytes()?).ok())
    }

    pub(crate) fn number(&self, attribute: Attr) -> Option<i64> {
        self.text(attribute)?.parse().ok()
    }

    pub(crate) fn sid(&self) -> Option<Sid> {
        Sid::from_bytes(self.bytes(Attr::ObjectSid)?).ok()
    }

    /// How many links point here, of all kinds.
    pub(crate) fn referrer_count(&self) -> usize {
        self.referrers.len()
    }

    /// The objects that point here by a forward link.
    pub(crate) fn referrers(&self, forward: Attr) -> impl Iterator<Item = ObjectId> {
        self.referrers
            .iter()
            .filter(move |(attribute, _)| *attribute == forward)
            .map(|(_, id)| *id)
    }
}

/// Whether a value compares equal to another in its comparable form; without a copy in the usual cases.
pub(crate) fn compares_as(syntax: Syntax, bytes: &[u8], other: &[u8]) -> bool {
    match (syntax, std::str::from_utf8(bytes)) {
        (Syntax::Text | Syntax::Boolean, Ok(text)) if text.is_ascii() => {
            text.trim().as_bytes().eq_ignore_ascii_case(other)
        }
        _ => bytes == other || *comparable(syntax, bytes) == *other,
    }
}

/// The form in which values of a syntax compare.
pub(crate) fn comparable(syntax: Syntax, bytes: &[u8]) -> Box<[u8]> {
    match (syntax, std::str::from_utf8(bytes)) {
        (Syntax::Text | Syntax::Boolean, Ok(text)) => {
            super::dn::fold(text.trim()).into_bytes().into()
        }
        (Syntax::Integer | Syntax::LargeInteger, Ok(text)) => match text.trim().parse::<i64>() {
            Ok(number) => number.to_string().into_bytes().into(),
            Err(_) => bytes.into(),
        },
        _ => bytes.into(),
    }
}
