//! What a client gets to see of an object.

use rasn::{AsnType, Decode, Decoder as _};
use rasn_ldap::{AttributeSelection, Control};
use security::SecurityDescriptor;

use super::encode::Outbox;
use crate::rules::access::AccessCheck;
use crate::rules::constructed::constructed;
use crate::rules::{Caller, values};
use crate::store::Store;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::{Attr, back_link};

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
    descriptor_parts: i32,
}

#[derive(Debug)]
struct Named {
    attribute: Attr,
    range: Option<(usize, Option<usize>)>,
}

impl Selection {
    pub(super) fn new(attributes: &AttributeSelection, controls: &[Control]) -> Self {
        let usual = attributes.is_empty() || attributes.iter().any(|name| name.as_str() == "*");
        let named = attributes
            .iter()
            .filter_map(|name| Named::parse(name))
            .collect();
        let flags = controls
            .iter()
            .find(|control| control.control_type[..] == *SD_FLAGS.as_bytes());
        let flags = flags
            .and_then(|control| rasn::ber::decode::<Flags>(control.control_value.as_ref()?).ok());
        Self {
            usual,
            named,
            descriptor_parts: flags.map_or(OWNER | GROUP | DACL, |flags| flags.parts),
        }
    }

    pub(super) fn wants(&self, attribute: Attr) -> bool {
        self.named.iter().any(|named| named.attribute == attribute)
    }

    /// Writes one entry.
    #[expect(
        clippy::too_many_arguments,
        reason = "what is written, for whom and where to"
    )]
    pub(super) fn entry(
        &self,
        caller: &Caller<'_>,
        store: &Store,
        id: ObjectId,
        password: Option<Vec<u8>>,
        message: u32,
        types_only: bool,
        outbox: &mut Outbox,
    ) {
        let mut access = AccessCheck::new(caller.defaults, caller.token);
        self.entry_with(
            caller,
            store,
            id,
            password,
            message,
            types_only,
            outbox,
            &mut access,
        );
    }

    /// The same, with access checks that remember.
    #[expect(
        clippy::too_many_arguments,
        reason = "what is written, for whom and where to"
    )]
    pub(super) fn entry_with(
        &self,
        caller: &Caller<'_>,
        store: &Store,
        id: ObjectId,
        password: Option<Vec<u8>>,
        message: u32,
        types_only: bool,
        outbox: &mut Outbox,
        access: &mut AccessCheck<'_>,
    ) {
        let Some(object) = store.get(id) else { return };
        let mut shown: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
        let mut show = |attribute: Attr, range: Option<(usize, Option<usize>)>| {
            let hidden = attribute.definition().is_secret() || !access.may_read(object, attribute);
            if hidden || shown.iter().any(|(name, _)| name == attribute.name()) {
                return;
            }
            let all = match attribute {
                Attr::ManagedPassword => password.clone().into_iter().collect(),
                Attr::NtSecurityDescriptor => self.descriptor(caller, object),
                _ => match constructed(caller, store, id, attribute) {
                    Some(made) => made,
                    None => object
                        .values(attribute)
                        .iter()
                        .map(|value| values::show(store, value))
                        .collect(),
                },
            };
            shown.extend(ranged(attribute, all, range));
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
            [Attr::Member, Attr::ManagedBy, Attr::Manager]
                .into_iter()
                .filter_map(back_link)
                .for_each(|link| show(link, None));
        }
        let attributes = shown
            .iter()
            .map(|(name, values)| (name.as_str(), values.clone()));
        outbox.entry(message, &store.dn(id), attributes, types_only);
    }

    fn descriptor(&self, caller: &Caller<'_>, object: &Object) -> Vec<Vec<u8>> {
        let own = object
            .bytes(Attr::NtSecurityDescriptor)
            .and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
        let whole = own.as_ref().unwrap_or_else(|| caller.defaults.of(object));
        let has = |part| self.descriptor_parts & part != 0;
        let owner = whole.owner().filter(|_| has(OWNER));
        let group = whole.group().filter(|_| has(GROUP));
        let dacl = whole.dacl().cloned().filter(|_| has(DACL));
        let shown = SecurityDescriptor::new(owner, group, dacl);
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

/// Values under the attribute's name, or a part of them under the name with its range.
fn ranged(
    attribute: Attr,
    all: Vec<Vec<u8>>,
    range: Option<(usize, Option<usize>)>,
) -> Option<(String, Vec<Vec<u8>>)> {
    let count = all.len();
    if count == 0 {
        return None;
    }
    let (low, high) = match range {
        None if count <= MAX_VALUES => return Some((attribute.name().to_owned(), all)),
        None => (0, None),
        Some(range) => range,
    };
    let end = high
        .map_or(count, |high| high.saturating_add(1))
        .min(low.saturating_add(MAX_VALUES))
        .min(count);
    let part: Vec<Vec<u8>> = all.into_iter().take(end).skip(low).collect();
    let last = if end == count {
        "*".to_owned()
    } else {
        end.saturating_sub(1).to_string()
    };
    (!part.is_empty()).then(|| (format!("{};range={low}-{last}", attribute.name()), part))
}
