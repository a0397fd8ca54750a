//! What a client gets to see of an object.

use rasn::{AsnType, Decode, Decoder as _};
use rasn_ldap::{Control, SearchRequest};
use security::SecurityDescriptor;

use super::encode::Outbox;
use crate::rules::Caller;
use crate::rules::access::AccessCheck;
use crate::rules::constructed::constructed;
use crate::rules::descriptors;
use crate::store::Store;
use crate::store::object::{Object, ObjectId, Value};
use crate::store::schema::{Attr, FORWARD_LINKS, back_link};

/// Values of one attribute given at a time: MaxValRange ([MS-ADTS] 3.1.1.3.4.6 "LDAP Policies").
const MAX_VALUES: usize = 1500;

const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
// [MS-ADTS] 3.1.1.3.4.1.11 LDAP_SERVER_SD_FLAGS_OID.
const OWNER: i32 = 1;
const GROUP: i32 = 2;
const DACL: i32 = 4;

/// The attributes that a search asks for.
#[derive(Debug)]
pub(super) struct Selection {
    /// Everything that is not given on request only.
    usual: bool,
    named: Vec<Named>,
    descriptor_parts: [bool; 3],
    types_only: bool,
}

/// The parts of security descriptors that a request is about: owner, group, DACL. The lab has no audit rules.
pub(super) fn descriptor_parts(controls: &[Control]) -> [bool; 3] {
    let mut controls = controls.iter();
    let asked = controls.find(|control| control.control_type[..] == *SD_FLAGS.as_bytes());
    let flags =
        asked.and_then(|control| rasn::ber::decode::<Flags>(control.control_value.as_ref()?).ok());
    let flags = flags.map_or(OWNER | GROUP | DACL, |flags| flags.parts);
    [OWNER, GROUP, DACL].map(|part| flags & part != 0)
}

/// Who reads, and in answer to which message.
pub(super) struct Reader<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) message: u32,
    pub(super) access: AccessCheck<'a>,
}

#[derive(Debug)]
struct Named {
    attribute: Attr,
    range: Option<Range>,
}

/// First and last index; without the last, all that follow.
type Range = (usize, Option<usize>);

impl Selection {
    pub(super) fn new(request: &SearchRequest, controls: &[Control]) -> Self {
        let attributes = &request.attributes;
        let usual = attributes.is_empty() || attributes.iter().any(|name| name.as_str() == "*");
        let named = attributes
            .iter()
            .filter_map(|name| Named::parse(name))
            .collect();
        Self {
            usual,
            named,
            descriptor_parts: descriptor_parts(controls),
            types_only: request.types_only,
        }
    }

    pub(super) fn wants(&self, attribute: Attr) -> bool {
        self.named.iter().any(|named| named.attribute == attribute)
    }

    /// Writes one entry, as far as the caller may read it.
    pub(super) fn write(
        &self,
        reader: &mut Reader<'_>,
        store: &Store,
        id: ObjectId,
        password: Option<Vec<u8>>,
        outbox: &mut Outbox,
    ) {
        let Some(object) = store.get(id) else { return };
        let mut entry = outbox.entry(reader.message, &store.dn(id));
        let mut shown = Vec::new();
        let mut show = |attribute: Attr, range: Option<Range>| {
            let hidden = attribute.definition().is_secret()
                || shown.contains(&attribute)
                || !reader.access.may_read(object, attribute);
            if hidden {
                return;
            }
            shown.push(attribute);
            let made = match attribute {
                Attr::ManagedPassword => Some(password.clone().into_iter().collect()),
                Attr::NtSecurityDescriptor => Some(self.descriptor(&reader.caller, object)),
                _ => constructed(&reader.caller, store, id, attribute),
            };
            let stored = object.values(attribute);
            let count = made.as_ref().map_or(stored.len(), Vec::len);
            let Some(part) = Part::of(count, range) else {
                return;
            };
            entry.attribute(&[attribute.name(), &part.option], |values| match &made {
                _ if self.types_only => {}
                Some(made) => part.of_slice(made).iter().for_each(|it| values.push(it)),
                None => part.of_slice(stored).iter().for_each(|it| match it {
                    Value::Bytes(bytes) => values.push(bytes),
                    Value::Object(id) => values.push(store.dn(*id).as_bytes()),
                }),
            });
        };
        for named in &self.named {
            show(named.attribute, named.range);
        }
        if self.usual {
            for (attribute, _) in object.attributes() {
                if !attribute.definition().is_on_request() {
                    show(attribute, None);
                }
            }
            show(Attr::DistinguishedName, None);
            FORWARD_LINKS
                .into_iter()
                .filter_map(back_link)
                .for_each(|link| show(link, None));
        }
    }

    fn descriptor(&self, caller: &Caller<'_>, object: &Object) -> Vec<Vec<u8>> {
        let whole = descriptors::of(caller, object);
        let nothing = SecurityDescriptor::new(None, None, None);
        let parts = self.descriptor_parts;
        let shown = nothing.and_then(|nothing| nothing.with_parts_of(&whole, parts));
        shown.map(|shown| shown.to_bytes()).into_iter().collect()
    }
}

#[derive(AsnType, Decode)]
struct Flags {
    parts: i32,
}

impl Named {
    /// `member`, or `member;range=1500-2999` ([MS-ADTS] 3.1.1.3.1.3.3 "Range Retrieval of Attribute Values").
    fn parse(text: &str) -> Option<Self> {
        let (name, option) = text
            .split_once(';')
            .map_or((text, None), |(name, option)| (name, Some(option)));
        let range = option.and_then(|option| {
            option
                .strip_prefix("range=")
                .or_else(|| option.strip_prefix("Range="))
        });
        let range = range.and_then(|range| {
            let (low, high) = range.split_once('-')?;
            let high = if high == "*" {
                None
            } else {
                Some(high.parse().ok()?)
            };
            Some((low.parse().ok()?, high))
        });
        Some(Self {
            attribute: Attr::named(name)?,
            range,
        })
    }
}

/// The values of an attribute that are given at a time.
struct Part {
    first: usize,
    end: usize,
    /// `;range=0-1499` where it is not all of them, or a part was asked for.
    option: String,
}

impl Part {
    /// `None` where there is nothing to give.
    fn of(count: usize, range: Option<Range>) -> Option<Self> {
        let (first, last) = range.unwrap_or((0, None));
        let end = last
            .map_or(count, |last| last.saturating_add(1))
            .min(first.saturating_add(MAX_VALUES))
            .min(count);
        let option = if range.is_none() && count <= MAX_VALUES {
            String::new()
        } else if end == count {
            format!(";range={first}-*")
        } else {
            format!(";range={first}-{}", end.saturating_sub(1))
        };
        (first < end).then_some(Self { first, end, option })
    }

    fn of_slice<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        all.get(self.first..self.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_given_in_parts() {
        for (count, range, expected) in [
            (0, None, None),
            (1, None, Some((0, 1, ""))),
            (1500, None, Some((0, 1500, ""))),
            (1501, None, Some((0, 1500, ";range=0-1499"))),
            (
                1501,
                Some((1500, None)),
                Some((1500, 1501, ";range=1500-*")),
            ),
            (5, Some((1, Some(2))), Some((1, 3, ";range=1-2"))),
            (5, Some((1, Some(usize::MAX))), Some((1, 5, ";range=1-*"))),
            (5, Some((5, None)), None),
            (5, Some((3, Some(1))), None),
        ] {
            let part = Part::of(count, range);
            let part = part.as_ref().map(|it| (it.first, it.end, &*it.option));
            assert_eq!(part, expected, "{count} {range:?}");
        }
    }
}
