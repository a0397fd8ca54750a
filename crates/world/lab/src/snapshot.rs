//! The objects of one moment, to compare with those of another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::rules::values;
use crate::store::Store;
use crate::store::schema::Attr;

/// All objects as they were. Taking one costs nothing; the next write to the lab copies what it changes.
///
/// Two are equal when every object has the same name and the same attributes. Times of change, update sequence
/// numbers and counts of wrong passwords do not count.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<Store>);

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
    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What differs, one line each: `CN=a,DC=b: member`, or `CN=a,DC=b: only in the first`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (ours, theirs) = (self.described(), other.described());
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
                    lines
                        .extend(differing.map(|attribute| format!("{name}: {}", attribute.name())));
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

    fn described(&self) -> BTreeMap<String, BTreeMap<Attr, Vec<Vec<u8>>>> {
        let objects = self.0.ids().filter_map(|id| Some((id, self.0.get(id)?)));
        let described = objects.map(|(id, object)| {
            let attributes = object
                .attributes()
                .filter(|(attribute, _)| !VOLATILE.contains(attribute));
            let attributes = attributes.map(|(attribute, values)| {
                let mut shown: Vec<Vec<u8>> = values
                    .iter()
                    .map(|value| values::show(&self.0, value))
                    .collect();
                shown.sort_unstable();
                (attribute, shown)
            });
            (self.0.dn(id), attributes.collect())
        });
        described.collect()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.differences(other).is_empty()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} objects)", self.len())
    }
}
