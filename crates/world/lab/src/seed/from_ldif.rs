//! A seed after an LDIF export of a directory: to try things on a copy of one's own.
//!
//! Names, SIDs, GUIDs, descriptors and links are those of the export; passwords and the secret of root keys are made
//! up, whatever the export holds. What every domain has, the lab makes itself. What cannot be taken over is told.

mod attributes;
mod domain;

use std::collections::{BTreeMap, HashMap, HashSet};

use zeroize::Zeroizing;

use self::domain::{ExportedDomain, root_key};
use super::controllers::MOST as MOST_CONTROLLERS;
use super::from_inventory::printed;
use super::{LabSeed, SeedObject, base, random_password};
use crate::LabError;
use crate::ldif::LdifEntry;
use crate::store::class::{self, Class};
use crate::store::dn::{self, Rdn};

impl LabSeed {
    /// The domain of an export, by the system's time; and what could not be taken over, a line each.
    ///
    /// # Errors
    /// [`LabError::Seed`] where the export has no domain.
    pub fn from_ldif(
        entries: &[LdifEntry],
        administrator_password: &[u8],
        service_password: &[u8],
    ) -> Result<(Self, Vec<String>), LabError> {
        let found = ExportedDomain::of(entries)
            .ok_or_else(|| LabError::Seed("the export has no object of a domain".to_owned()))?;
        let mut seed = Self::new(&found.dns_name, &found.netbios_name, administrator_password);
        seed.domain_sid = found.sid;
        let mut controllers = found.controllers.into_iter();
        if let Some(first) = controllers.next() {
            seed.controller = first;
        }
        seed.other_controllers = controllers.take(MOST_CONTROLLERS - 1).collect();
        seed.read_only_controllers = found.read_only_controllers;
        seed.read_only_controllers.truncate(MOST_CONTROLLERS);
        let mut left_out = found.assumed;
        if entries.iter().any(|entry| root_key(entry).is_some()) {
            seed.root_keys.clear();
        } else {
            let made_up = "KDS root keys: not in the export, one that can be used now was made up";
            left_out.push(made_up.to_owned());
        }
        left_out.extend(seed.take_ldif(entries, service_password)?);
        Ok((seed, left_out))
    }

    /// Adds what an export has beside what is in the seed already; tells what could not be taken over, a line each.
    ///
    /// # Errors
    /// [`LabError::Seed`] where the export is one of another domain.
    pub fn take_ldif(
        &mut self,
        entries: &[LdifEntry],
        service_password: &[u8],
    ) -> Result<Vec<String>, LabError> {
        let sid = ExportedDomain::of(entries).and_then(|found| found.sid);
        if let (Some(ours), Some(theirs)) = (self.domain_sid, sid)
            && ours != theirs
        {
            let why = format!("the export is of domain {theirs}, not of {ours}");
            return Err(LabError::Seed(why));
        }
        let mut import = Import::new(self, service_password);
        let mut inside = import.inside(entries);
        inside.sort_by_key(|(parts, _)| parts.len());
        import.know(&inside);
        for (parts, entry) in inside {
            import.object(&parts, entry);
        }
        Ok(import.left_out.lines())
    }
}

/// What could not be taken over: each reason with how often, and where first.
#[derive(Default)]
struct LeftOut(BTreeMap<String, (usize, String)>);

impl LeftOut {
    fn add(&mut self, why: impl Into<String>, of: &str) {
        let entry = self.0.entry(why.into());
        entry.or_insert_with(|| (0, of.to_owned())).0 += 1;
    }

    fn lines(self) -> Vec<String> {
        let line = |(why, (count, first)): (String, (usize, String))| match count {
            1 => format!("{why}: {first}"),
            _ => format!("{why}: {count} objects, the first is {first}"),
        };
        self.0.into_iter().map(line).collect()
    }
}

/// Where an object of the seed is.
#[derive(Clone, Copy)]
enum Place {
    /// Every domain has it.
    Base,
    /// Among the seed's own, at this index.
    Own(usize),
}

struct Import<'a> {
    /// `dc=contoso,dc=com`
    domain: String,
    placed: HashMap<String, Place>,
    /// Account names that are taken, in small letters.
    accounts: HashSet<String>,
    /// Whole names that will be there, for references.
    known: HashSet<String>,
    left_out: LeftOut,
    service_password: &'a [u8],
    seed: &'a mut LabSeed,
}

impl<'a> Import<'a> {
    fn new(seed: &'a mut LabSeed, service_password: &'a [u8]) -> Self {
        let domain = dn::fold(&crate::forest::domain_dn(&seed.dns_name));
        let base = base::names(seed.controllers()).into_iter();
        let mut placed: HashMap<String, Place> = base.map(|name| (name, Place::Base)).collect();
        let own = seed.objects.iter().enumerate();
        placed.extend(own.filter_map(|(at, object)| Some((normal(&object.name)?, Place::Own(at)))));
        let accounts = seed.objects.iter().filter_map(SeedObject::account_name);
        let mut known: HashSet<String> = placed
            .keys()
            .map(|name| format!("{name},{domain}"))
            .collect();
        known.insert(domain.clone());
        Self {
            accounts: accounts
                .chain(base::account_names(seed.controllers()))
                .collect(),
            domain,
            placed,
            known,
            left_out: LeftOut::default(),
            service_password,
            seed,
        }
    }

