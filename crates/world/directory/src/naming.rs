//! Where things are in this forest: read once, when connecting.

use ldap::{Dn, Entry, Filter, Scope, Search};
use model::names::DnsName;
use model::ports::{ErrorKind, WorldError};
use security::{FileTime, Sid};

use crate::connection::Connection;
use crate::domain_controllers::writable_controllers;
use crate::error::{malformed, world_error};

/// [MS-ADTS] 6.1.1.4 "Well-Known Objects": the containers that new objects go to.
const USERS_CONTAINER: &str = "A9D1CA15768811D1ADED00C04FD8D5CD";
const MANAGED_SERVICE_ACCOUNTS_CONTAINER: &str = "1EB93889E40C45DF9F0C64D23BBB6237";

/// [MS-ADTS] 3.1.1.3.4.3.5 "LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID": a read-only domain controller.
const PARTIAL_SECRETS: &str = "1.2.840.113556.1.4.1920";

/// The names of one domain and its forest.
#[derive(Debug)]
pub(crate) struct Naming {
    pub(crate) dns_name: DnsName,
    pub(crate) netbios_name: String,
    pub(crate) forest: DnsName,
    pub(crate) sid: Sid,
    pub(crate) functional_level: u32,
    /// The domain's naming context.
    pub(crate) domain: Dn,
    /// The forest's configuration naming context.
    pub(crate) configuration: Dn,
    /// How many domains the forest has.
    pub(crate) domains: usize,
    pub(crate) users: Dn,
    pub(crate) managed_service_accounts: Dn,
}

impl Naming {
    pub(crate) async fn read(server: &Connection, expected: &DnsName) -> Result<Self, WorldError> {
        let failed = |error| {
            world_error(
                format!("cannot read the naming contexts of {}", server.server),
                error,
            )
        };
        let attributes = [
            "defaultNamingContext",
            "configurationNamingContext",
            "rootDomainNamingContext",
            "supportedCapabilities",
        ];
        let root = server
            .read(&Dn::root(), &attributes)
            .await
            .map_err(failed)?;
        let root = root.ok_or_else(|| no_active_directory(server))?;
        let context = |name: &str| {
            root.text(name)
                .map(Dn::from)
                .ok_or_else(|| no_active_directory(server))
        };
        let (domain, configuration) = (
            context("defaultNamingContext")?,
            context("configurationNamingContext")?,
        );
        let root_domain = context("rootDomainNamingContext")?;
        let mut capabilities = root.texts("supportedCapabilities");
        if capabilities.any(|one| one == PARTIAL_SECRETS) {
            return Err(read_only(server, &domain).await);
        }

        let attributes = [
            "objectSid",
            "msDS-Behavior-Version",
            "wellKnownObjects",
            "otherWellKnownObjects",
        ];
        let head = server.read(&domain, &attributes).await.map_err(failed)?;
        let head = head.ok_or_else(|| malformed(domain.as_str(), "it cannot be read"))?;
        let cross_refs = server
            .search(&cross_refs(&configuration))
            .await
            .map_err(failed)?;
        let own = cross_ref(&cross_refs, &domain)?;
        let dns_name = dns_root(own)?;
        if dns_name != *expected {
            return Err(WorldError::new(
                ErrorKind::NotConfigured,
                format!(
                    "{} is a domain controller of {dns_name}, not of {expected}",
                    server.server
                ),
            )
            .advise(
                "name the domain that this domain controller serves, or one of the domain's own",
            ));
        }
        Ok(Self {
            dns_name,
            netbios_name: own.text("nETBIOSName").unwrap_or_default().to_uppercase(),
            forest: dns_root(cross_ref(&cross_refs, &root_domain)?)?,
            sid: sid(&head)?,
            functional_level: head
                .text("msDS-Behavior-Version")
                .and_then(|level| level.parse().ok())
                .unwrap_or(0),
            users: well_known(&head, "wellKnownObjects", USERS_CONTAINER)
                .unwrap_or_else(|| domain.child("CN", "Users")),
            managed_service_accounts: well_known(
                &head,
                "otherWellKnownObjects",
                MANAGED_SERVICE_ACCOUNTS_CONTAINER,
            )
            .unwrap_or_else(|| domain.child("CN", "Managed Service Accounts")),
            domains: cross_refs.len(),
            domain,
            configuration,
        })
    }
}

/// The `objectSid` of an entry.
pub(crate) fn sid(entry: &Entry) -> Result<Sid, WorldError> {
    let bytes = entry
        .value("objectSid")
        .ok_or_else(|| malformed(entry.dn.as_str(), "its objectSid is missing"))?;
    Sid::from_bytes(bytes)
        .map_err(|error| malformed(entry.dn.as_str(), "its objectSid is damaged").caused_by(error))
}

