//! The objects of one directory, with the indexes that make names, SIDs and SPNs quick to find.
//!
//! INVARIANT: every indexed value, child and back link is found through its index, and nothing else is.
//! INVARIANT: a copy shares all objects with its original until one of them is changed.

pub(crate) mod class;
pub(crate) mod dn;
pub(crate) mod journal;
mod naming;
pub(crate) mod object;
pub(crate) mod partial_set;
pub(crate) mod saved;
pub(crate) mod schema;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use security::{FileTime, Guid};

use crate::kdc::AccountSecret;
use class::Class;
use dn::{FoldedRdn, Rdn};
use journal::Touch;
use object::{Object, ObjectId, Value, comparable};
use schema::{Attr, Syntax};

/// All objects of the forest as one domain controller holds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    objects: Vec<Option<Arc<Object>>>,
    children: HashMap<ObjectId, BTreeSet<ObjectId>>,
    by_rdn: HashMap<(ObjectId, FoldedRdn), ObjectId>,
    contexts: Vec<Context>,
    by_value: HashMap<(Attr, Box<[u8]>), Vec<ObjectId>>,
    /// The highest update sequence number given out.
    usn: i64,
    /// The relative identifier that the next account gets, and the last one of this domain controller's pool.
    next_rid: u32,
    last_rid: u32,
    /// `None`: nobody wants to know.
    journal: Option<Vec<Touch>>,
}

/// The head of a naming context.
#[derive(Debug, Clone)]
struct Context {
    /// The whole name, the leaf first.
    name: Vec<FoldedRdn>,
    text: Box<str>,
    head: ObjectId,
}

impl Store {
    /// An empty directory whose first account gets the relative identifier `first_rid`.
    pub(crate) fn new(first_rid: u32) -> Self {
        Self {
            next_rid: first_rid,
            last_rid: u32::MAX,
            usn: 12_000,
            ..Self::default()
        }
    }

