//! Findings about the forest and about one conversion.

use std::collections::BTreeMap;

use model::finding::Finding;
use model::inventory::{AccountClass, Gmsa, Inventory, RootKeyFacts, ServiceState};
use model::names::{DnsName, LogonAccount, SamAccountName, Spn};

use crate::conversion::{Conversion, Place};
use crate::findings as kind;

/// Kerberos' limit; what a domain controller accepts by default.
const MAX_SKEW_SECONDS: i64 = 300;
/// msDS-SupportedEncryptionTypes: AES128 and AES256 ([MS-KILE] 2.2.7).
const AES: u32 = 0x18;

/// What concerns every conversion: root keys, clocks, coverage.
pub(crate) fn of_the_forest(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = root_keys(inventory);
    let controllers = inventory.domain.domain_controllers.iter();
    let clocks = controllers.map(|dc| (dc.dns_name.as_str(), dc.clock_skew_seconds));
    let hosts = inventory
        .hosts
        .iter()
        .map(|host| (host.dns_name.as_str(), host.facts.clock_skew_seconds));
    for (name, skew) in clocks
        .chain(hosts)
        .filter(|(_, skew)| skew.abs() > MAX_SKEW_SECONDS)
    {
        let what = format!("its clock differs from this machine's by {skew} seconds");
        findings.push(kind::CLOCK_SKEW.found(
            name,
            what,
            "set the clocks (w32tm /resync, chronyc makestep), then plan again",
        ));
    }
    for gap in &inventory.coverage.gaps {
        let advice = gap
            .advice
            .clone()
            .unwrap_or_else(|| "gmsactl doctor shows what can be reached".to_owned());
        findings.push(kind::GAP.found(
            &gap.subject,
            format!("could not be read: {}", gap.why),
            advice,
        ));
    }
    findings
}

fn root_keys(inventory: &Inventory) -> Vec<Finding> {
    let subject = format!("forest {}", inventory.domain.forest);
    if inventory.root_keys.is_empty() {
        return vec![match inventory
            .coverage
            .gaps
            .iter()
            .find(|gap| gap.subject == "KDS root keys")
        {
            Some(gap) => kind::ROOT_KEYS_UNKNOWN.found(
                subject,
                format!("KDS root keys cannot be read: {}", gap.why),
                "only members of Domain Admins or Enterprise Admins may read them: log on as one",
            ),
            None => kind::NO_ROOT_KEY.found(
                subject,
                "there is no KDS root key",
                "as a Domain Admin: Add-KdsRootKey -EffectiveImmediately, then wait 10 hours",
            ),
        }];
    }
    let mut by_controller: BTreeMap<&DnsName, Vec<&RootKeyFacts>> = BTreeMap::new();
    for key in &inventory.root_keys {
        by_controller
            .entry(&key.domain_controller)
            .or_default()
            .push(key);
    }
    by_controller
        .into_iter()
        .filter_map(|(controller, keys)| root_keys_of(inventory, controller, &keys))
        .collect()
}

fn root_keys_of(
    inventory: &Inventory,
    controller: &DnsName,
    keys: &[&RootKeyFacts],
) -> Option<Finding> {
    let sound = keys.iter().filter(|key| key.defect.is_none());
    let Some(first) = sound.min_by_key(|key| key.usable_from) else {
        let defects: Vec<_> = keys
            .iter()
            .filter_map(|key| key.defect.as_deref())
            .collect();
        return Some(kind::ROOT_KEY_DEFECT.found(
            controller.as_str(),
            format!("no KDS root key can be used: {}", defects.join("; ")),
            "create a new one (Add-KdsRootKey) and wait 10 hours",
        ));
    };
    (first.usable_from > inventory.taken_at).then(|| {
        kind::ROOT_KEY_NOT_EFFECTIVE.found(
            controller.as_str(),
            format!("root key {} is usable from {} on", first.id, first.usable_from),
            "apply the plan when you like: it waits at this gate and goes on when you apply it again",
        )
    })
}

/// What concerns one conversion.
pub(crate) fn of_a_conversion(conversion: &Conversion<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(profile) = conversion.profile else {
        let known: Vec<_> = conversion.known_components().collect();
        return vec![kind::COMPONENT_UNKNOWN.found(
            conversion.wanted.component.as_str(),
            "is no component that this gmsactl knows",
            format!("known are: {}", known.join(", ")),
        )];
    };
    for place in &conversion.places {
        findings.extend(of_a_place(conversion, place));
        if let Some(view) = place.view(conversion.wanted) {
            findings.extend(profile.findings(&view));
        }
    }
    findings.extend(names(conversion));
    findings.extend(
        conversion
            .old_accounts()
            .iter()
            .flat_map(|old| spns(conversion, old)),
    );
    findings
}

