//! The objects of one moment, to compare with those of another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::directory::{Directory, Saved};
use crate::rules::values;
use crate::store::Store;
use crate::store::schema::Attr;

/// All objects as they were. Taking one costs nothing; the next write to the lab copies what it changes.
///
/// Two are equal when every object has the same name and the same attributes. Times of change, update sequence
/// numbers and counts of wrong passwords do not count. Of several domain controllers each has objects of its own.
#[derive(Clone)]
pub struct Snapshot(Vec<(String, Saved)>);

const VOLATILE: [Attr; 7] = [
    Attr::WhenChanged,
    Attr::UsnChanged,
    Attr::UsnCreated,
    Attr::WhenCreated,
    Attr::BadPwdCount,
    Attr::BadPasswordTime,
    Attr::ObjectGuid,
];

impl Snapshot {
    pub(crate) fn of<'a>(directories: impl IntoIterator<Item = &'a Directory>) -> Self {
        let saved = |directory: &Directory| (directory.forest.controller.clone(), directory.save());
        Self(directories.into_iter().map(saved).collect())
    }

    /// What each domain controller had, in their order.
    pub(crate) fn saved(&self) -> impl Iterator<Item = &Saved> {
        self.0.iter().map(|(_, saved)| saved)
    }

    /// How many objects there are, on the first domain controller.
    #[must_use]
    pub fn len(&self) -> usize {
        self.saved().next().map_or(0, |saved| saved.store.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What differs, one line each: `CN=a,DC=b: member`, or `CN=a,DC=b: only in the first`. Domain controllers after
    /// the first stand before their lines: `DC2: …`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = self.0.iter().zip(&other.0).enumerate();
        let lines = pairs.flat_map(|(index, ((name, ours), (_, theirs)))| {
            let lines = differences(&ours.store, &theirs.store);
            lines.into_iter().map(move |line| match index {
                0 => line,
                _ => format!("{name}: {line}"),
            })
        });
        lines.collect()
    }
}

pub(crate) fn differences(ours: &Arc<Store>, theirs: &Arc<Store>) -> Vec<String> {
    if Arc::ptr_eq(ours, theirs) {
        return Vec::new();
    }
    let (ours, theirs) = (described(ours), described(theirs));
    let mut lines = Vec::new();
    for (name, attributes) in &ours {
        match theirs.get(name) {
            None => lines.push(format!("{name}: only in the first")),
            Some(others) => {
                let mut names: Vec<&Attr> = attributes.keys().chain(others.keys()).collect();
                names.sort_unstable();
                names.dedup();
                let differing = names
                    .into_iter()
                    .filter(|attribute| attributes.get(attribute) != others.get(attribute));
                lines.extend(differing.map(|attribute| format!("{name}: {}", attribute.name())));
            }
        }
    }
    lines.extend(
        theirs
            .keys()
            .filter(|name| !ours.contains_key(*name))
            .map(|name| format!("{name}: only in the second")),
    );
    lines
}

fn described(store: &Store) -> BTreeMap<String, BTreeMap<Attr, Vec<Vec<u8>>>> {
    let objects = store.ids().filter_map(|id| Some((id, store.get(id)?)));
    let described = objects.map(|(id, object)| {
        let attributes = object
            .attributes()
            .filter(|(attribute, _)| !VOLATILE.contains(attribute));
        let attributes = attributes.map(|(attribute, values)| {
            let mut shown: Vec<Vec<u8>> = values
                .iter()
                .map(|value| values::show(store, value))
                .collect();
            shown.sort_unstable();
            (attribute, shown)
        });
        (store.dn(id), attributes.collect())
    });
    described.collect()
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.differences(other).is_empty()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} objects)", self.len())
    }
}
