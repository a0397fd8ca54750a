//! A seed after what `discover` found: to rehearse a plan on a copy of one's own directory.
//!
//! What an inventory does not tell is assumed to be in order: every user has the password that is given, root keys
//! have secrets of their own, and objects that are only mentioned by name are there.

use std::collections::BTreeSet;

use model::inventory::{Account, AccountClass, DirectoryRight, Gmsa, Group, Inventory};
use model::ports::{AccountControl, Delegation};
use security::SecurityDescriptor;
use zeroize::Zeroizing;

use super::controllers::MOST as MOST_CONTROLLERS;
use super::{LabSeed, SeedObject, SeedRight, SeedRootKey, base, random_password};
use crate::rules::accounts::ACCOUNT_DISABLE;
use crate::store::class;
use crate::store::dn::{self, Rdn};

/// Accounts below this relative identifier are in every domain.
const FIRST_OWN_RID: u32 = 1000;

impl LabSeed {
    /// The domain of an inventory at the time when it was taken, with all its names, SIDs and GUIDs.
    #[must_use]
    pub fn from_inventory(
        found: &Inventory,
        administrator_password: &[u8],
        service_password: &[u8],
    ) -> Self {
        let domain = &found.domain;
        let mut seed = Self::new(
            domain.dns_name.as_str(),
            &domain.netbios_name,
            administrator_password,
        );
        seed.domain_sid = Some(domain.sid);
        seed.clock.set(found.taken_at);
        let controllers = domain.domain_controllers.iter();
        let mut controllers = controllers.filter_map(|controller| {
            let host = controller.dns_name.as_str().split('.').next()?;
            Some(host.to_uppercase())
        });
        if let Some(first) = controllers.next() {
            seed.controller = first;
        }
        seed.other_controllers = controllers.take(MOST_CONTROLLERS - 1).collect();
        seed.root_keys = root_keys(found);
        let mut import = Import {
            suffix: format!(",{}", crate::forest::domain_dn(&seed.dns_name)),
            controllers: seed.controllers().map(|name| format!("{name}$")).collect(),
            service_password,
            placed: base::names(seed.controllers()).into_iter().collect(),
            found,
            seed: &mut seed,
        };
        import.everything(found);
        seed
    }
}

/// One key each, although every domain controller shows it; those that nobody can use are left out.
fn root_keys(found: &Inventory) -> Vec<SeedRootKey> {
    let mut seen = BTreeSet::new();
    let usable = found.root_keys.iter().filter(|key| key.defect.is_none());
    usable
        .filter(|key| seen.insert(key.id.to_string()))
        .map(|key| SeedRootKey {
            id: Some(key.id),
            data: None,
            effective: key.effective,
            created: key.created,
        })
        .collect()
}

struct Import<'a> {
    /// `,DC=contoso,DC=com`
    suffix: String,
    /// Their accounts.
    controllers: Vec<String>,
    service_password: &'a [u8],
    /// Names that are there, in small letters.
    placed: BTreeSet<String>,
    found: &'a Inventory,
    seed: &'a mut LabSeed,
}

