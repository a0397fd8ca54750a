//! Whether the database servers that the hosts name can be reached, and what the operator may do there.

use std::collections::{BTreeMap, BTreeSet};

use model::database::{DatabaseLocation, DatabasePlace};
use model::estate::HostAccess;
use model::ports::{Databases, Hosts};
use planner::database::operator_may;

use super::{failed, works};
use crate::documents::DoctorCheck;
use crate::error::Failure;
use crate::session::Session;

/// One check for each database; a host that does not answer names none and has a check of its own.
pub(super) async fn checks(
    session: &Session<'_>,
    hosts: &dyn Hosts,
    servers: &dyn Databases,
) -> Vec<DoctorCheck> {
    let profiles = session.profiles();
    let locations = profiles.iter().filter_map(|it| it.database_location());
    let locations: Vec<_> = locations.collect();
    let mut places = BTreeSet::new();
    for access in &session.estate.hosts {
        places.extend(named_by(hosts, access, &locations).await);
    }
    let mut checks = Vec::new();
    for place in places {
        checks.push(check(servers, &place).await);
    }
    checks
}

async fn named_by(
    hosts: &dyn Hosts,
    access: &HostAccess,
    locations: &[DatabaseLocation],
) -> Vec<DatabasePlace> {
    let mut places = Vec::new();
    let Ok(host) = hosts.host(&access.name).await else {
        return places;
    };
    for location in locations {
        let mut values = BTreeMap::new();
        for value in location.values() {
            // A host that stops answering has a check of its own.
            if let Ok(Some(text)) = host.registry_text(&location.key, value).await {
                values.insert(value, text);
            }
        }
        let read = |value: &str| values.get(value).map(String::as_str);
        places.extend(location.of(&access.dns_name, read));
    }
    places
}

async fn check(servers: &dyn Databases, place: &DatabasePlace) -> DoctorCheck {
    let subject = format!("database {place}");
    let found = match servers.look(place, &[]).await {
        Ok(found) => found,
        // A conversion goes without it: then somebody else lets the gMSA in.
        Err(error) => {
            let detail = format!("not asked, the plan will have no step for it (MIM-007): {error}");
            return works("database", subject, detail);
        }
    };
    let may = operator_may(&found.server);
    let detail = format!("SQL Server {}, over TLS; {may}", found.server.version);
    let rights = found.server.rights;
    let lets_in = rights.sysadmin || (rights.alters_logins && rights.owns_database);
    match found.database {
        None => {
            let what = format!("{detail}; it shows no such database");
            failed("database", subject, Failure::new("not-found", what))
        }
        Some(_) if lets_in => works("database", subject, detail),
        Some(_) => failed(
            "database",
            subject,
            Failure::new("denied", detail).hint(
                "a plan's step that lets the gMSA in takes sysadmin; or ALTER ANY LOGIN and db_owner of the database",
            ),
        ),
    }
}
