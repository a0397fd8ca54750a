//! Search filters: compiled once, then asked about each object (RFC 4511 section 4.5.1.7, [MS-ADTS] 3.1.1.3.1.3).

use std::collections::HashSet;

use rasn_ldap::{Filter, SubstringChoice};
use security::{Guid, Sid};

use crate::forest::Forest;
use crate::rules::access::AccessCheck;
use crate::rules::add::category;
use crate::store::Store;
use crate::store::class::Class;
use crate::store::dn::fold;
use crate::store::object::{Object, ObjectId, Value, comparable, compares_as};
use crate::store::schema::{Attr, Syntax, forward_link};

/// Deepest filter answered, and the one with the most parts.
const MAX_DEPTH: usize = 64;
const MAX_PARTS: usize = 4096;
/// Parts that a matching rule along links counts for: it looks at all objects that it reaches.
const CHAIN_PARTS: usize = 256;

// [MS-ADTS] 3.1.1.3.4.4 "LDAP Matching Rules (extensibleMatch)".
const BIT_AND: &str = "1.2.840.113556.1.4.803";
const BIT_OR: &str = "1.2.840.113556.1.4.804";
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

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

/// The filter is too deep or too long.
pub(super) struct TooMuch;

/// Looks up everything that a filter names.
pub(super) fn compile(
    forest: &Forest,
    store: &Store,
    filter: &Filter,
) -> Result<Condition, TooMuch> {
    let mut compiler = Compiler {
        forest,
        store,
        left: MAX_PARTS,
    };
    compiler.compile(filter, 0)
}

struct Compiler<'a> {
    forest: &'a Forest,
    store: &'a Store,
    /// Parts that the filter may still have.
    left: usize,
}

impl Compiler<'_> {
    fn all(
        &mut self,
        filters: &rasn::types::SetOf<Filter>,
        depth: usize,
    ) -> Result<Vec<Condition>, TooMuch> {
        let filters = filters.to_vec().into_iter();
        filters
            .map(|filter| self.compile(filter, depth + 1))
            .collect()
    }

    fn compile(&mut self, filter: &Filter, depth: usize) -> Result<Condition, TooMuch> {
        let chain = matches!(filter, Filter::ExtensibleMatch(_));
        let parts = if chain { CHAIN_PARTS } else { 1 };
        self.left = self.left.checked_sub(parts).ok_or(TooMuch)?;
        if depth > MAX_DEPTH {
            return Err(TooMuch);
        }
        match filter {
            Filter::And(filters) => self.all(filters, depth).map(Condition::And),
            Filter::Or(filters) => self.all(filters, depth).map(Condition::Or),
            Filter::Not(filter) => {
                let below = self.compile(filter, depth + 1)?;
                Ok(Condition::Not(Box::new(below)))
            }
            leaf => Ok(compile_leaf(self.forest, self.store, leaf)),
        }
    }
}

fn compile_leaf(forest: &Forest, store: &Store, filter: &Filter) -> Condition {
    let value = |name: &str, value: &[u8], make: fn(Attr, Box<[u8]>) -> Condition| match Attr::named(
        name,
    ) {
        Some(attribute) => make(attribute, comparable(attribute.definition().syntax, value)),
        None => Condition::Undefined,
    };
    match filter {
        Filter::EqualityMatch(equal) => {
            equality(forest, store, &equal.attribute_desc, &equal.assertion_value)
        }
        Filter::ApproxMatch(equal) => {
            equality(forest, store, &equal.attribute_desc, &equal.assertion_value)
        }
        Filter::GreaterOrEqual(bound) => value(
            &bound.attribute_desc,
            &bound.assertion_value,
            Condition::AtLeast,
        ),
        Filter::LessOrEqual(bound) => value(
            &bound.attribute_desc,
            &bound.assertion_value,
            Condition::AtMost,
        ),
        Filter::Present(name) => match Attr::named(name) {
            Some(Attr::ObjectClass) => Condition::Always,
            Some(attribute) if attribute.definition().is_constructed() => Condition::Undefined,
            Some(attribute) => Condition::Present(attribute),
            None => Condition::Undefined,
        },
        Filter::Substrings(filter) => {
            let part = |part: &SubstringChoice| match part {
                SubstringChoice::Initial(text) => Part::Initial(folded(text)),
                SubstringChoice::Final(text) => Part::Final(folded(text)),
                SubstringChoice::Any(text) => Part::Any(folded(text)),
                _ => Part::Any(String::new()),
            };
            match Attr::named(&filter.r#type) {
                Some(attribute) => {
                    Condition::Substrings(attribute, filter.substrings.iter().map(part).collect())
                }
                None => Condition::Undefined,
            }
        }
        Filter::ExtensibleMatch(rule) => {
            let attribute = rule.r#type.as_ref().and_then(|name| Attr::named(name));
            let number = || {
                std::str::from_utf8(&rule.match_value)
                    .ok()?
                    .parse::<i64>()
                    .ok()
            };
            match (
                attribute,
                rule.matching_rule.as_ref().map(|rule| rule.as_str()),
            ) {
                (Some(attribute), Some(BIT_AND)) => number().map_or(Condition::Undefined, |bits| {
                    Condition::AllBits(attribute, bits)
                }),
                (Some(attribute), Some(BIT_OR)) => number().map_or(Condition::Undefined, |bits| {
                    Condition::AnyBits(attribute, bits)
                }),
                (Some(attribute), Some(IN_CHAIN)) => in_chain(store, attribute, &rule.match_value),
                _ => Condition::Undefined,
            }
        }
        _ => Condition::Undefined,
    }
}

