//! What one write did to one object, in a form that any replica understands: other objects are named by their GUID.

use std::sync::Arc;

use security::{FileTime, Guid};

use super::stamps::{Field, Stamp};
use crate::kdc::AccountSecret;
use crate::store::Store;
use crate::store::class::Class;
use crate::store::dn::Rdn;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

/// The changes of one object.
#[derive(Debug)]
pub(crate) struct Update {
    /// By the lab's clock.
    pub(super) sent: FileTime,
    pub(super) object: Guid,
    pub(super) changes: Vec<Change>,
}

/// One field of it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) field: Field,
    pub(super) stamp: Stamp,
    pub(super) content: Content,
}

/// What the field has now.
#[derive(Debug)]
pub(super) enum Content {
    Deleted,
    Name {
        parent: Guid,
        rdn: Rdn,
        class: &'static Class,
    },
    Values(Vec<Portable>),
    Link {
        present: bool,
    },
    Secret(Option<Arc<AccountSecret>>),
}

/// A value without places in a store.
#[derive(Debug)]
pub(super) enum Portable {
    Bytes(Box<[u8]>),
    Object(Guid),
}

impl Portable {
    pub(super) fn of(store: &Store, value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Value::Object(id) => guid(store, *id).map(Self::Object),
        }
    }

    /// `None`: the object that it points to is not here.
    pub(super) fn value(&self, store: &Store) -> Option<Value> {
        match self {
            Self::Bytes(bytes) => Some(Value::Bytes(bytes.clone())),
            Self::Object(guid) => find(store, *guid).map(Value::Object),
        }
    }
}

pub(super) fn guid(store: &Store, id: ObjectId) -> Option<Guid> {
    let bytes = store.get(id)?.bytes(Attr::ObjectGuid)?;
    Some(Guid::from_bytes(bytes.try_into().ok()?))
}

pub(super) fn find(store: &Store, guid: Guid) -> Option<ObjectId> {
    store
        .find(Attr::ObjectGuid, &guid.to_bytes())
        .first()
        .copied()
}