    /// The entries below the domain's head, with their names relative to it; the others are told, or root keys.
    fn inside<'b>(&mut self, entries: &'b [LdifEntry]) -> Vec<(Vec<Rdn>, &'b LdifEntry)> {
        let mut inside = Vec::new();
        for entry in entries {
            let Some(parts) = dn::parse(&entry.dn) else {
                self.left_out.add("this is no name", &entry.dn);
                continue;
            };
            let whole = dn::fold(&printed(&parts));
            if whole == self.domain {
                continue; // The lab's own has its name, SID and policy.
            }
            if let Some(key) = root_key(entry) {
                let secret = "the secret of a root key: the lab makes its own up";
                self.left_out.add(secret, &entry.dn);
                if !self.seed.root_keys.iter().any(|known| known.id == key.id) {
                    self.seed.root_keys.push(key);
                }
                continue;
            }
            let head = parts
                .iter()
                .take_while(|part| &*part.attribute != "DC")
                .count();
            let (below, above) = parts.split_at(head);
            let configuration = below
                .last()
                .is_some_and(|last| last.value.eq_ignore_ascii_case("Configuration"));
            if configuration || dn::fold(&printed(above)) != self.domain {
                let why = "of another partition, of which the lab has its own";
                self.left_out.add(why, &entry.dn);
                continue;
            }
            inside.push((below.to_vec(), entry));
        }
        inside
    }

    fn know(&mut self, inside: &[(Vec<Rdn>, &LdifEntry)]) {
        let names = inside.iter().filter(|(_, entry)| class_of(entry).is_some());
        let domain = self.domain.clone();
        self.known
            .extend(names.map(|(parts, _)| format!("{},{domain}", dn::fold(&printed(parts)))));
    }

    fn object(&mut self, parts: &[Rdn], entry: &LdifEntry) {
        let key = dn::fold(&printed(parts));
        match self.placed.get(&key).copied() {
            Some(Place::Base) => {
                let mut object = SeedObject::that_is_there(&printed(parts));
                self.attributes(&mut object, entry, Some(&attributes::OF_BASE_OBJECTS));
                self.seed.objects.push(object);
            }
            Some(Place::Own(at)) => {
                let Some(mut object) = self.seed.objects.get_mut(at).map(std::mem::take) else {
                    return;
                };
                self.attributes(&mut object, entry, None);
                if let Some(place) = self.seed.objects.get_mut(at) {
                    *place = object;
                }
            }
            None => self.new_object(parts, &key, entry),
        }
    }

    fn new_object(&mut self, parts: &[Rdn], key: &str, entry: &LdifEntry) {
        let Some(class) = class_of(entry) else {
            let classes = entry.values("objectClass").last();
            let class =
                String::from_utf8_lossy(classes.map_or(b"none", Vec::as_slice)).into_owned();
            let why = format!("class {class} is not in the lab's schema");
            return self.left_out.add(why, &entry.dn);
        };
        if parts
            .first()
            .is_none_or(|first| &*first.attribute != class.rdn)
        {
            let why = format!("an object of class {} has no such name", class.name);
            return self.left_out.add(why, &entry.dn);
        }
        let account = entry
            .text("sAMAccountName")
            .filter(|_| class.is_security_principal());
        if account.is_some_and(|account| !self.accounts.insert(dn::fold(account))) {
            return self.left_out.add("its account name is taken", &entry.dn);
        }
        self.above(parts);
        let mut object = SeedObject::new(&printed(parts), class.name);
        if let Some(account) = account {
            object.set("sAMAccountName", &[account]);
        }
        if let Some(kind) = entry
            .text("groupType")
            .filter(|kind| kind.parse::<i64>().is_ok())
        {
            object.set("groupType", &[kind]);
        }
        if class.is(class::GMSA) {
            let days = entry.text("msDS-ManagedPasswordInterval").unwrap_or("30");
            object.set("msDS-ManagedPasswordInterval", &[days]);
        } else if class.is("computer") {
            object.password = Some(random_password());
        } else if class.is("user") {
            object.password = Some(Zeroizing::new(self.service_password.to_vec()));
        }
        self.attributes(&mut object, entry, None);
        self.placed
            .insert(key.to_owned(), Place::Own(self.seed.objects.len()));
        self.seed.objects.push(object);
    }

    /// Makes the containers that are not in the export.
    fn above(&mut self, parts: &[Rdn]) {
        for cut in (1..parts.len()).rev() {
            let above = printed(parts.get(cut..).unwrap_or_default());
            let key = dn::fold(&above);
            if self.placed.contains_key(&key) {
                continue;
            }
            let unit = key.starts_with("ou=");
            let class = if unit {
                "organizationalUnit"
            } else {
                "container"
            };
            self.left_out
                .add("not in the export, made as what it is named like", &above);
            self.placed.insert(key, Place::Own(self.seed.objects.len()));
            self.seed.objects.push(SeedObject::new(&above, class));
        }
    }
}

/// The class of an object that the lab can hold in a domain.
fn class_of(entry: &LdifEntry) -> Option<&'static Class> {
    let names = entry.values("objectClass").iter();
    let names = names.filter_map(|name| std::str::from_utf8(name).ok());
    let class = Class::most_specific(names)?;
    (class.must.is_empty() || class.is(class::GMSA)).then_some(class)
}

/// A name in the form in which names compare.
fn normal(name: &str) -> Option<String> {
    Some(dn::fold(&printed(&dn::parse(name)?)))
}
