//! What the directory has of everything that the hosts and the intent point at.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use model::inventory::{
    Account, AccountClass, AccountDelegation, Domain, Gap, HostInventory, Inventory, SpnHolders,
};
use model::names::{SamAccountName, Spn};
use model::ports::Delegation;

use super::{Questions, gap};
use crate::world::World;

/// Everything in the directory that the hosts and the intent point at.
pub(super) async fn look_up(world: &World, questions: &Questions, inventory: &mut Inventory) {
    let names = names(questions, inventory);
    match world.directory.look_up(&names).await {
        Ok(found) => {
            inventory.looked_up = names;
            (inventory.accounts, inventory.gmsas, inventory.groups) =
                (found.accounts, found.gmsas, found.groups);
        }
        Err(error) => inventory
            .coverage
            .gaps
            .push(gap("accounts and groups", &error)),
    }
    delegations(world, inventory).await;
    rights(world, inventory).await;
    let spns = spns(questions, &inventory.accounts);
    for (spn, holders) in spns
        .iter()
        .zip(join_all(spns.iter().map(|spn| world.directory.spn_holders(spn))).await)
    {
        match holders {
            Ok(holders) => {
                let mut holders: Vec<_> = holders
                    .into_iter()
                    .map(|Account { name, .. }| name)
                    .collect();
                holders.sort();
                inventory.spns.push(SpnHolders {
                    spn: spn.clone(),
                    holders,
                });
            }
            Err(error) => inventory.coverage.gaps.push(gap(spn.as_str(), &error)),
        }
    }
    inventory.coverage.gaps.extend(world.directory.gaps());
}

/// How the accounts of services delegate.
async fn delegations(world: &World, inventory: &mut Inventory) {
    let of_services = |account: &&Account| account.class != AccountClass::Computer;
    let accounts: Vec<_> = inventory.accounts.iter().filter(of_services).collect();
    let ask = |account: &&Account| {
        let dn = account.dn.clone();
        async move { world.directory.delegation(&dn).await }
    };
    let answers = join_all(accounts.iter().map(ask)).await;
    let mut found = Vec::new();
    for (account, answer) in accounts.into_iter().zip(answers) {
        match answer {
            Ok(delegation) if delegation == Delegation::default() => {}
            Ok(delegation) => found.push(AccountDelegation {
                account: account.name.clone(),
                delegation,
            }),
            Err(error) => {
                let subject = format!("delegation of {}", account.name);
                inventory.coverage.gaps.push(gap(&subject, &error));
            }
        }
    }
    inventory.delegations = found;
}

/// What the accounts of services may do in the directory by name.
async fn rights(world: &World, inventory: &mut Inventory) {
    let of_services = |account: &&Account| account.class != AccountClass::Computer;
    let accounts = inventory.accounts.iter().filter(of_services);
    let sids: Vec<_> = accounts.map(|account| account.sid).collect();
    if sids.is_empty() {
        return;
    }
    let subject = "rights of accounts on containers of the directory";
    let gaps = &mut inventory.coverage.gaps;
    match world.directory.rights_of(&sids).await {
        Ok(found) => {
            inventory.directory_rights = found.entries;
            if found.unreadable > 0 {
                gaps.push(Gap {
                    subject: subject.to_owned(),
                    why: format!("{} access lists may not be read", found.unreadable),
                    advice: Some(
                        "grant Read permissions, or run as a domain administrator".to_owned(),
                    ),
                });
            }
        }
        Err(error) => gaps.push(gap(subject, &error)),
    }
}

/// Logon accounts of the domain, the hosts' computer accounts, and what the intent names: each once.
fn names(questions: &Questions, inventory: &Inventory) -> Vec<SamAccountName> {
    let Domain { netbios_name, .. } = &inventory.domain;
    let logon = inventory
        .hosts
        .iter()
        .flat_map(HostInventory::logon_accounts);
    let logon = logon.filter_map(|account| account.in_domain(netbios_name).cloned());
    let computers = questions
        .hosts
        .iter()
        .map(|host| host.name.computer_account());
    let mut seen = BTreeSet::new();
    let all = logon
        .chain(computers)
        .chain(questions.names.iter().cloned());
    let mut names: Vec<_> = all
        .filter(|name| seen.insert(name.as_str().to_lowercase()))
        .collect();
    names.sort();
    names
}

/// SPNs of users and gMSAs, and those that are asked for; those of computers are the hosts' own business.
fn spns(questions: &Questions, accounts: &[Account]) -> Vec<Spn> {
    let of_services = accounts
        .iter()
        .filter(|account| account.class != AccountClass::Computer);
    let all: BTreeSet<_> = of_services
        .flat_map(|account| account.spns.iter().cloned())
        .chain(questions.spns.iter().cloned())
        .collect();
    all.into_iter().collect()
}