    pub(crate) fn get(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.0 as usize)?.as_deref()
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.iter().flatten().count()
    }

    /// No less than [`Store::len`], and known at once.
    pub(crate) fn capacity(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ObjectId> {
        let present = |(index, object): (usize, &Option<Arc<Object>>)| {
            object
                .as_ref()
                .and_then(|_| u32::try_from(index).ok())
                .map(ObjectId)
        };
        self.objects.iter().enumerate().filter_map(present)
    }

    pub(crate) fn usn(&self) -> i64 {
        self.usn
    }

    /// A relative identifier that no account has had.
    pub(crate) fn take_rid(&mut self) -> u32 {
        self.next_rid += 1;
        self.next_rid - 1
    }

    /// Accounts to come get greater identifiers than this one.
    pub(crate) fn reserve_rids(&mut self, up_to: u32) {
        self.next_rid = self.next_rid.max(up_to.saturating_add(1));
    }

    /// How many more accounts the pool is good for.
    pub(crate) fn rids_left(&self) -> u32 {
        self.last_rid
            .saturating_add(1)
            .saturating_sub(self.next_rid)
    }

    /// Accounts to come get identifiers of this pool.
    pub(crate) fn use_rids(&mut self, first: u32, last: u32) {
        (self.next_rid, self.last_rid) = (first, last);
    }

    /// The objects with this value of an indexed attribute.
    pub(crate) fn find(&self, attribute: Attr, value: &[u8]) -> &[ObjectId] {
        let key = (attribute, comparable(attribute.definition().syntax, value));
        self.by_value
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Puts the head of a naming context; its name is kept as text.
    pub(crate) fn insert_context(
        &mut self,
        name: &str,
        class: &'static Class,
        guid: Guid,
    ) -> Option<ObjectId> {
        let parts = dn::parse(name)?;
        let id = self.push(None, parts.first()?.clone(), class, guid);
        self.contexts.push(Context {
            name: parts.iter().map(Rdn::folded).collect(),
            text: name.into(),
            head: id,
        });
        Some(id)
    }

    /// Puts an object below another, without attributes.
    pub(crate) fn insert(
        &mut self,
        parent: ObjectId,
        rdn: Rdn,
        class: &'static Class,
        guid: Guid,
    ) -> ObjectId {
        let key = (parent, rdn.folded());
        let id = self.push(Some(parent), rdn, class, guid);
        self.by_rdn.insert(key, id);
        self.children.entry(parent).or_default().insert(id);
        id
    }

    fn push(
        &mut self,
        parent: Option<ObjectId>,
        rdn: Rdn,
        class: &'static Class,
        guid: Guid,
    ) -> ObjectId {
        let id = ObjectId(u32::try_from(self.objects.len()).unwrap_or(u32::MAX));
        let (name, attribute) = (rdn.value.clone(), Attr::named(&rdn.attribute));
        let (attributes, referrers) = (Vec::new(), Vec::new());
        let object = Object {
            parent,
            rdn,
            class,
            attributes,
            referrers,
            secret: None,
        };
        self.objects.push(Some(Arc::new(object)));
        self.note(Touch::Created(id));
        self.set(
            id,
            Attr::ObjectClass,
            class.chain.iter().map(Value::text).collect(),
        );
        self.set(id, Attr::ObjectGuid, vec![guid.to_bytes().to_vec().into()]);
        self.set(id, Attr::Name, vec![Value::text(&name)]);
        if let Some(attribute) = attribute {
            self.set(id, attribute, vec![Value::text(&name)]);
        }
        id
    }

    /// Changes an object's own fields; attributes go through [`Store::set`].
    pub(crate) fn change(&mut self, id: ObjectId, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.objects.get_mut(id.0 as usize).and_then(Option::as_mut) {
            change(Arc::make_mut(object));
        }
    }

    /// Gives an account something else to log on with.
    pub(crate) fn set_secret(&mut self, id: ObjectId, secret: Option<Arc<AccountSecret>>) {
        self.note(Touch::Secret(id));
        self.change(id, |object| object.secret = secret);
    }

    /// Notes that an object was changed: time and update sequence number.
    pub(crate) fn touch(&mut self, id: ObjectId, now: FileTime) {
        self.usn += 1;
        let usn = self.usn;
        let created = self
            .get(id)
            .is_some_and(|object| !object.values(Attr::UsnCreated).is_empty());
        let time = Value::text(generalized_time(now));
        if !created {
            self.set(id, Attr::UsnCreated, vec![Value::number(usn)]);
            self.set(id, Attr::WhenCreated, vec![time.clone()]);
        }
        self.set(id, Attr::UsnChanged, vec![Value::number(usn)]);
        self.set(id, Attr::WhenChanged, vec![time]);
    }

    /// Gives an attribute these values instead of what it had; none removes it.
    pub(crate) fn set(&mut self, id: ObjectId, attribute: Attr, values: Vec<Value>) {
        let before = self
            .get(id)
            .map(|object| object.values(attribute).to_vec())
            .unwrap_or_default();
        self.note_values(id, attribute, &before, &values);
        if attribute.definition().syntax == Syntax::Dn {
            for target in before.iter().filter_map(Value::object) {
                self.change(target, |target| {
                    if let Some(at) = target
                        .referrers
                        .iter()
                        .position(|referrer| *referrer == (attribute, id))
                    {
                        target.referrers.swap_remove(at);
                    }
                });
            }
            for target in values.iter().filter_map(Value::object) {
                self.change(target, |target| target.referrers.push((attribute, id)));
            }
        } else if attribute.definition().is_indexed() {
            before
                .iter()
                .for_each(|value| self.unindex(id, attribute, value));
            values
                .iter()
                .for_each(|value| self.index(id, attribute, value));
        }
        self.change(id, |object| {
            match object
                .attributes
                .binary_search_by_key(&attribute, |(attribute, _)| *attribute)
            {
                Ok(index) if values.is_empty() => drop(object.attributes.remove(index)),
                Ok(index) => {
                    if let Some((_, kept)) = object.attributes.get_mut(index) {
                        *kept = values;
                    }
                }
                Err(_) if values.is_empty() => {}
                Err(index) => object.attributes.insert(index, (attribute, values)),
            }
        });
    }

    /// Adds one value to a linked attribute, in time that does not depend on how many it has.
    pub(crate) fn link(&mut self, id: ObjectId, attribute: Attr, target: ObjectId) {
        self.note(Touch::Link(id, attribute, target));
        self.change(target, |target| target.referrers.push((attribute, id)));
        self.change(id, |object| {
            match object
                .attributes
                .binary_search_by_key(&attribute, |(attribute, _)| *attribute)
            {
                Ok(index) => {
                    if let Some((_, values)) = object.attributes.get_mut(index) {
                        values.push(Value::Object(target));
                    }
                }
                Err(index) => object
                    .attributes
                    .insert(index, (attribute, vec![Value::Object(target)])),
            }
        });
    }

    /// Whether `id` points to `target`.
    pub(crate) fn is_linked(&self, id: ObjectId, attribute: Attr, target: ObjectId) -> bool {
        let (Some(object), Some(target_object)) = (self.get(id), self.get(target)) else {
            return false;
        };
        let values = object.values(attribute);
        if values.len() <= target_object.referrers.len() {
            values.iter().any(|value| value.object() == Some(target))
        } else {
            target_object.referrers.contains(&(attribute, id))
        }
    }

    /// Takes an object out, with everything that points to it.
    pub(crate) fn remove(&mut self, id: ObjectId) {
        let Some(object) = self.objects.get(id.0 as usize).cloned().flatten() else {
            return;
        };
        self.note_removal(&object);
        for (attribute, referrer) in &object.referrers {
            let kept = self
                .get(*referrer)
                .map(|referrer| referrer.values(*attribute).to_vec())
                .unwrap_or_default();
            let kept = kept
                .into_iter()
                .filter(|value| value.object() != Some(id))
                .collect();
            self.set(*referrer, *attribute, kept);
        }
        for (attribute, _) in &object.attributes {
            self.set(id, *attribute, Vec::new());
        }
        if let Some(parent) = object.parent {
            self.by_rdn.remove(&(parent, object.rdn.folded()));
            if let Some(children) = self.children.get_mut(&parent) {
                children.remove(&id);
            }
        }
        self.usn += 1;
        if let Some(slot) = self.objects.get_mut(id.0 as usize) {
            *slot = None;
        }
    }

    /// Gives an object another name or place.
    pub(crate) fn rename(&mut self, id: ObjectId, parent: ObjectId, rdn: Rdn) {
        let Some((before, old)) = self
            .get(id)
            .and_then(|object| Some((object.parent?, object.rdn.folded())))
        else {
            return;
        };
        self.note(Touch::Name(id));
        self.by_rdn.remove(&(before, old));
        if let Some(children) = self.children.get_mut(&before) {
            children.remove(&id);
        }
        self.by_rdn.insert((parent, rdn.folded()), id);
        self.children.entry(parent).or_default().insert(id);
        let name = vec![Value::text(&rdn.value)];
        if let Some(attribute) = Attr::named(&rdn.attribute) {
            self.set(id, attribute, name.clone());
        }
        self.set(id, Attr::Name, name);
        self.change(id, |object| {
            object.parent = Some(parent);
            object.rdn = rdn;
        });
    }

    fn index(&mut self, id: ObjectId, attribute: Attr, value: &Value) {
        let Some(bytes) = value.bytes() else { return };
        let ids = self
            .by_value
            .entry((attribute, comparable(attribute.definition().syntax, bytes)))
            .or_default();
        if let Err(at) = ids.binary_search(&id) {
            ids.insert(at, id);
        }
    }

    fn unindex(&mut self, id: ObjectId, attribute: Attr, value: &Value) {
        let Some(bytes) = value.bytes() else { return };
        let key = (attribute, comparable(attribute.definition().syntax, bytes));
        let Some(ids) = self.by_value.get_mut(&key) else {
            return;
        };
        if let Ok(at) = ids.binary_search(&id) {
            ids.remove(at);
        }
        if ids.is_empty() {
            self.by_value.remove(&key);
        }
    }
}

/// RFC 4517 section 3.3.13 "Generalized Time", as Active Directory writes it: `20261122143046.0Z`.
pub(crate) fn generalized_time(time: FileTime) -> String {
    let text = time.to_string(); // 2026-11-22T14:30:46.1234567Z
    let digits: String = text.chars().take(19).filter(char::is_ascii_digit).collect();
    format!("{digits}.0Z")
}