fn of_a_place(conversion: &Conversion<'_>, place: &Place<'_>) -> Vec<Finding> {
    let name = place.name.as_str();
    let Some(host) = place.host else {
        let what = "is not in the inventory: it is not in estate.toml, or it did not answer";
        return vec![kind::HOST_UNKNOWN.found(
            name,
            what,
            "gmsactl doctor says why; then discover again",
        )];
    };
    let Some(service) = place.service else {
        let wanted = conversion
            .profile
            .map_or("", |profile| profile.service().as_str());
        let what = format!("there is no service {wanted} on it");
        return vec![kind::SERVICE_MISSING.found(
            name,
            what,
            "take the host out of this conversion, or name the right one",
        )];
    };
    let mut findings = Vec::new();
    let subject = format!("{name}, {}", service.name);
    if !place.is_converted(conversion) && conversion.old_account(place).is_none() {
        let what = format!("it runs as {}", service.logon_account);
        let advice = "give the service a user account of this domain first, or leave it as it is";
        findings.push(kind::NOT_A_PASSWORD_ACCOUNT.found(&subject, what, advice));
    }
    if service.state != ServiceState::Running && !place.is_converted(conversion) {
        let advice = "start it before the conversion, or start it by hand afterwards and look at the event log";
        findings.push(kind::SERVICE_NOT_RUNNING.found(
            &subject,
            "it is not running, so the plan does not start it",
            advice,
        ));
    }
    if service.managed_account.is_none() {
        let advice = "on Windows, sc qmanagedaccount shows it";
        findings.push(kind::MANAGED_FLAG_UNKNOWN.found(
            &subject,
            "the managed-account flag cannot be read",
            advice,
        ));
    }
    if place.is_converted(conversion) {
        return findings;
    }
    let advice = format!(
        "grant it to {} by group policy or secpol.msc, and deny it nothing",
        conversion.gmsa_account()
    );
    let what = "whether the gMSA may log on as a service there is not checked by this version";
    findings.push(kind::RIGHTS_NOT_CHECKED.found(&subject, what, advice));
    let others: Vec<_> = host
        .services
        .iter()
        .filter(|other| {
            other.name != service.name && other.logon_account.same_as(&service.logon_account)
        })
        .map(|other| other.name.as_str())
        .collect();
    if !others.is_empty() {
        let what = format!("{} runs {} too", service.logon_account, others.join(", "));
        findings.push(kind::SHARED_ACCOUNT.found(
            &subject,
            what,
            "convert these too before you disable the account",
        ));
    }
    findings
}

/// The names that the directory must know, or must have free.
fn names(conversion: &Conversion<'_>) -> Vec<Finding> {
    let inventory = conversion.inventory;
    let gmsa = conversion.wanted.gmsa.sam_account_name();
    let group = &conversion.wanted.retrieval_group;
    let computers: Vec<_> = conversion
        .places
        .iter()
        .map(|place| place.name.computer_account())
        .collect();
    let mut findings = Vec::new();
    for name in [&gmsa, group]
        .into_iter()
        .chain(&computers)
        .filter(|name| !inventory.was_looked_up(name))
    {
        let advice = "discover again with this conversion.toml: gmsactl discover --intent FILE";
        findings.push(kind::NOT_LOOKED_UP.found(
            name.as_str(),
            "was not looked up in the directory",
            advice,
        ));
    }
    for name in computers
        .iter()
        .filter(|name| inventory.was_looked_up(name) && inventory.account(name).is_none())
    {
        let what = "there is no such computer account in the domain";
        findings.push(kind::COMPUTER_MISSING.found(
            name.as_str(),
            what,
            "join the host to the domain, or correct its name",
        ));
    }
    if let Some(account) = inventory
        .account(&gmsa)
        .filter(|account| account.class != AccountClass::Gmsa)
    {
        let advice = "choose another name in conversion.toml";
        findings.push(kind::NAME_TAKEN.found(
            gmsa.as_str(),
            format!("the name belongs to {}", account.dn),
            advice,
        ));
    }
    if let Some(found) = inventory.gmsa(&gmsa) {
        findings.extend(of_the_gmsa(conversion, found));
    }
    findings
}

fn of_the_gmsa(conversion: &Conversion<'_>, gmsa: &Gmsa) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = gmsa.account.name.as_str();
    if !gmsa.account.enabled {
        let advice =
            format!("enable it: Set-ADServiceAccount {name} -Enabled $true; then plan again");
        findings.push(kind::GMSA_DISABLED.found(name, "it is disabled", advice));
    }
    if gmsa
        .account
        .encryption_types
        .is_none_or(|types| types & AES != AES)
    {
        let what = "msDS-SupportedEncryptionTypes does not name both AES types";
        let advice = format!("Set-ADServiceAccount {name} -KerberosEncryptionType AES128,AES256");
        findings.push(kind::GMSA_WITHOUT_AES.found(name, what, advice));
    }
    if gmsa.interval_days != conversion.wanted.interval_days {
        let what = format!(
            "its interval is {} days, wanted are {}",
            gmsa.interval_days, conversion.wanted.interval_days
        );
        findings.push(kind::INTERVAL_FIXED.found(name, what, "keep it, or create another gMSA"));
    }
    findings
}

/// Where the old account's SPNs are, and whether they can move.
fn spns(conversion: &Conversion<'_>, old: &LogonAccount) -> Vec<Finding> {
    let Some(account) = conversion.account(old) else {
        return Vec::new();
    };
    let gmsa = conversion.wanted.gmsa.sam_account_name();
    let (moving, staying): (Vec<&Spn>, Vec<&Spn>) =
        account.spns.iter().partition(|spn| conversion.owns(spn));
    let mut findings = Vec::new();
    for spn in moving {
        let holders = conversion.inventory.spn_holders(spn).unwrap_or_default();
        let third = |name: &&SamAccountName| !name.same_as(&account.name) && !name.same_as(&gmsa);
        if let Some(third) = holders.iter().find(third) {
            let what = format!("it is on {third} as well as on {}", account.name);
            let advice = format!("find out which one is right, then: setspn -D {spn} {third}");
            findings.push(kind::SPN_ON_THIRD.found(spn.as_str(), what, advice));
        }
    }
    if !staying.is_empty() {
        let spns: Vec<_> = staying.iter().map(|spn| spn.as_str()).collect();
        let advice = "move them yourself if they belong to this service after all";
        findings.push(kind::SPN_STAYS.found(
            old.to_string(),
            format!("it keeps {}", spns.join(", ")),
            advice,
        ));
    }
    findings
}
