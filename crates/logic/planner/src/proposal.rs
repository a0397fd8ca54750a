//! From the catalogue to questions, and from answers to a first intent.

use std::collections::BTreeMap;

use model::estate::Estate;
use model::intent::{Conversion, Intent, Strategy};
use model::inventory::{AccountClass, Inventory};
use model::names::{ComponentId, GmsaName, HostName, SamAccountName, Spn};

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
                let group = conversion.retrieval_group.clone();
                wanted.add(&conversion.gmsa, group, &conversion.hosts, key_set);
            }
        }
        None => {
            let hosts: Vec<_> = estate.hosts.iter().map(|host| host.name.clone()).collect();
            for suggestion in profiles.iter().map(|profile| profile.suggestion()) {
                let (gmsa, group) = (suggestion.gmsa, suggestion.retrieval_group);
                wanted.add(&gmsa, group, &hosts, suggestion.key_set);
            }
        }
    }
    for profile in profiles {
        let hosts = estate.hosts.iter().map(|host| &host.dns_name);
        wanted
            .spns
            .extend(hosts.flat_map(|host| profile.expected_spns(host)));
    }
    wanted
}

impl Wanted {
    fn add(
        &mut self,
        gmsa: &GmsaName,
        group: SamAccountName,
        hosts: &[HostName],
        key_set: Option<String>,
    ) {
        self.names.extend([gmsa.sam_account_name(), group]);
        for host in hosts {
            let files = self.files.entry(host.clone()).or_default();
            files.extend(key_set.clone());
        }
    }
}

/// A first intent: every component that was found, under the names that its profile suggests.
///
/// A component that runs as a gMSA already keeps that gMSA's name.
pub fn propose(inventory: &Inventory, profiles: &[&dyn Profile]) -> Intent {
    let mut found: BTreeMap<&ComponentId, Vec<HostName>> = BTreeMap::new();
    for host in &inventory.hosts {
        for component in &host.components {
            found.entry(component).or_default().push(host.name.clone());
        }
    }
    let conversions = found.into_iter().filter_map(|(component, hosts)| {
        let profile = profiles
            .iter()
            .find(|profile| profile.component() == component)?;
        let suggestion = profile.suggestion();
        let present = hosts.iter().find_map(|host| {
            let account = &inventory
                .host(host)?
                .service(profile.service())?
                .logon_account;
            let account = inventory.account(account.in_domain(&inventory.domain.netbios_name)?)?;
            (account.class == AccountClass::Gmsa).then(|| account.name.as_str().parse().ok())?
        });
        Some(Conversion {
            component: component.clone(),
            hosts,
            gmsa: present.unwrap_or(suggestion.gmsa),
            retrieval_group: suggestion.retrieval_group,
            strategy: Strategy::Direct,
            interval_days: 30,
            group_container: None,
            gmsa_container: None,
            key_set: suggestion.key_set,
        })
    });
    Intent {
        format: 1,
        conversions: conversions.collect(),
    }
}
