//! What another domain controller wrote, put into a replica: the later stamp wins ([MS-DRSR] 4.1.10.6.1
//! "ProcessGetNCChangesReply").
//!
//! Two objects of one name: the one whose name was given later keeps it, the other is called `name\0ACNF:guid`. Two accounts of one account name: likewise, the loser is called
//! `$DUPLICATE-` and its relative identifier. A child of a container that is gone here goes to `CN=LostAndFound`.

use security::{FileTime, Guid};

use super::stamps::{Field, Stamp, Stamps};
use super::update::{Change, Content, Update, find, guid};
use crate::store::Store;
use crate::store::class::Class;
use crate::store::dn::Rdn;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

/// Longest relative name: rangeUpper of `cn` ([MS-ADA1]).
const MAX_NAME: usize = 64;

/// Where it arrives.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The container for what has lost its own.
    pub(super) lost_and_found: &'a str,
    /// Filtered attributes and secrets do not come here.
    pub(super) read_only: bool,
}

/// Puts it into the store; `arrived` is when.
pub(super) fn apply(
    store: &mut Store,
    stamps: &mut Stamps,
    place: Place<'_>,
    update: &Update,
    arrived: FileTime,
) {
    let mut replica = Replica {
        object: update.object,
        is_new: find(store, update.object).is_none(),
        store,
        stamps,
        place,
        arrived,
    };
    if replica.stamps.is_deleted(update.object) {
        return; // Gone is gone.
    }
    let mut changed = false;
    for change in update.changes.iter().filter(|it| place.takes(it)) {
        changed |= replica.take(change);
    }
    if let (true, Some(id)) = (changed, find(replica.store, update.object)) {
        replica.store.touch(id, arrived);
    }
}

struct Replica<'a> {
    store: &'a mut Store,
    stamps: &'a mut Stamps,
    place: Place<'a>,
    object: Guid,
    /// It was not here before: everything about it counts.
    is_new: bool,
    arrived: FileTime,
}

impl Place<'_> {
    fn takes(self, change: &Change) -> bool {
        let kept_back = match change.field {
            Field::Attribute(attribute) => attribute.definition().is_filtered(),
            Field::Secret => true,
            _ => false,
        };
        !(self.read_only && kept_back)
    }
}

