//! From a client's filter to a condition: names and values are looked up once.

use std::collections::HashSet;

use rasn_ldap::{Filter, SubstringChoice};
use security::{Guid, Sid};

use super::{Condition, Part, folded};
use crate::forest::Forest;
use crate::rules::add::category;
use crate::store::Store;
use crate::store::class::Class;
use crate::store::object::{ObjectId, Value, comparable};
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

/// The filter is too deep or too long.
pub(in crate::ldap_server) struct TooMuch;

/// Looks up everything that a filter names.
pub(in crate::ldap_server) fn compile(
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
