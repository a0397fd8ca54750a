//! From the catalogue to questions, and from answers to a first intent.

use std::collections::BTreeMap;

use model::estate::Estate;
use model::intent::{Conversion, DelegationWish, Intent, Strategy};
use model::inventory::{AccountClass, Inventory};
use model::names::{GmsaName, HostName, SamAccountName, Spn};

use crate::profile::Profile;

/// The file names, accounts and groups that discovery must look for so that a plan can be made.
pub struct Wanted {
    /// Accounts and groups.
    pub names: Vec<SamAccountName>,
    /// SPNs whose holders matter.
    pub spns: Vec<Spn>,
    /// Files, per host.
    pub files: BTreeMap<HostName, Vec<String>>,
}

/// What discovery must look for: the intent's names, or those that would be proposed.
pub fn questions(estate: &Estate, intent: Option<&Intent>, profiles: &[&dyn Profile]) -> Wanted {
    let mut wanted = Wanted {
        names: Vec::new(),
        spns: Vec::new(),
        files: BTreeMap::new(),
    };
    match intent {
        Some(intent) => {
            for conversion in &intent.conversions {
                let mut profiles = profiles.iter();
                let profile = profiles.find(|profile| *profile.component() == conversion.component);
                let usual = || profile.and_then(|profile| profile.suggestion().key_set);
                let key_set = conversion.key_set.clone().or_else(usual);
                let sealed = key_set
                    .as_deref()
                    .and_then(|file| conversion.sealed_copy_of(file));
                let files: Vec<_> = key_set.into_iter().chain(sealed).collect();
                let group = conversion.retrieval_group.clone();
                wanted.add(&conversion.gmsa, group, &conversion.hosts, &files);
                wanted.names.extend(conversion.groups.iter().cloned());
                if let Some(setup) = &conversion.setup {
                    for host in &conversion.hosts {
                        let files = wanted.files.entry(host.clone()).or_default();
                        files.push(setup.package.clone());
                    }
                }
            }
        }
        None => {
            let hosts: Vec<_> = estate.hosts.iter().map(|host| host.name.clone()).collect();
            for suggestion in profiles.iter().map(|profile| profile.suggestion()) {
                let (gmsa, group) = (suggestion.gmsa, suggestion.retrieval_group);
                wanted.add(&gmsa, group, &hosts, suggestion.key_set.as_slice());
                wanted.names.extend(suggestion.groups);
            }
        }
    }
    for profile in profiles {
        let hosts = estate.hosts.iter().map(|host| &host.dns_name);
        wanted
            .spns
            .extend(hosts.flat_map(|host| profile.expected_spns(host)));
    }
    let conversions = intent.iter().flat_map(|intent| &intent.conversions);
    wanted
        .spns
        .extend(conversions.flat_map(|wanted| wanted.spns.iter().flatten().cloned()));
    wanted
}

/// The gMSAs that a component is to have: the intent's, or the one that would be proposed.
pub fn gmsas_of(profile: &dyn Profile, intent: Option<&Intent>) -> Vec<SamAccountName> {
    let Some(intent) = intent else {
        return vec![profile.suggestion().gmsa.sam_account_name()];
    };
    let conversions = intent.conversions.iter();
    let own = conversions.filter(|wanted| wanted.component == *profile.component());
    own.map(|wanted| wanted.gmsa.sam_account_name()).collect()
}

impl Wanted {
    fn add(
        &mut self,
        gmsa: &GmsaName,
        group: SamAccountName,
        hosts: &[HostName],
        key_set_files: &[String],
    ) {
        self.names.extend([gmsa.sam_account_name(), group]);
        for host in hosts {
            let files = self.files.entry(host.clone()).or_default();
            files.extend_from_slice(key_set_files);
        }
    }
}

/// A first intent: every component that was found, in the catalogue's order, under the names that its profile suggests.
///
/// A component that runs as a gMSA already keeps that gMSA's name; a name that something else has gets a number.
pub fn propose(inventory: &Inventory, profiles: &[&dyn Profile]) -> Intent {
    let conversions = profiles.iter().filter_map(|profile| {
        let found = || {
            let hosts = inventory.hosts.iter();
            hosts.filter_map(|host| Some((host, host.carried(profile.carrier())?)))
        };
        let hosts: Vec<HostName> = found().map(|(host, _)| host.name.clone()).collect();
        if hosts.is_empty() {
            return None;
        }
        let accounts: Vec<_> = found()
            .filter_map(|(_, carried)| {
                let netbios = &inventory.domain.netbios_name;
                inventory.account(carried.logon_account().in_domain(netbios)?)
            })
            .collect();
        let suggestion = profile.suggestion();
        let present = accounts
            .iter()
            .filter(|account| account.class == AccountClass::Gmsa)
            .find_map(|account| account.name.as_str().parse().ok());
        let is_in = |group: &SamAccountName| {
            let group = inventory.group(group);
            group.is_some_and(|group| {
                let mut accounts = accounts.iter();
                accounts.any(|account| group.members.contains(&account.dn))
            })
        };
        Some(Conversion {
            component: profile.component().clone(),
            hosts,
            gmsa: present.unwrap_or_else(|| free(suggestion.gmsa, inventory)),
            retrieval_group: suggestion.retrieval_group,
            strategy: Strategy::Direct,
            interval_days: 30,
            group_container: None,
            gmsa_container: None,
            key_set: suggestion.key_set,
            recipient: Vec::new(),
            groups: suggestion.groups.into_iter().filter(is_in).collect(),
            spns: None,
            delegation: DelegationWish::default(),
            exchange: None,
            setup: None,
        })
    });
    Intent::of(conversions.collect())
}

/// The name, or where something that is no gMSA has it, the same with a number behind it; never longer than it may be.
fn free(name: GmsaName, inventory: &Inventory) -> GmsaName {
    let taken = |name: &GmsaName| {
        let name = name.sam_account_name();
        let account = inventory.account(&name);
        account.is_some_and(|account| account.class != AccountClass::Gmsa)
            || inventory.group(&name).is_some()
    };
    let with = |number: u32| {
        let text: String = name.as_str().chars().take(13).collect();
        format!("{text}{number}").parse().ok()
    };
    if !taken(&name) {
        return name;
    }
    let other = (2..10).filter_map(with).find(|name| !taken(name));
    other.unwrap_or(name)
}