/// RFC 4517 section 3.3.13 "Generalized Time", as `currentTime` and `whenCreated` hold it: `20261122143046.0Z`.
pub(crate) fn generalized_time(text: &str) -> Option<FileTime> {
    let digits = |range| {
        text.get(range)
            .filter(|part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (year, month, day) = (digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let (hour, minute, second) = (digits(8..10)?, digits(10..12)?, digits(12..14)?);
    text.ends_with('Z').then(|| {
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
            .parse()
            .ok()
    })?
}

/// [MS-ADTS] 6.1.1.2.1.1 "Cross-Ref-Container Container": the domains of the forest.
fn cross_refs(configuration: &Dn) -> Search {
    /// [MS-ADTS] 2.2.10 "System Flags": FLAG_CR_NTDS_NC and FLAG_CR_NTDS_DOMAIN.
    const DOMAIN: u32 = 0x1 | 0x2;
    let filter = Filter::all([
        Filter::equal("objectClass", "crossRef"),
        Filter::bits_set("systemFlags", DOMAIN),
    ]);
    Search::new(
        configuration.child("CN", "Partitions"),
        Scope::OneLevel,
        filter,
    )
    .attributes(["nCName", "nETBIOSName", "dnsRoot"])
}

fn cross_ref<'a>(cross_refs: &'a [Entry], domain: &Dn) -> Result<&'a Entry, WorldError> {
    let names = |entry: &&Entry| {
        entry
            .text("nCName")
            .is_some_and(|name| name.eq_ignore_ascii_case(domain.as_str()))
    };
    cross_refs
        .iter()
        .find(names)
        .ok_or_else(|| malformed(domain.as_str(), "CN=Partitions does not name this domain"))
}

fn dns_root(cross_ref: &Entry) -> Result<DnsName, WorldError> {
    let dns_root = cross_ref.text("dnsRoot").and_then(|name| name.parse().ok());
    dns_root.ok_or_else(|| malformed(cross_ref.dn.as_str(), "its dnsRoot is no DNS name"))
}

/// [MS-ADTS] 3.1.1.2.2.2 "LDAP Representations", Object(DN-Binary): `B:32:<GUID>:<DN>`.
fn well_known(head: &Entry, attribute: &str, guid: &str) -> Option<Dn> {
    head.texts(attribute).find_map(|value| {
        let (found, dn) = value.strip_prefix("B:32:")?.split_once(':')?;
        found.eq_ignore_ascii_case(guid).then(|| Dn::from(dn))
    })
}

/// Refused from the start: root keys and other secrets do not reach it, changes neither, and a host's view is not its own.
async fn read_only(server: &Connection, domain: &Dn) -> WorldError {
    let what = format!(
        "{} is a read-only domain controller: it takes no changes, and KDS root keys do not come to it",
        server.server
    );
    let writable = match writable_controllers(server, domain).await {
        Ok(names) if !names.is_empty() => format!(" ({})", names.join(", ")),
        _ => String::new(),
    };
    WorldError::new(ErrorKind::ReadOnly, what).advise(format!(
        "name a writable one{writable}: server under [domain] in estate.toml, or --server; without either DNS is asked for \
         the nearest writable one"
    ))
}

fn no_active_directory(server: &Connection) -> WorldError {
    WorldError::new(
        ErrorKind::Protocol,
        format!("{} is no Active Directory domain controller", server.server),
    )
    .advise(
        "name a domain controller: port 389 or 636, not the global catalog or another LDAP server",
    )
}

#[cfg(test)]
mod tests {
    use ldap::Attribute;

    use super::*;

    #[test]
    fn well_known_objects_are_found_by_guid() {
        let head = Entry {
            dn: Dn::from("DC=contoso,DC=com"),
            attributes: vec![Attribute::new(
                "wellKnownObjects",
                [
                    "B:32:00:short",
                    "B:32:a9d1ca15768811d1aded00c04fd8d5cd:CN=Users:1,DC=contoso,DC=com",
                ],
            )],
        };
        let found = well_known(&head, "wellKnownObjects", USERS_CONTAINER);
        assert_eq!(found, Some(Dn::from("CN=Users:1,DC=contoso,DC=com")));
        assert_eq!(
            well_known(&head, "otherWellKnownObjects", USERS_CONTAINER),
            None
        );
    }

    #[test]
    fn generalized_times_are_read() {
        assert_eq!(
            generalized_time("20261122143046.0Z").unwrap().to_string(),
            "2026-11-22T14:30:46Z"
        );
        for text in [
            "",
            "2026112214304",
            "20261122143046.0",
            "2026112214304é.0Z",
            "20261322143046.0Z",
        ] {
            assert_eq!(generalized_time(text), None, "{text}");
        }
    }
}
