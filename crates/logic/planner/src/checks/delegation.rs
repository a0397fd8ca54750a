//! Findings about delegation and about the groups that the intent names.

use model::finding::Finding;
use model::intent::DelegationWish;

use crate::conversion::Conversion;
use crate::findings as kind;

/// What the gMSA gets of the old account's delegation, and what it does not.
pub(super) fn of_the_delegation(conversion: &Conversion<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let gmsa = conversion.gmsa_account().to_string();
    let netbios = &conversion.inventory.domain.netbios_name;
    if conversion.wanted.delegation == DelegationWish::Unconstrained {
        findings.push(kind::UNCONSTRAINED_WANTED.found(
            gmsa,
            "delegation = \"unconstrained\" is wanted for it",
            "name the services instead: fill msDS-AllowedToDelegateTo of the old account, and leave delegation out of conversion.toml",
        ));
        return findings;
    }
    for old in conversion.old_accounts() {
        let found = old
            .in_domain(netbios)
            .and_then(|name| conversion.delegation_of(name));
        let Some(found) = found else { continue };
        if found.unconstrained {
            let what =
                format!("{old} is trusted for delegation to any service; {gmsa} will not be");
            let advice = "find out what it delegates to and name that in msDS-AllowedToDelegateTo of the old account, then \
                          plan again: it is copied. Only if that cannot be found out: delegation = \"unconstrained\" in conversion.toml";
            findings.push(kind::UNCONSTRAINED_STAYS.found(old.to_string(), what, advice));
        }
        let copied = conversion.wanted.delegation != DelegationWish::None;
        if copied && found.protocol_transition {
            let what = format!(
                "{old} may delegate without the user's own Kerberos log-on; {gmsa} gets that too"
            );
            let advice = "if every client logs on with Kerberos, switch it off on the old account (use Kerberos only), and plan again";
            findings.push(kind::PROTOCOL_TRANSITION.found(old.to_string(), what, advice));
        }
        if copied && found.other_entries {
            let what = "its list of who may delegate to it has denials or conditions, which are not copied";
            let advice = "look at msDS-AllowedToActOnBehalfOfOtherIdentity, and give the gMSA the same by hand";
            findings.push(kind::DELEGATION_NOT_COPIED.found(old.to_string(), what, advice));
        }
    }
    findings
}

/// Groups of the old account that the gMSA is not in, and is not going to be.
pub(super) fn of_the_groups_left(conversion: &Conversion<'_>) -> Vec<Finding> {
    let inventory = conversion.inventory;
    let wanted = conversion.wanted.groups.iter();
    let mut joined: Vec<_> = wanted
        .filter_map(|group| Some(&inventory.group(group)?.dn))
        .collect();
    let gmsa = conversion.gmsa().map(|gmsa| &gmsa.account.member_of);
    joined.extend(gmsa.into_iter().flatten());
    let old = conversion.old_accounts();
    let left = old.iter().filter_map(|old| {
        let member_of = &conversion.account(old)?.member_of;
        let left = member_of.iter().filter(|group| !joined.contains(group));
        let left: Vec<_> = left.map(ToString::to_string).collect();
        (!left.is_empty()).then(|| {
            let what = format!(
                "it is in groups that the gMSA does not join: {}",
                left.join("; ")
            );
            let advice =
                "those that the service needs: groups in conversion.toml. Others are no loss";
            kind::GROUPS_NOT_JOINED.found(old.to_string(), what, advice)
        })
    });
    left.collect()
}

/// Groups that the gMSA is to join must be there.
pub(super) fn of_the_groups(conversion: &Conversion<'_>) -> Vec<Finding> {
    let inventory = conversion.inventory;
    let missing = conversion.wanted.groups.iter();
    let missing =
        missing.filter(|group| inventory.was_looked_up(group) && inventory.group(group).is_none());
    missing
        .map(|group| {
            kind::GROUP_MISSING.found(
                group.as_str(),
                "there is no such group in the domain",
                "correct groups in conversion.toml; a local group of a host cannot be named there",
            )
        })
        .collect()
}
