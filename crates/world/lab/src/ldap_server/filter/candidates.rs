//! Which objects need to be looked at: an index tells, where the filter has an indexed part.

use super::Condition;
use crate::store::Store;
use crate::store::object::{Object, ObjectId, Value};

impl Condition {
    /// How many objects can match at most, where an index tells.
    fn estimate(&self, store: &Store) -> Option<usize> {
        match self {
            Self::Equal(attribute, value) if attribute.definition().is_indexed() => {
                Some(store.find(*attribute, value).len())
            }
            Self::Links(_, target) => Some(store.get(*target).map_or(0, Object::referrer_count)),
            Self::LinkedFrom(attribute, source) => {
                let source = store.get(*source);
                Some(source.map_or(0, |source| source.values(*attribute).len()))
            }
            Self::Among(ids) => Some(ids.len()),
            Self::And(all) => all.iter().filter_map(|one| one.estimate(store)).min(),
            Self::Or(any) => {
                let each = any.iter().map(|one| one.estimate(store));
                let all = each.sum::<Option<usize>>()?;
                // The same objects again and again are no help.
                (all <= store.capacity()).then_some(all)
            }
            Self::Undefined => Some(0),
            _ => None,
        }
    }

    /// The only objects that can match, where an index tells.
    pub(in crate::ldap_server) fn candidates(&self, store: &Store) -> Option<Vec<ObjectId>> {
        self.estimate(store)?;
        match self {
            Self::Equal(attribute, value) => Some(store.find(*attribute, value).to_vec()),
            Self::Links(attribute, target) => Some(
                store
                    .get(*target)
                    .map(|target| target.referrers(*attribute).collect())
                    .unwrap_or_default(),
            ),
            Self::LinkedFrom(attribute, source) => {
                let values = store
                    .get(*source)
                    .map(|source| source.values(*attribute))
                    .unwrap_or_default();
                Some(values.iter().filter_map(Value::object).collect())
            }
            Self::Among(ids) => Some(ids.iter().copied().collect()),
            Self::And(all) => all
                .iter()
                .filter_map(|one| Some((one.estimate(store)?, one)))
                .min_by_key(|(estimate, _)| *estimate)?
                .1
                .candidates(store),
            Self::Or(any) => {
                let each: Option<Vec<Vec<ObjectId>>> =
                    any.iter().map(|one| one.candidates(store)).collect();
                let mut ids = each?.concat();
                ids.sort_unstable();
                ids.dedup();
                Some(ids)
            }
            _ => Some(Vec::new()),
        }
    }
}
