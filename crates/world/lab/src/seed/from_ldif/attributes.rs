//! Which attributes of an exported object are taken over.

use managed_password::ManagedPasswordId;

use super::{Import, normal};
use crate::ldif::LdifEntry;
use crate::rules::values;
use crate::seed::SeedObject;
use crate::store::Store;
use crate::store::schema::{Attr, Syntax, forward_link};

/// What the object's name and class say, and what a domain controller counts for itself.
const OF_THE_LAB: [&str; 14] = [
    "objectClass",
    "objectCategory",
    "distinguishedName",
    "cn",
    "name",
    "ou",
    "instanceType",
    "uSNCreated",
    "uSNChanged",
    "sAMAccountName",
    "sAMAccountType",
    "groupType",
    "msDS-ManagedPasswordInterval",
    "isCriticalSystemObject",
];

/// What objects that every domain has take from an export.
pub(super) const OF_BASE_OBJECTS: [&str; 7] = [
    "objectGUID",
    "description",
    "displayName",
    "whenCreated",
    "adminCount",
    "member",
    "memberOf",
];

impl Import<'_> {
    /// Gives an object what its entry has and the object has not; `only` these attributes, where they are named.
    pub(super) fn attributes(
        &mut self,
        object: &mut SeedObject,
        entry: &LdifEntry,
        only: Option<&[&str]>,
    ) {
        for (name, values) in &entry.attributes {
            let among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
            if among(&OF_THE_LAB) || object.has(name) {
                continue;
            }
            if only.is_some_and(|only| !among(only)) {
                let why = format!("{name} of objects that every domain has");
                self.left_out.add(why, &entry.dn);
                continue;
            }
            match Attr::named(name) {
                Some(attribute) => self.attribute(object, entry, attribute, values),
                None => {
                    let why = format!("attribute {name} is not in the lab's schema");
                    self.left_out.add(why, &entry.dn);
                }
            }
        }
    }

    fn attribute(
        &mut self,
        object: &mut SeedObject,
        entry: &LdifEntry,
        attribute: Attr,
        given: &[Vec<u8>],
    ) {
        let (name, definition) = (attribute.name(), attribute.definition());
        if attribute == Attr::Member || attribute == Attr::MemberOf {
            return self.memberships(entry, attribute, given);
        }
        if forward_link(attribute).is_some() {
            return; // Follows from the other end.
        }
        let why_not = if definition.is_constructed() {
            Some("is computed when it is read")
        } else if definition.is_secret() {
            Some("is a password: the lab has made-up ones")
        } else {
            None
        };
        if let Some(why) = why_not {
            return self
                .left_out
                .add(format!("attribute {name} {why}"), &entry.dn);
        }
        let mut taken = Vec::new();
        for value in given {
            match self.fits(attribute, value) {
                Ok(()) => taken.push(value.clone()),
                Err(why) => self
                    .left_out
                    .add(format!("attribute {name} {why}"), &entry.dn),
            }
        }
        if definition.is_single_valued() && taken.len() > 1 {
            taken.truncate(1);
            let why = format!("attribute {name} has one value, and several in the export");
            self.left_out.add(why, &entry.dn);
        }
        if !taken.is_empty() {
            object.force(name, taken);
        }
    }

    /// Whether the lab can keep a value, and why not.
    fn fits(&self, attribute: Attr, value: &[u8]) -> Result<(), &'static str> {
        if attribute.definition().syntax == Syntax::Dn {
            let target = std::str::from_utf8(value).ok().and_then(normal);
            let known = target.is_some_and(|target| self.known.contains(&target));
            return known.then_some(()).ok_or("points to what is not there");
        }
        let of_password = [Attr::ManagedPasswordId, Attr::ManagedPasswordPreviousId];
        if of_password.contains(&attribute) && !self.has_root_key_of(value) {
            return Err("is of a root key that is not there");
        }
        let parsed = values::parse(&Store::default(), attribute, value);
        parsed
            .map(drop)
            .map_err(|_| "has a value that is none of its syntax")
    }

    fn has_root_key_of(&self, password_id: &[u8]) -> bool {
        let Ok(id) = ManagedPasswordId::from_bytes(password_id) else {
            return false;
        };
        let id = id.key.root_key_id.to_string();
        let mut known = self.seed.root_keys.iter().filter_map(|key| key.id);
        known.any(|known| known.to_string() == id)
    }

    /// Linked when every object is there.
    fn memberships(&mut self, entry: &LdifEntry, attribute: Attr, others: &[Vec<u8>]) {
        for other in others {
            let other = String::from_utf8_lossy(other).into_owned();
            if !normal(&other).is_some_and(|other| self.known.contains(&other)) {
                let why = format!("{} is not in the export, for {}", other, attribute.name());
                self.left_out.add(why, &entry.dn);
                continue;
            }
            let own = entry.dn.clone();
            self.seed.memberships.push(match attribute {
                Attr::Member => (own, other),
                _ => (other, own),
            });
        }
    }
}
