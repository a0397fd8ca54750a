//! Findings about what accounts may do in the directory by name.

use model::finding::Finding;
use model::inventory::{Account, Group, Inventory};
use model::names::Dn;
use security::Sid;

use crate::conversion::Conversion;
use crate::findings as kind;

/// Groups whose members have, or can get, everything: below the domain ("Appendix C").
const PROTECTED_RIDS: [u32; 7] = [512, 516, 518, 519, 521, 526, 527];
/// The same in the built-in domain, S-1-5-32.
const PROTECTED_BUILT_IN: [u32; 6] = [544, 548, 549, 550, 551, 552];

/// What the gMSA gets of the old accounts' rights, and that they keep them.
pub(super) fn of_the_rights(conversion: &Conversion<'_>) -> Vec<Finding> {
    let gmsa = conversion.gmsa_account();
    let mut findings = Vec::new();
    for old in conversion.old_accounts() {
        let Some(account) = conversion.account(&old) else {
            continue;
        };
        let objects: Vec<_> = conversion.rights_of(&account.sid).into_keys().collect();
        let advice = "when nobody wants the conversion taken back any more: gmsactl account retire. What a disabled \
                      account may do, nobody does; its entries can be removed at leisure";
        findings.extend(keeps(account, &objects, advice));
        if let Some(holder) = objects.iter().find(|object| is_admin_sd_holder(object)) {
            let what = format!(
                "{old} may do something to protected users and groups, through {holder}; {gmsa} gets the same entry there"
            );
            let advice = "wait an hour before you try what the component does to a protected group, such as adding a member \
                          to Domain Admins; or let it happen at once: RunProtectAdminGroupsTask = 1 in the rootDSE of the PDC \
                          emulator. Nothing else of the conversion waits for it";
            findings.push(kind::ADMIN_SD_HOLDER.found(gmsa.to_string(), what, advice));
        }
    }
    findings
}

/// That an account has entries of its own in the directory.
pub(crate) fn keeps(account: &Account, objects: &[&Dn], advice: &str) -> Option<Finding> {
    let named: Vec<_> = objects.iter().map(ToString::to_string).collect();
    (!objects.is_empty()).then(|| {
        let what = format!("it keeps its rights on {}", named.join("; "));
        kind::RIGHTS_STAY.found(account.name.as_str(), what, advice)
    })
}

/// The objects that an account has entries on.
pub(crate) fn objects_of<'a>(inventory: &'a Inventory, sid: &Sid) -> Vec<&'a Dn> {
    let rights = inventory.directory_rights.iter();
    let rights = rights.filter(|right| right.sid == *sid);
    let mut objects: Vec<_> = rights.map(|right| &right.object).collect();
    objects.sort();
    objects.dedup();
    objects
}

/// Groups that nobody should join who does not need to.
pub(super) fn of_protected_groups(conversion: &Conversion<'_>) -> Vec<Finding> {
    let wanted = conversion.wanted.groups.iter();
    let groups = wanted.filter_map(|group| conversion.inventory.group(group));
    let protected = groups.filter(|group| is_protected(conversion.inventory, group));
    let finding = |group: &Group| {
        let what = format!(
            "it is to join {}: with that, whoever is an administrator of one of the hosts in {} becomes one of the domain",
            group.name, conversion.wanted.retrieval_group
        );
        let advice = "give it what it needs in place of that: what the old account may do on containers by name is copied \
                      anyway. If it must be so, treat its hosts as domain controllers";
        kind::JOINS_PROTECTED.found(conversion.gmsa_account().to_string(), what, advice)
    };
    protected.map(finding).collect()
}

fn is_protected(inventory: &Inventory, group: &Group) -> bool {
    let rid = group.sid.rid().unwrap_or_default();
    let domain = group.sid.domain();
    let built_in = domain == Sid::BUILTIN_ADMINISTRATORS.domain();
    (built_in && PROTECTED_BUILT_IN.contains(&rid))
        || (domain == Some(inventory.domain.sid) && PROTECTED_RIDS.contains(&rid))
}

fn is_admin_sd_holder(object: &Dn) -> bool {
    let name = object.as_str().to_lowercase();
    name.starts_with("cn=adminsdholder,cn=system,")
}
