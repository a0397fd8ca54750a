//! Names and the tree: from a name to an object, and from an object to its name, its parent and what is below it.

use super::dn::{self, FoldedRdn, Rdn};
use super::object::ObjectId;
use super::{Context, Store};

impl Store {
    /// The object with this name.
    pub(crate) fn resolve(&self, name: &[Rdn]) -> Option<ObjectId> {
        let folded: Vec<FoldedRdn> = name.iter().map(Rdn::folded).collect();
        (0..folded.len()).find_map(|cut| {
            let (below, head) = folded.split_at(cut);
            let context = self.contexts.iter().find(|context| context.name == head)?;
            below.iter().rev().try_fold(context.head, |parent, rdn| {
                self.by_rdn.get(&(parent, rdn.clone())).copied()
            })
        })
    }

    /// The object with this name as text.
    pub(crate) fn resolve_text(&self, name: &str) -> Option<ObjectId> {
        self.resolve(&dn::parse(name)?)
    }

    /// The name of an object; empty where there is none.
    pub(crate) fn dn(&self, id: ObjectId) -> String {
        let mut text = String::new();
        let mut next = Some(id);
        let mut head = id;
        while let Some(object) = next.and_then(|id| self.get(id)) {
            head = next.unwrap_or(head);
            next = object.parent;
            if next.is_some() {
                object.rdn.print(&mut text);
                text.push(',');
            }
        }
        if let Some(context) = self.contexts.iter().find(|context| context.head == head) {
            text.push_str(&context.text);
        }
        text
    }

    /// The head of the naming context that an object is in.
    pub(crate) fn context_of(&self, id: ObjectId) -> ObjectId {
        let mut head = id;
        while let Some(parent) = self.get(head).and_then(|object| object.parent) {
            head = parent;
        }
        head
    }

    pub(crate) fn contexts(&self) -> impl Iterator<Item = ObjectId> {
        self.contexts.iter().map(|context| context.head)
    }

    /// The naming contexts right below that of an object, if it is the head of its own.
    pub(crate) fn subordinates(&self, head: ObjectId) -> impl Iterator<Item = &str> {
        let own = self.contexts.iter().find(|context| context.head == head);
        let own = own.map(|context| &context.name[..]);
        let below = |name: &[FoldedRdn], above: &[FoldedRdn]| {
            name.len() > above.len() && name.ends_with(above)
        };
        let all = self.contexts.iter();
        let found = all.filter(move |it| {
            own.is_some_and(|own| {
                let between = |other: &&Context| below(&it.name, &other.name);
                let mut between = self.contexts.iter().filter(between);
                below(&it.name, own) && !between.any(|other| below(&other.name, own))
            })
        });
        found.map(|context| &*context.text)
    }

    pub(crate) fn children(&self, id: ObjectId) -> impl Iterator<Item = ObjectId> {
        self.children.get(&id).into_iter().flatten().copied()
    }

    pub(crate) fn child(&self, parent: ObjectId, rdn: &Rdn) -> Option<ObjectId> {
        self.by_rdn.get(&(parent, rdn.folded())).copied()
    }

    /// Whether `id` is `base` or below it, in the same naming context.
    pub(crate) fn is_below(&self, id: ObjectId, base: ObjectId) -> bool {
        let mut next = Some(id);
        while let Some(id) = next {
            if id == base {
                return true;
            }
            next = self.get(id).and_then(|object| object.parent);
        }
        false
    }
}
