//! Which domain an export is of.

use security::{FileTime, Sid};

use crate::ldif::LdifEntry;
use crate::seed::SeedRootKey;
use crate::store::class::ROOT_KEY;
use crate::store::dn;

/// What an export says of its domain.
pub(super) struct ExportedDomain {
    pub(super) dns_name: String,
    pub(super) netbios_name: String,
    pub(super) sid: Option<Sid>,
    /// The host names of its writable domain controllers, sorted.
    pub(super) controllers: Vec<String>,
    /// Those of its read-only ones, sorted.
    pub(super) read_only_controllers: Vec<String>,
    /// What it does not say, and what was taken to be so.
    pub(super) assumed: Vec<String>,
}

impl ExportedDomain {
    /// The domain of the first object; `None` where no name ends in a domain.
    pub(super) fn of(entries: &[LdifEntry]) -> Option<Self> {
        let heads = entries.iter().filter(|entry| is(entry, "domainDNS"));
        let head = heads.min_by_key(|entry| entry.dn.len());
        let name = head.or_else(|| entries.first()).map(|entry| &entry.dn)?;
        let labels: Vec<String> = dn::parse(name)?
            .into_iter()
            .filter(|part| &*part.attribute == "DC")
            .map(|part| part.value.to_lowercase())
            .collect();
        let first = labels.first()?;
        let mut assumed = Vec::new();
        let netbios = entries.iter().find_map(|entry| {
            let same = entry.text("nCName")?.eq_ignore_ascii_case(name);
            entry.text("nETBIOSName").filter(|_| same)
        });
        let netbios_name = netbios.map_or_else(
            || {
                let taken: String = first.to_uppercase().chars().take(15).collect();
                assumed.push(format!(
                    "NetBIOS name: not in the export, taken to be {taken}"
                ));
                taken
            },
            str::to_owned,
        );
        let sid = head.and_then(sid).or_else(|| {
            let account = entries
                .iter()
                .filter(|entry| is(entry, "user"))
                .find_map(sid)?;
            let text = account.to_string();
            text.rsplit_once('-')?.0.parse().ok()
        });
        if sid.is_none() {
            assumed.push("SID of the domain: not in the export, made up".to_owned());
        }
        Some(Self {
            dns_name: labels.join("."),
            netbios_name,
            sid,
            controllers: hosts_of_group(entries, "516"),
            read_only_controllers: hosts_of_group(entries, "521"),
            assumed,
        })
    }
}

/// The host names of the accounts whose primary group this is.
fn hosts_of_group(entries: &[LdifEntry], rid: &str) -> Vec<String> {
    let mut accounts: Vec<_> = entries
        .iter()
        .filter(|entry| entry.text("primaryGroupID") == Some(rid))
        .filter_map(|entry| entry.text("sAMAccountName"))
        .map(|name| name.trim_end_matches('$').to_uppercase())
        .collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

/// A KDS root key of an export, without its secret.
pub(super) fn root_key(entry: &LdifEntry) -> Option<SeedRootKey> {
    let time = |attribute| Some(FileTime::from_ticks(entry.text(attribute)?.parse().ok()?));
    let effective = time("msKds-UseStartTime")?;
    is(entry, ROOT_KEY).then_some(())?;
    Some(SeedRootKey {
        id: Some(entry.text("cn")?.parse().ok()?),
        data: None,
        effective,
        created: time("msKds-CreateTime").unwrap_or(effective),
    })
}

fn is(entry: &LdifEntry, class: &str) -> bool {
    let mut classes = entry.values("objectClass").iter();
    classes.any(|name| name.eq_ignore_ascii_case(class.as_bytes()))
}

fn sid(entry: &LdifEntry) -> Option<Sid> {
    Sid::from_bytes(entry.values("objectSid").first()?).ok()
}
