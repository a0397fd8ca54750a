//! Search filters: compiled once, then asked about each object (RFC 4511 section 4.5.1.7, [MS-ADTS] 3.1.1.3.1.3).

mod candidates;
mod compile;

use std::collections::HashSet;

use crate::rules::access::AccessCheck;
use crate::store::Store;
use crate::store::dn::fold;
use crate::store::object::{Object, ObjectId, Value, comparable, compares_as};
use crate::store::schema::{Attr, Syntax, forward_link};

pub(super) use compile::compile;

/// A filter whose names and values have been looked up.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Equal(Attr, Box<[u8]>),
    AtLeast(Attr, Box<[u8]>),
    AtMost(Attr, Box<[u8]>),
    Substrings(Attr, Vec<Part>),
    Present(Attr),
    AllBits(Attr, i64),
    AnyBits(Attr, i64),
    /// The object points to the other by this link.
    Links(Attr, ObjectId),
    /// The object is pointed to by the other.
    LinkedFrom(Attr, ObjectId),
    Among(HashSet<ObjectId>),
    Always,
    /// Of an unknown attribute or value: neither true nor false.
    Undefined,
}

#[derive(Debug)]
pub(super) enum Part {
    Initial(String),
    Any(String),
    Final(String),
}

impl Condition {
    /// Whether an object matches; `None` where that is undefined, which does not match either.
    pub(super) fn matches(
        &self,
        store: &Store,
        id: ObjectId,
        object: &Object,
        access: &mut AccessCheck<'_>,
    ) -> Option<bool> {
        let texts = |attribute: Attr| object.values(attribute).iter().filter_map(Value::bytes);
        let mut readable = |attribute: Attr| access.may_read(object, attribute).then_some(());
        match self {
            Self::And(all) => {
                let mut result = Some(true);
                for one in all {
                    match one.matches(store, id, object, access) {
                        Some(false) => return Some(false),
                        None => result = None,
                        Some(true) => {}
                    }
                }
                result
            }
            Self::Or(any) => {
                let mut result = Some(false);
                for one in any {
                    match one.matches(store, id, object, access) {
                        Some(true) => return Some(true),
                        None => result = None,
                        Some(false) => {}
                    }
                }
                result
            }
            Self::Not(one) => one
                .matches(store, id, object, access)
                .map(|matches| !matches),
            Self::Equal(attribute, value) => {
                readable(*attribute)?;
                let syntax = attribute.definition().syntax;
                Some(texts(*attribute).any(|it| compares_as(syntax, it, value)))
            }
            Self::AtLeast(attribute, bound) => {
                readable(*attribute)?;
                Some(texts(*attribute).any(|value| compare(*attribute, value, bound).is_ge()))
            }
            Self::AtMost(attribute, bound) => {
                readable(*attribute)?;
                Some(texts(*attribute).any(|value| compare(*attribute, value, bound).is_le()))
            }
            Self::Substrings(attribute, parts) => {
                readable(*attribute)?;
                Some(texts(*attribute).any(|value| has_parts(&folded(value), parts)))
            }
            Self::Present(attribute) => {
                readable(*attribute)?;
                Some(match forward_link(*attribute) {
                    Some(forward) => object.referrers(forward).next().is_some(),
                    None => {
                        *attribute == Attr::DistinguishedName
                            || !object.values(*attribute).is_empty()
                    }
                })
            }
            Self::AllBits(attribute, bits) => {
                readable(*attribute)?;
                Some(
                    object
                        .number(*attribute)
                        .is_some_and(|number| number & bits == *bits),
                )
            }
            Self::AnyBits(attribute, bits) => {
                readable(*attribute)?;
                Some(
                    object
                        .number(*attribute)
                        .is_some_and(|number| number & bits != 0),
                )
            }
            Self::Links(attribute, target) => {
                readable(*attribute)?;
                Some(store.is_linked(id, *attribute, *target))
            }
            Self::LinkedFrom(attribute, source) => Some(store.is_linked(*source, *attribute, id)),
            Self::Among(ids) => Some(ids.contains(&id)),
            Self::Always => Some(true),
            Self::Undefined => None,
        }
    }
}

fn compare(attribute: Attr, value: &[u8], bound: &[u8]) -> std::cmp::Ordering {
    let number = |bytes: &[u8]| {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<i64>().ok())
    };
    match (attribute.definition().syntax, number(value), number(bound)) {
        (Syntax::Integer | Syntax::LargeInteger, Some(value), Some(bound)) => value.cmp(&bound),
        (syntax, ..) => comparable(syntax, value).as_ref().cmp(bound),
    }
}

fn has_parts(text: &str, parts: &[Part]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| {
        let after = match part {
            Part::Initial(part) => rest.strip_prefix(part.as_str()),
            Part::Any(part) => rest.split_once(part.as_str()).map(|(_, after)| after),
            Part::Final(part) => rest.ends_with(part.as_str()).then_some(""),
        };
        rest = after.unwrap_or_default();
        after.is_some()
    })
}

fn folded(bytes: &[u8]) -> String {
    fold(&String::from_utf8_lossy(bytes))
}
