//! The databases of components: what their servers have of the accounts before and after.

use std::collections::{BTreeMap, BTreeSet};

use model::database::{DatabaseFacts, DatabasePlace};
use model::inventory::{Carried, Inventory};
use model::names::{LogonAccount, SamAccountName};
use model::ports::DatabaseAccount;
use security::Sid;

use super::{ComponentProbe, gap};
use crate::world::World;

/// Asks each server once for each database; one that does not answer is a gap.
pub(super) async fn ask(world: &World, probes: &[ComponentProbe], inventory: &mut Inventory) {
    for (place, names) in places(probes, inventory) {
        let mut accounts = Vec::new();
        for name in &names {
            accounts.push(account(world, inventory, name).await);
        }
        match world.databases.look(&place, &accounts).await {
            Ok(facts) => inventory.databases.push(facts),
            Err(error) => {
                let gap = gap(&DatabaseFacts::subject(&place), &error);
                inventory.coverage.gaps.push(gap);
            }
        }
    }
}

/// The databases that hosts name, each with the accounts of its components.
fn places(
    probes: &[ComponentProbe],
    inventory: &Inventory,
) -> BTreeMap<DatabasePlace, BTreeSet<SamAccountName>> {
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    for probe in probes {
        for host in &inventory.hosts {
            let carried = host.carried(&probe.carrier);
            let location = probe.database.as_ref();
            let place = location.and_then(|location| host.database(location));
            let Some((place, carried)) = place.zip(carried) else {
                continue;
            };
            let names = places.entry(place).or_default();
            let netbios = &inventory.domain.netbios_name;
            let logon = Carried::logon_account(carried).in_domain(netbios).cloned();
            names.extend(logon.into_iter().chain(probe.gmsas.iter().cloned()));
        }
    }
    places
}

/// An account that is not there yet has the groups that every account has.
async fn account(world: &World, inventory: &Inventory, name: &SamAccountName) -> DatabaseAccount {
    let found = inventory.account(name);
    let mut groups = BTreeSet::from([Sid::EVERYONE, Sid::AUTHENTICATED_USERS]);
    if let Some(found) = found {
        // Without them what it has through groups is not seen, and given once more to itself: no harm.
        groups.extend(
            world
                .directory
                .token_groups(&found.dn)
                .await
                .unwrap_or_default(),
        );
    }
    DatabaseAccount {
        account: LogonAccount::domain(&inventory.domain.netbios_name, name.clone()).to_string(),
        sid: found.map_or(Sid::NOBODY, |found| found.sid),
        groups,
    }
}
