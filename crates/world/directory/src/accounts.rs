//! Reads accounts and groups: what an entry says, as the model's nouns.

use std::str::FromStr;

use ldap::{Dn, Entry, Filter, Scope, Search};
use model::inventory::{Account, AccountClass, Gmsa, Group};
use model::names::{self, SamAccountName};
use model::ports::{AccountControl, LookedUp, WorldError};
use security::Guid;

use crate::ActiveDirectory;
use crate::error::{malformed, world_error};
use crate::naming;
use crate::retrieval::RETRIEVAL;

/// What [`account`] reads.
pub(crate) const ACCOUNT_ATTRIBUTES: &[&str] = &[
    "objectClass",
    "objectSid",
    "objectGUID",
    "sAMAccountName",
    "userAccountControl",
    "dNSHostName",
    "servicePrincipalName",
    "msDS-SupportedEncryptionTypes",
    "memberOf",
];

/// What [`account`], [`gmsa`] and [`group`] read together.
pub(crate) const ALL_ATTRIBUTES: &[&str] = &[
    "objectClass",
    "objectSid",
    "objectGUID",
    "sAMAccountName",
    "userAccountControl",
    "dNSHostName",
    "servicePrincipalName",
    "msDS-SupportedEncryptionTypes",
    "memberOf",
    "msDS-ManagedPasswordInterval",
    "msDS-GroupMSAMembership",
    "member",
];

/// Names in one filter: keeps requests far below the server's limit.
pub(crate) const NAMES_PER_SEARCH: usize = 100;

pub(crate) const GMSA_CLASS: &str = "msDS-GroupManagedServiceAccount";

impl ActiveDirectory {
    pub(crate) async fn find_account(
        &self,
        name: &SamAccountName,
    ) -> Result<Option<Account>, WorldError> {
        self.by_name(name, "user", ACCOUNT_ATTRIBUTES)
            .await?
            .as_ref()
            .map(account)
            .transpose()
    }

    pub(crate) async fn find_gmsa(
        &self,
        name: &SamAccountName,
    ) -> Result<Option<Gmsa>, WorldError> {
        self.by_name(name, GMSA_CLASS, ALL_ATTRIBUTES)
            .await?
            .as_ref()
            .map(gmsa)
            .transpose()
    }

    pub(crate) async fn find_group(
        &self,
        name: &SamAccountName,
    ) -> Result<Option<Group>, WorldError> {
        self.by_name(name, "group", ALL_ATTRIBUTES)
            .await?
            .as_ref()
            .map(group)
            .transpose()
    }

