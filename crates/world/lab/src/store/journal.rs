//! What was done to a store, for its replicas; kept only where there are any.

use security::Guid;

use super::Store;
use super::object::{Object, ObjectId, Value};
use super::schema::{Attr, Syntax};

/// One thing that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Touch {
    Created(ObjectId),
    /// It has other values, or none.
    Attribute(ObjectId, Attr),
    /// A link of several values has this one now, or has it no more.
    Link(ObjectId, Attr, ObjectId),
    /// It has another name or place.
    Name(ObjectId),
    /// It logs on with something else.
    Secret(ObjectId),
    Removed(Guid),
}

impl Store {
    /// From now on everything is noted.
    pub(crate) fn keep_journal(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// What was done since the last time.
    pub(crate) fn take_journal(&mut self) -> Vec<Touch> {
        self.journal
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    pub(super) fn note(&mut self, touch: Touch) {
        if let Some(journal) = &mut self.journal {
            journal.push(touch);
        }
    }

    /// An attribute gets other values: of a link of several values, each that comes or goes.
    pub(super) fn note_values(
        &mut self,
        id: ObjectId,
        attribute: Attr,
        before: &[Value],
        after: &[Value],
    ) {
        if self.journal.is_none() {
            return;
        }
        if !is_link_of_several(attribute) {
            return self.note(Touch::Attribute(id, attribute));
        }
        let gone = before.iter().filter(|value| !after.contains(value));
        let new = after.iter().filter(|value| !before.contains(value));
        for target in gone.chain(new).filter_map(Value::object) {
            self.note(Touch::Link(id, attribute, target));
        }
    }

    pub(super) fn note_removal(&mut self, object: &Object) {
        let guid = object.bytes(Attr::ObjectGuid);
        if let Some(guid) = guid.and_then(|guid| guid.try_into().ok()) {
            self.note(Touch::Removed(Guid::from_bytes(guid)));
        }
    }
}

/// Each value of it replicates for itself ([MS-DRSR] 4.1.13.1.25 "DS_REPL_VALUE_META_DATA_2").
pub(crate) fn is_link_of_several(attribute: Attr) -> bool {
    let definition = attribute.definition();
    definition.syntax == Syntax::Dn && !definition.is_single_valued()
}
