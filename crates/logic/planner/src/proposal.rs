//! From the catalogue to questions, and from answers to a first intent.

use std::collections::BTreeMap;

use model::estate::Estate;
use model::intent::{Conversion, Intent, Strategy};
use model::inventory::{AccountClass, Inventory};
use model::names::{ComponentId, HostName, SamAccountName};

use crate::profile::Profile;

/// The file names, accounts and groups that discovery must look for so that a plan can be made.
pub struct Wanted {
    /// Accounts and groups.
    pub names: Vec<SamAccountName>,
    /// Files, per host.
    pub files: BTreeMap<HostName, Vec<String>>,
}

/// What discovery must look for: the intent's names, or those that would be proposed.
pub fn questions(estate: &Estate, intent: Option<&Intent>, profiles: &[&dyn Profile]) -> Wanted {
    let mut wanted = Wanted {
        names: Vec::new(),

        files: BTreeMap::new(),
    };
    match intent {
        Some(intent) => {
            for conversion in &intent.conversions {
                wanted.names.push(conversion.gmsa.sam_account_name());
                wanted.names.push(conversion.retrieval_group.clone());
                for host in &conversion.hosts {
                    wanted
                        .files
                        .entry(host.clone())
                        .or_default()
                        .extend(conversion.key_set.clone());
                }
            }
        }
        None => {
            for suggestion in profiles.iter().map(|profile| profile.suggestion()) {
                wanted.names.push(suggestion.gmsa.sam_account_name());
                wanted.names.push(suggestion.retrieval_group);
                for host in &estate.hosts {
                    wanted
                        .files
                        .entry(host.name.clone())
                        .or_default()
                        .extend(suggestion.key_set.clone());
                }
            }
        }
    }
    wanted
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