impl Import<'_> {
    fn everything(&mut self, found: &Inventory) {
        for gmsa in &found.gmsas {
            self.gmsa(gmsa);
        }
        for account in &found.accounts {
            self.account(account);
        }
        for group in &found.groups {
            self.group(group);
        }
        let accounts = found
            .gmsas
            .iter()
            .map(|gmsa| &gmsa.account)
            .chain(&found.accounts);
        for account in accounts {
            for group in &account.member_of {
                self.mentioned(group.as_str(), "group");
                self.member(group.as_str(), account.dn.as_str());
            }
        }
        for right in &found.directory_rights {
            self.right(right);
        }
        for group in &found.groups {
            for member in &group.members {
                self.mentioned(member.as_str(), "contact");
                self.member(group.dn.as_str(), member.as_str());
            }
        }
    }

    /// What is in the configuration is there already, in every forest.
    fn right(&mut self, right: &DirectoryRight) {
        let object = right.object.as_str();
        let name = object.to_lowercase();
        let configuration = format!(",cn=configuration{}", self.suffix.to_lowercase());
        if !name.ends_with(&configuration) {
            self.mentioned(object, class_of(name.starts_with("ou=")));
        }
        self.seed.rights.push(SeedRight {
            object: object.to_owned(),
            account: None,
            ace: right.ace.clone(),
        });
    }

    fn gmsa(&mut self, gmsa: &Gmsa) {
        let interval = gmsa.interval_days.to_string();
        let list = SecurityDescriptor::for_retrieval_principals(&gmsa.retrieval_principals);
        let Some(mut object) = self.object(&gmsa.account, class::GMSA, 0x1000) else {
            return;
        };
        object.set("msDS-ManagedPasswordInterval", &[&interval]);
        if let Ok(list) = list {
            let list = vec![list.to_bytes()];
            object
                .attributes
                .push(("msDS-GroupMSAMembership".to_owned(), list));
        }
        self.seed.objects.push(object);
    }

    fn account(&mut self, account: &Account) {
        let (class, control) = match account.class {
            AccountClass::User => ("user", 0x1_0200),
            AccountClass::Computer => ("computer", 0x1000),
            AccountClass::OtherManaged => ("msDS-ManagedServiceAccount", 0x1000),
            AccountClass::Gmsa => return, // Those come with what only they have.
        };
        let Some(mut object) = self.object(account, class, control) else {
            return;
        };
        object.password = Some(match account.class {
            AccountClass::User => Zeroizing::new(self.service_password.to_vec()),
            _ => random_password(),
        });
        self.seed.objects.push(object);
    }

    fn group(&mut self, group: &Group) {
        let own = group.sid.rid().is_some_and(|rid| rid >= FIRST_OWN_RID);
        if let Some(name) = self.place(group.dn.as_str()).filter(|_| own) {
            let mut object = SeedObject::new(&name, "group");
            object.set("sAMAccountName", &[group.name.as_str()]);
            object.force("objectSid", vec![group.sid.to_bytes()]);
            object.force("objectGUID", vec![group.guid.to_bytes().to_vec()]);
            self.seed.objects.push(object);
        }
    }

    /// What accounts have in common; `None` for one that is in every domain.
    fn object(&mut self, account: &Account, class: &str, control: i64) -> Option<SeedObject> {
        let own = account.sid.rid().is_some_and(|rid| rid >= FIRST_OWN_RID);
        let mut controllers = self.controllers.iter();
        let is_controller =
            controllers.any(|name| account.name.as_str().eq_ignore_ascii_case(name));
        let name = self
            .place(account.dn.as_str())
            .filter(|_| own && !is_controller)?;
        let disabled = if account.enabled { 0 } else { ACCOUNT_DISABLE };
        let mut object = SeedObject::new(&name, class);
        object.set("sAMAccountName", &[account.name.as_str()]);
        let delegation = self.found.delegation(&account.name);
        let control = control | disabled | delegation.map_or(0, trust);
        object.set("userAccountControl", &[&control.to_string()]);
        if let Some(delegation) = delegation {
            delegates(&mut object, delegation);
        }
        if let Some(dns_name) = &account.dns_host_name {
            object.set("dNSHostName", &[dns_name.as_str()]);
        }
        if let Some(types) = account.encryption_types {
            let types = types.cast_signed().to_string();
            object.set("msDS-SupportedEncryptionTypes", &[&types]);
        }
        object.force("objectSid", vec![account.sid.to_bytes()]);
        object.force("objectGUID", vec![account.guid.to_bytes().to_vec()]);
        // Forced: a directory may hold doubles that it would not take today.
        let spns = account
            .spns
            .iter()
            .map(|spn| spn.as_str().as_bytes().to_vec());
        object.force("servicePrincipalName", spns.collect());
        Some(object)
    }

    /// An object that is known by its name only.
    fn mentioned(&mut self, name: &str, class: &str) {
        let Some(name) = self.place(name) else { return };
        let mut object = SeedObject::new(&name, class);
        if let ("group", Some(first)) = (
            class,
            dn::parse(&name).and_then(|parts| parts.into_iter().next()),
        ) {
            object.set("sAMAccountName", &[&first.value]);
        }
        self.seed.objects.push(object);
    }

    fn member(&mut self, group: &str, member: &str) {
        let pair = (group.to_owned(), member.to_owned());
        if !self.seed.memberships.contains(&pair) {
            self.seed.memberships.push(pair);
        }
    }

    /// Makes room for an object: its name below the domain, once what is above it is there. `None` where it is placed
    /// already, or not in this domain.
    fn place(&mut self, name: &str) -> Option<String> {
        let whole = name.to_lowercase();
        let below = whole.strip_suffix(&self.suffix.to_lowercase())?.len();
        let relative = name.get(..below)?.to_owned();
        if !self.placed.insert(relative.to_lowercase()) {
            return None;
        }
        let parts = dn::parse(&relative)?;
        for cut in (1..parts.len()).rev() {
            let above = printed(parts.get(cut..)?);
            if self.placed.insert(above.to_lowercase()) {
                let unit = above.to_lowercase().starts_with("ou=");
                let above = SeedObject::new(&above, class_of(unit));
                self.seed.objects.push(above);
            }
        }
        Some(relative)
    }
}

/// The class of what has others below it.
fn class_of(unit: bool) -> &'static str {
    match unit {
        true => "organizationalUnit",
        false => "container",
    }
}

/// The bits of `userAccountControl` that are about delegation.
fn trust(delegation: &Delegation) -> i64 {
    let bits = [
        (
            delegation.unconstrained,
            AccountControl::TrustedForDelegation,
        ),
        (
            delegation.protocol_transition,
            AccountControl::TrustedToAuthForDelegation,
        ),
        (delegation.not_delegated, AccountControl::NotDelegated),
    ];
    let set = bits.into_iter().filter(|(set, _)| *set);
    set.map(|(_, control)| i64::from(control.bit())).sum()
}

fn delegates(object: &mut SeedObject, delegation: &Delegation) {
    let services: Vec<_> = delegation.services.iter().map(|spn| spn.as_str()).collect();
    if !services.is_empty() {
        object.set("msDS-AllowedToDelegateTo", &services);
    }
    if delegation.callers.is_empty() {
        return;
    }
    if let Ok(list) = SecurityDescriptor::for_retrieval_principals(&delegation.callers) {
        object.attributes.push((
            "msDS-AllowedToActOnBehalfOfOtherIdentity".to_owned(),
            vec![list.to_bytes()],
        ));
    }
}

/// A name as text.
pub(super) fn printed(parts: &[Rdn]) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push(',');
        }
        part.print(&mut text);
    }
    text
}
