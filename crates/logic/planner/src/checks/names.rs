//! Findings about the names of gMSA, group and computers in the directory.

use model::finding::Finding;
use model::inventory::{AccountClass, Gmsa};

use crate::conversion::Conversion;
use crate::findings as kind;

/// msDS-SupportedEncryptionTypes: AES128 and AES256 ([MS-KILE] 2.2.7).
const AES: u32 = 0x18;

/// The names that the directory must know, or must have free.
pub(super) fn of_the_names(conversion: &Conversion<'_>) -> Vec<Finding> {
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
        .chain(&conversion.wanted.groups)
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
    let taken = inventory
        .account(&gmsa)
        .filter(|account| account.class != AccountClass::Gmsa)
        .map(|account| &account.dn)
        .or_else(|| Some(&inventory.group(&gmsa)?.dn));
    let taken_group = inventory.account(group).map(|account| &account.dn);
    for (name, taken) in [(&gmsa, taken), (group, taken_group)] {
        let Some(dn) = taken else { continue };
        let advice = "choose another name in conversion.toml";
        findings.push(kind::NAME_TAKEN.found(
            name.as_str(),
            format!("the name belongs to {dn}"),
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
    let group = conversion
        .inventory
        .group(&conversion.wanted.retrieval_group);
    let others = gmsa.retrieval_principals.iter();
    let others = others.filter(|sid| group.is_none_or(|group| group.sid != **sid));
    let others: Vec<_> = others.map(ToString::to_string).collect();
    if !others.is_empty() {
        let what = format!(
            "beside {} these may retrieve its password: {}",
            conversion.wanted.retrieval_group,
            others.join(", ")
        );
        let advice = "gmsactl account show has their names; take out who needs it no more. One group of hosts for each gMSA";
        findings.push(kind::RETRIEVED_BY_OTHERS.found(name, what, advice));
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