fn folded(bytes: &[u8]) -> String {
    fold(&String::from_utf8_lossy(bytes))
}

fn equality(forest: &Forest, store: &Store, name: &str, value: &[u8]) -> Condition {
    let Some(attribute) = Attr::named(name) else {
        return Condition::Undefined;
    };
    let text = std::str::from_utf8(value).ok();
    let target = || text.and_then(|name| crate::rules::locate::locate(store, name).ok());
    match (attribute, attribute.definition().syntax) {
        (Attr::DistinguishedName, _) => Condition::Among(target().into_iter().collect()),
        (Attr::ObjectCategory, _) if text.is_some_and(|text| !text.contains('=')) => {
            let class = text.map_or("", |text| match Class::named(text) {
                Some(class) => category(class),
                None => text,
            });
            let whole = format!("CN={class},{}", forest.schema());
            Condition::Equal(attribute, comparable(Syntax::Text, whole.as_bytes()))
        }
        (Attr::ObjectGuid, _) => {
            let guid = text
                .and_then(|text| text.parse::<Guid>().ok())
                .map(|guid| guid.to_bytes().to_vec());
            Condition::Equal(attribute, guid.unwrap_or_else(|| value.to_vec()).into())
        }
        (_, Syntax::Sid) => {
            let sid = text
                .and_then(|text| text.parse::<Sid>().ok())
                .map(|sid| sid.to_bytes());
            Condition::Equal(attribute, sid.unwrap_or_else(|| value.to_vec()).into())
        }
        (_, Syntax::Dn) => match (target(), forward_link(attribute)) {
            (Some(id), Some(forward)) => Condition::LinkedFrom(forward, id),
            (Some(id), None) => Condition::Links(attribute, id),
            (None, _) => Condition::Among(HashSet::new()), // No object points to what is not there.
        },
        _ if attribute.definition().is_constructed() || attribute.definition().is_secret() => {
            Condition::Undefined
        }
        (_, syntax) => Condition::Equal(attribute, comparable(syntax, value)),
    }
}

/// All groups above a member, or all members below a group.
fn in_chain(store: &Store, attribute: Attr, value: &[u8]) -> Condition {
    let Some(start) = std::str::from_utf8(value)
        .ok()
        .and_then(|name| crate::rules::locate::locate(store, name).ok())
    else {
        return Condition::Among(HashSet::new());
    };
    let mut found = HashSet::new();
    let mut next = vec![start];
    while let Some(object) = next.pop().and_then(|id| store.get(id)) {
        let further: Vec<ObjectId> = match forward_link(attribute) {
            Some(forward) => object
                .values(forward)
                .iter()
                .filter_map(Value::object)
                .collect(),
            None => object.referrers(attribute).collect(),
        };
        next.extend(further.into_iter().filter(|id| found.insert(*id)));
    }
    Condition::Among(found)
}

impl Condition {
    /// How many objects can match at most, where an index tells.
    fn estimate(&self, store: &Store) -> Option<usize> {
        match self {
            Self::Equal(attribute, value) if attribute.definition().is_indexed() => {
                Some(store.find(*attribute, value).len())
            }
            Self::Links(_, target) => Some(store.get(*target).map_or(0, Object::referrer_count)),
            Self::LinkedFrom(attribute, source) => {
                let source = store.get(*source);
                Some(source.map_or(0, |source| source.values(*attribute).len()))
            }
            Self::Among(ids) => Some(ids.len()),
            Self::And(all) => all.iter().filter_map(|one| one.estimate(store)).min(),
            Self::Or(any) => {
                let each = any.iter().map(|one| one.estimate(store));
                let all = each.sum::<Option<usize>>()?;
                // The same objects again and again are no help.
                (all <= store.capacity()).then_some(all)
            }
            Self::Undefined => Some(0),
            _ => None,
        }
    }

    /// The only objects that can match, where an index tells.
    pub(super) fn candidates(&self, store: &Store) -> Option<Vec<ObjectId>> {
        self.estimate(store)?;
        match self {
            Self::Equal(attribute, value) => Some(store.find(*attribute, value).to_vec()),
            Self::Links(attribute, target) => Some(
                store
                    .get(*target)
                    .map(|target| target.referrers(*attribute).collect())
                    .unwrap_or_default(),
            ),
            Self::LinkedFrom(attribute, source) => {
                let values = store
                    .get(*source)
                    .map(|source| source.values(*attribute))
                    .unwrap_or_default();
                Some(values.iter().filter_map(Value::object).collect())
            }
            Self::Among(ids) => Some(ids.iter().copied().collect()),
            Self::And(all) => all
                .iter()
                .filter_map(|one| Some((one.estimate(store)?, one)))
                .min_by_key(|(estimate, _)| *estimate)?
                .1
                .candidates(store),
            Self::Or(any) => {
                let each: Option<Vec<Vec<ObjectId>>> =
                    any.iter().map(|one| one.candidates(store)).collect();
                let mut ids = each?.concat();
                ids.sort_unstable();
                ids.dedup();
                Some(ids)
            }
            _ => Some(Vec::new()),
        }
    }

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
        (Syntax::Integer, Some(value), Some(bound)) => value.cmp(&bound),
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
