//! Labs after an estate: from what `discover` found, from an export of its directory, or both.

use std::collections::BTreeMap;
use std::sync::Arc;

use lab::hosts::{LabHost, Pace};
use lab::ldif::LdifEntry;
use lab::mim::{Mim, SqlServer};
use lab::{LabError, LabSeed};
use model::inventory::{AccountClass, Inventory};
use model::names::LogonAccount;
use model::ports::Clock;

use crate::error::Failure;
use crate::lab_controllers::Controllers;
use crate::lab_databases::LabDatabases;
use crate::lab_estate::{EstateNames, LabEstate, random_password, start};
use crate::system::SystemClock;

/// What time it is in a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabTime {
    /// The time when the inventory was taken: what it tells of clocks and root keys is so. It passes while hosts work.
    OfInventory,
    /// The system's: other programs work on it.
    Now,
}

impl LabEstate {
    /// A copy of an estate that was discovered, with what an export of its directory has besides; and what of the
    /// export could not be taken over.
    ///
    /// Every password account has a made-up password, and may log on as a service. Databases are as the inventory has
    /// them; where it has none, every account of the domain gets into them.
    pub async fn of_inventory(
        found: &Inventory,
        export: &[LdifEntry],
        time: LabTime,
        controllers: Controllers,
    ) -> Result<(Self, Vec<String>), Failure> {
        let (administrator, service) = (random_password()?, random_password()?);
        let mut seed = LabSeed::from_inventory(found, &administrator, &service);
        let left_out = seed.take_ldif(export, &service).map_err(unusable)?;
        controllers.apply(&mut seed)?;
        if time == LabTime::Now {
            seed.clock.set(SystemClock.now());
        }
        let lab = start(seed).await?;
        let sql = Arc::new(SqlServer::default());
        let domain = lab.domain();
        let host = |host| Arc::new(lab::hosts::import(host, &domain, Mim::on(&sql)));
        let hosts: Vec<Arc<LabHost>> = found.hosts.iter().map(host).collect();
        if time == LabTime::OfInventory {
            let slow = |host: &Arc<LabHost>| host.edit(|state| state.pace = Pace::ASSUMED);
            hosts.iter().for_each(slow);
        }
        let databases = match found.databases.as_slice() {
            [] => {
                lab::mim::prepare(&sql);
                LabDatabases::default()
            }
            known => {
                lab::mim::import_databases(&sql, known);
                LabDatabases::copied()
            }
        };
        let dns_names = found.hosts.iter();
        let dns_names = dns_names.map(|host| (host.name.clone(), host.dns_name.clone()));
        let names = EstateNames {
            name: found.estate.clone(),
            domain: found.domain.dns_name.clone(),
            password_accounts: password_accounts(found),
            hosts: dns_names.collect(),
        };
        let estate = Self {
            lab,
            sql,
            hosts,
            names,
            administrator,
            service,
            databases,
        };
        Ok((estate, left_out))
    }

    /// A directory alone, after an export; and what of it could not be taken over.
    pub async fn of_export(
        export: &[LdifEntry],
        controllers: Controllers,
    ) -> Result<(Self, Vec<String>), Failure> {
        let (administrator, service) = (random_password()?, random_password()?);
        let (mut seed, left_out) =
            LabSeed::from_ldif(export, &administrator, &service).map_err(unusable)?;
        controllers.apply(&mut seed)?;
        let domain = seed.dns_name.clone();
        let lab = start(seed).await?;
        let names = EstateNames {
            name: format!("a copy of {domain}"),
            domain: domain
                .parse()
                .map_err(|error| Failure::new("input", format!("{domain}: {error}")))?,
            password_accounts: Vec::new(),
            hosts: BTreeMap::new(),
        };
        let estate = Self {
            lab,
            sql: Arc::default(),
            hosts: Vec::new(),
            names,
            administrator,
            service,
            databases: LabDatabases::default(),
        };
        Ok((estate, left_out))
    }
}

fn unusable(error: LabError) -> Failure {
    Failure::new("input", "the export cannot be used")
        .caused_by(&error)
        .hint("export the domain of the inventory: ldapsearch -LLL, or ldifde -f FILE")
}

/// The users of the domain that services were found to run as.
fn password_accounts(found: &Inventory) -> Vec<LogonAccount> {
    let services = found.hosts.iter().flat_map(|host| &host.services);
    let is_user = |account: &&LogonAccount| {
        account
            .in_domain(&found.domain.netbios_name)
            .and_then(|name| found.account(name))
            .is_some_and(|account| account.class == AccountClass::User)
    };
    let accounts = services.map(|service| &service.logon_account);
    let mut accounts: Vec<_> = accounts.filter(is_user).cloned().collect();
    accounts.sort();
    accounts.dedup();
    accounts
}