    /// Everything of these names, a hundred names in a round trip.
    pub(crate) async fn find_all(&self, names: &[SamAccountName]) -> Result<LookedUp, WorldError> {
        let mut found = LookedUp::default();
        for chunk in names.chunks(NAMES_PER_SEARCH) {
            let any_name = Filter::any(
                chunk
                    .iter()
                    .map(|name| Filter::equal("sAMAccountName", name.as_str())),
            );
            let search = Search::new(self.naming.domain.clone(), Scope::Subtree, any_name)
                .attributes(ALL_ATTRIBUTES.to_vec());
            let entries = self.server.search(&search).await;
            for entry in &entries.map_err(|error| world_error("cannot look accounts up", error))? {
                if has_class(entry, "group") {
                    found.groups.push(group(entry)?);
                } else if has_class(entry, "user") {
                    found.accounts.push(account(entry)?);
                    if has_class(entry, GMSA_CLASS) {
                        found.gmsas.push(gmsa(entry)?);
                    }
                }
            }
        }
        found.accounts.sort_by(|a, b| a.name.cmp(&b.name));
        found
            .gmsas
            .sort_by(|a, b| a.account.name.cmp(&b.account.name));
        found.groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    async fn by_name(
        &self,
        name: &SamAccountName,
        class: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, WorldError> {
        let filter = Filter::all([
            Filter::equal("sAMAccountName", name.as_str()),
            Filter::equal("objectClass", class),
        ]);
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
            .attributes(attributes.to_vec());
        let found = self.server.search(&search).await;
        let found = found.map_err(|error| world_error(format!("cannot look {name} up"), error))?;
        Ok(found.into_iter().next())
    }
}

pub(crate) fn account(entry: &Entry) -> Result<Account, WorldError> {
    let mut spns: Vec<names::Spn> = parsed(entry, "servicePrincipalName");
    let mut member_of: Vec<names::Dn> = parsed(entry, "memberOf");
    spns.sort();
    member_of.sort();
    Ok(Account {
        dn: dn(entry)?,
        name: sam_account_name(entry)?,
        sid: naming::sid(entry)?,
        guid: guid(entry)?,
        class: class(entry),
        enabled: number(entry, "userAccountControl").unwrap_or(0) & AccountControl::Disabled.bit()
            == 0,
        dns_host_name: parsed(entry, "dNSHostName").into_iter().next(),
        spns,
        encryption_types: number(entry, "msDS-SupportedEncryptionTypes"),
        member_of,
    })
}

pub(crate) fn gmsa(entry: &Entry) -> Result<Gmsa, WorldError> {
    let mut retrieval_principals = RETRIEVAL
        .read(entry)?
        .map_or_else(Vec::new, |descriptor| descriptor.retrieval_principals());
    retrieval_principals.sort();
    Ok(Gmsa {
        account: account(entry)?,
        interval_days: number(entry, "msDS-ManagedPasswordInterval").unwrap_or(0),
        retrieval_principals,
    })
}

fn group(entry: &Entry) -> Result<Group, WorldError> {
    let mut members: Vec<names::Dn> = parsed(entry, "member");
    members.sort();
    Ok(Group {
        dn: dn(entry)?,
        name: sam_account_name(entry)?,
        sid: naming::sid(entry)?,
        guid: guid(entry)?,
        members,
    })
}

pub(crate) fn guid(entry: &Entry) -> Result<Guid, WorldError> {
    let bytes = entry
        .value("objectGUID")
        .and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(Guid::from_bytes)
        .ok_or_else(|| malformed(entry.dn.as_str(), "its objectGUID is missing or damaged"))
}

pub(crate) fn dn(entry: &Entry) -> Result<names::Dn, WorldError> {
    let text = entry.dn.as_str();
    text.parse()
        .map_err(|error| malformed(text, "its name cannot be used").caused_by(error))
}

/// A 32-bit attribute: text that is signed, bits that are not ([MS-ADTS] 3.1.1.2.2.2 "Integer").
pub(crate) fn number(entry: &Entry, attribute: &str) -> Option<u32> {
    entry
        .text(attribute)?
        .parse::<i32>()
        .ok()
        .map(i32::cast_unsigned)
}

pub(crate) fn ldap_dn(dn: &names::Dn) -> Dn {
    Dn::from(dn.as_str())
}

pub(crate) fn sam_account_name(entry: &Entry) -> Result<SamAccountName, WorldError> {
    let name = entry
        .text("sAMAccountName")
        .and_then(|name| name.parse().ok());
    name.ok_or_else(|| {
        malformed(
            entry.dn.as_str(),
            "its sAMAccountName is missing or cannot be used",
        )
    })
}

fn class(entry: &Entry) -> AccountClass {
    let managed = [
        "msDS-ManagedServiceAccount",
        "msDS-DelegatedManagedServiceAccount",
    ];
    if has_class(entry, GMSA_CLASS) {
        AccountClass::Gmsa
    } else if managed.iter().any(|class| has_class(entry, class)) {
        AccountClass::OtherManaged
    } else if has_class(entry, "computer") {
        AccountClass::Computer
    } else {
        AccountClass::User
    }
}

pub(crate) fn has_class(entry: &Entry, class: &str) -> bool {
    entry
        .texts("objectClass")
        .any(|found| found.eq_ignore_ascii_case(class))
}

/// The values that are what the model expects; others are named in the log and left out.
pub(crate) fn parsed<T: FromStr<Err = names::InvalidName>>(
    entry: &Entry,
    attribute: &str,
) -> Vec<T> {
    let parse = |text: &str| {
        text.parse()
            .inspect_err(
                |error| tracing::warn!(object = %entry.dn, attribute, %error, "value left out"),
            )
            .ok()
    };
    entry.texts(attribute).filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use ldap::Attribute;

    use super::*;

    fn entry(attributes: &[(&str, &[&str])]) -> Entry {
        let mut entry = Entry {
            dn: Dn::from("CN=a,DC=contoso,DC=com"),
            attributes: vec![
                Attribute::new(
                    "objectSid",
                    [hex::decode("010100000000000512000000").unwrap()],
                ),
                Attribute::new("objectGUID", [vec![7; 16]]),
                Attribute::new("sAMAccountName", ["a$"]),
            ],
        };
        entry.attributes.extend(
            attributes
                .iter()
                .map(|(name, values)| Attribute::new(*name, values.to_vec())),
        );
        entry
    }

    #[test]
    fn an_account_is_read_with_sorted_lists_and_signed_bits() {
        let account = account(&entry(&[
            (
                "objectClass",
                &["top", "user", "computer", "msDS-GroupManagedServiceAccount"],
            ),
            ("userAccountControl", &["-2147479550"]),
            ("servicePrincipalName", &["b/x", "not an spn", "a/x"]),
            ("msDS-SupportedEncryptionTypes", &["24"]),
        ]))
        .unwrap();
        assert_eq!(account.class, AccountClass::Gmsa);
        assert!(!account.enabled);
        assert_eq!(
            account
                .spns
                .iter()
                .map(names::Spn::as_str)
                .collect::<Vec<_>>(),
            ["a/x", "b/x"]
        );
        assert_eq!(account.encryption_types, Some(24));
    }

    #[test]
    fn damage_is_named_with_the_object() {
        let mut damaged = entry(&[]);
        damaged.attributes.remove(0);
        assert!(
            account(&damaged)
                .unwrap_err()
                .what
                .contains("CN=a,DC=contoso,DC=com: its objectSid")
        );
        let damaged = entry(&[("msDS-GroupMSAMembership", &["junk"])]);
        assert!(
            gmsa(&damaged)
                .unwrap_err()
                .what
                .contains("msDS-GroupMSAMembership")
        );
    }
}
