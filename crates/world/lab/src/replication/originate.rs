//! From what a write did to a store to what the other replicas are told ([MS-DRSR] 4.1.10.5).

use std::collections::{HashMap, HashSet};

use security::{FileTime, Guid};

use super::stamps::{Field, Stamps};
use super::update::{Change, Content, Portable, Update, find, guid};
use crate::store::Store;
use crate::store::journal::{Touch, is_link_of_several};
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

/// Each domain controller's own (FLAG_ATTR_NOT_REPLICATED of [MS-ADTS] 2.2.10 "System Flags"), and what follows from
/// name and class.
const NOT_REPLICATED: [Attr; 14] = [
    Attr::UsnCreated,
    Attr::UsnChanged,
    Attr::WhenChanged,
    Attr::BadPwdCount,
    Attr::BadPasswordTime,
    Attr::LastLogon,
    Attr::LogonCount,
    Attr::ObjectClass,
    Attr::ObjectGuid,
    Attr::DistinguishedName,
    Attr::Name,
    Attr::Cn,
    Attr::Ou,
    Attr::Dc,
];

/// The updates of everything in the store's journal. `sent` is by the lab's clock, `clock` by the domain controller's.
pub(super) fn originate(
    store: &mut Store,
    stamps: &mut Stamps,
    invocation: Guid,
    sent: FileTime,
    clock: FileTime,
) -> Vec<Update> {
    let mut objects: Vec<(Guid, Vec<Field>)> = Vec::new();
    let mut places: HashMap<Guid, usize> = HashMap::new();
    let mut seen: HashSet<(Guid, Field)> = HashSet::new();
    let touched = store.take_journal();
    for (object, field) in touched.iter().flat_map(|touch| fields(store, touch)) {
        if !seen.insert((object, field)) {
            continue;
        }
        let place = *places.entry(object).or_insert_with(|| {
            objects.push((object, Vec::new()));
            objects.len() - 1
        });
        if let Some((_, fields)) = objects.get_mut(place) {
            fields.push(field);
        }
    }
    let mut update = |(object, fields): (Guid, Vec<Field>)| {
        let changes = fields.into_iter().filter_map(|field| {
            Some(Change {
                content: content(store, object, field)?,
                stamp: stamps.next(object, field, clock, invocation),
                field,
            })
        });
        Update {
            sent,
            object,
            changes: changes.collect(),
        }
    };
    objects.into_iter().map(&mut update).collect()
}

/// What a touch is about; nothing where its object is gone by now.
fn fields(store: &Store, touch: &Touch) -> Vec<(Guid, Field)> {
    let of = |id: &ObjectId, field: Field| guid(store, *id).map(|guid| (guid, field));
    let replicated = |attribute: &Attr| !NOT_REPLICATED.contains(attribute);
    match touch {
        Touch::Created(id) => whole(store, *id),
        Touch::Removed(guid) => vec![(*guid, Field::Deleted)],
        Touch::Name(id) => of(id, Field::Name).into_iter().collect(),
        Touch::Secret(id) => of(id, Field::Secret).into_iter().collect(),
        Touch::Attribute(id, attribute) if replicated(attribute) => {
            of(id, Field::Attribute(*attribute)).into_iter().collect()
        }
        Touch::Attribute(..) => Vec::new(),
        Touch::Link(id, attribute, target) => guid(store, *target)
            .and_then(|target| of(id, Field::Link(*attribute, target)))
            .into_iter()
            .collect(),
    }
}

/// Every field of an object, its name first.
fn whole(store: &Store, id: ObjectId) -> Vec<(Guid, Field)> {
    let (Some(object), Some(own)) = (store.get(id), guid(store, id)) else {
        return Vec::new();
    };
    let mut fields = vec![Field::Name];
    for (attribute, values) in object.attributes() {
        if NOT_REPLICATED.contains(&attribute) {
            continue;
        }
        if is_link_of_several(attribute) {
            let targets = values
                .iter()
                .filter_map(|value| guid(store, value.object()?));
            fields.extend(targets.map(|target| Field::Link(attribute, target)));
        } else {
            fields.push(Field::Attribute(attribute));
        }
    }
    if object.secret.is_some() {
        fields.push(Field::Secret);
    }
    fields.into_iter().map(|field| (own, field)).collect()
}

fn content(store: &Store, object: Guid, field: Field) -> Option<Content> {
    if field == Field::Deleted {
        return Some(Content::Deleted);
    }
    let id = find(store, object)?;
    let present = store.get(id)?;
    Some(match field {
        Field::Deleted => Content::Deleted,
        Field::Name => Content::Name {
            parent: guid(store, present.parent?)?,
            rdn: present.rdn.clone(),
            class: present.class,
        },
        Field::Attribute(attribute) => {
            let values = present.values(attribute).iter();
            Content::Values(
                values
                    .filter_map(|value| Portable::of(store, value))
                    .collect(),
            )
        }
        Field::Link(attribute, target) => Content::Link {
            present: store.is_linked(id, attribute, find(store, target)?),
        },
        Field::Secret => Content::Secret(present.secret.clone()),
    })
}

/// Everything about one object, as a domain controller tells one that has never heard of it; `None`: it is not here.
pub(super) fn whole_object(
    store: &Store,
    stamps: &Stamps,
    id: ObjectId,
    sent: FileTime,
) -> Option<Update> {
    let object = guid(store, id)?;
    let changes = whole(store, id).into_iter().filter_map(|(object, field)| {
        Some(Change {
            content: content(store, object, field)?,
            stamp: stamps.of(object, field),
            field,
        })
    });
    Some(Update {
        sent,
        object,
        changes: changes.collect(),
    })
}