impl Replica<'_> {
    /// Whether it changed anything.
    fn take(&mut self, change: &Change) -> bool {
        let id = find(self.store, self.object);
        let (id, wins) = match (id, &change.content) {
            (None, Content::Name { parent, rdn, class }) => {
                self.create(*parent, rdn, class, change.stamp);
                return true;
            }
            (None, Content::Deleted) => {
                self.stamps.set(self.object, Field::Deleted, change.stamp);
                return false;
            }
            (None, _) => return false,
            (Some(id), _) => {
                let known = self.stamps.of(self.object, change.field);
                (id, self.is_new || change.stamp > known)
            }
        };
        if !wins {
            return false;
        }
        self.stamps.set(self.object, change.field, change.stamp);
        match (&change.content, change.field) {
            (Content::Deleted, _) => self.delete(id),
            (Content::Name { parent, rdn, .. }, _) => self.name(id, *parent, rdn, change.stamp),
            (Content::Values(values), Field::Attribute(attribute)) => {
                let here = |value: &super::update::Portable| value.value(self.store);
                let values = values.iter().filter_map(here).collect();
                self.store.set(id, attribute, values);
                if attribute == Attr::SamAccountName {
                    self.keep_account_name_unique(id, change.stamp);
                }
            }
            (Content::Link { present }, Field::Link(attribute, target)) => {
                self.link(id, attribute, target, *present);
            }
            (Content::Secret(secret), _) => self.store.set_secret(id, secret.clone()),
            _ => return false,
        }
        true
    }

    fn create(&mut self, parent: Guid, rdn: &Rdn, class: &'static Class, stamp: Stamp) {
        let Some(parent) = self.container(parent) else {
            return;
        };
        let rdn = self.free_name(parent, rdn, stamp);
        let id = self.store.insert(parent, rdn, class, self.object);
        // The domain controller's own times and numbers first: whenCreated is then that of the origin.
        self.store.touch(id, self.arrived);
        self.stamps.set(self.object, Field::Name, stamp);
    }

    fn name(&mut self, id: ObjectId, parent: Guid, rdn: &Rdn, stamp: Stamp) {
        let Some(parent) = self.container(parent) else {
            return;
        };
        if self.store.is_below(parent, id) {
            tracing::warn!(object = %self.object, "a move below itself is left out");
            return;
        }
        let rdn = self.free_name(parent, rdn, stamp);
        self.store.rename(id, parent, rdn);
    }

    /// The container; where it is gone, that for what is lost.
    fn container(&self, guid: Guid) -> Option<ObjectId> {
        find(self.store, guid).or_else(|| self.store.resolve_text(self.place.lost_and_found))
    }

    /// The name that the object gets: its own, unless somebody has it who was given it later.
    fn free_name(&mut self, parent: ObjectId, rdn: &Rdn, stamp: Stamp) -> Rdn {
        let holder = self.store.child(parent, rdn);
        let holder = holder.and_then(|id| Some((id, guid(self.store, id)?)));
        match holder.filter(|(_, guid)| *guid != self.object) {
            None => rdn.clone(),
            Some((_, other)) if self.stamps.of(other, Field::Name) > stamp => {
                mangled(rdn, self.object)
            }
            Some((id, other)) => {
                self.store.rename(id, parent, mangled(rdn, other));
                self.store.touch(id, self.arrived);
                rdn.clone()
            }
        }
    }

    fn keep_account_name_unique(&mut self, id: ObjectId, stamp: Stamp) {
        let field = Field::Attribute(Attr::SamAccountName);
        let name = self
            .store
            .get(id)
            .and_then(|it| it.bytes(Attr::SamAccountName));
        let Some(name) = name.map(<[u8]>::to_vec) else {
            return;
        };
        let others = self.store.find(Attr::SamAccountName, &name).to_vec();
        for other in others.into_iter().filter(|other| *other != id) {
            let theirs = guid(self.store, other).map(|guid| self.stamps.of(guid, field));
            let loser = if theirs > Some(stamp) { id } else { other };
            let rid = self.store.get(loser).and_then(|loser| loser.sid()?.rid());
            // The identifier of an account that arrives now comes with the next change of the same update.
            let name = match rid {
                Some(rid) => format!("$DUPLICATE-{rid:x}"),
                None => format!("$DUPLICATE-{}", self.object),
            };
            self.store
                .set(loser, Attr::SamAccountName, vec![Value::text(name)]);
            self.store.touch(loser, self.arrived);
        }
    }

    fn link(&mut self, id: ObjectId, attribute: Attr, target: Guid, present: bool) {
        let Some(target) = find(self.store, target) else {
            return;
        };
        match (present, self.store.is_linked(id, attribute, target)) {
            (true, false) => self.store.link(id, attribute, target),
            (false, true) => {
                let stays = |value: &&Value| value.object() != Some(target);
                let values = self.store.get(id).map(|it| it.values(attribute));
                let values = values.unwrap_or_default().iter().filter(stays).cloned();
                let values = values.collect();
                self.store.set(id, attribute, values);
            }
            _ => {}
        }
    }

    fn delete(&mut self, id: ObjectId) {
        let children: Vec<ObjectId> = self.store.children(id).collect();
        let lost_and_found = self.store.resolve_text(self.place.lost_and_found);
        for child in children {
            let (Some(found), Some(object)) = (lost_and_found, self.store.get(child)) else {
                continue;
            };
            let rdn = object.rdn.clone();
            let taken = self.store.child(found, &rdn).is_some();
            let rdn = match guid(self.store, child) {
                Some(guid) if taken => mangled(&rdn, guid),
                _ => rdn,
            };
            self.store.rename(child, found, rdn);
            self.store.touch(child, self.arrived);
        }
        self.store.remove(id);
    }
}

/// `name\0ACNF:guid`, not longer than a name may be.
fn mangled(rdn: &Rdn, object: Guid) -> Rdn {
    let suffix = format!("\nCNF:{object}");
    let room = MAX_NAME.saturating_sub(suffix.len());
    let name: String = rdn.value.chars().take(room).collect();
    Rdn::new(&rdn.attribute, &format!("{name}{suffix}"))
}
