//! Findings about the SPNs that belong to a component.

use model::finding::Finding;
use model::names::{LogonAccount, SamAccountName, Spn};

use crate::conversion::Conversion;
use crate::findings as kind;

/// Whether the SPNs can move, and which stay.
pub(super) fn of_the_spns(conversion: &Conversion<'_>) -> Vec<Finding> {
    let spns = conversion.spns();
    let held_elsewhere = spns.iter().filter_map(|spn| cannot_move(conversion, spn));
    let old_accounts = conversion.old_accounts();
    let staying = old_accounts
        .iter()
        .filter_map(|old| staying(conversion, old));
    held_elsewhere.chain(staying).collect()
}

fn cannot_move(conversion: &Conversion<'_>, spn: &Spn) -> Option<Finding> {
    let known = |name: &SamAccountName| {
        let netbios = &conversion.inventory.domain.netbios_name;
        let old = |account: &LogonAccount| {
            account
                .in_domain(netbios)
                .is_some_and(|old| old.same_as(name))
        };
        name.same_as(&conversion.wanted.gmsa.sam_account_name())
            || conversion.old_accounts().iter().any(old)
    };
    let holders = conversion.inventory.spn_holders(spn)?;
    if let Some(third) = holders.iter().find(|name| !known(name)) {
        let what = format!("it is on {third}, which this conversion does not know");
        let advice =
            format!("find out what uses it there; if nothing does: setspn -D {spn} {third}");
        return Some(kind::SPN_ON_THIRD.found(spn.as_str(), what, advice));
    }
    let [_, _, ..] = holders else { return None };
    let holders: Vec<_> = holders.iter().map(SamAccountName::as_str).collect();
    let what = format!("it is on several accounts: {}", holders.join(", "));
    let advice = format!("leave it on the account that the service runs as: setspn -D {spn} NAME");
    Some(kind::SPN_ON_THIRD.found(spn.as_str(), what, advice))
}

fn staying(conversion: &Conversion<'_>, old: &LogonAccount) -> Option<Finding> {
    let spns = &conversion.account(old)?.spns;
    let staying: Vec<_> = spns
        .iter()
        .filter(|spn| !conversion.owns(spn))
        .map(Spn::as_str)
        .collect();
    let advice = "move them yourself if they belong to this service after all";
    let what = format!("it keeps {}", staying.join(", "));
    (!staying.is_empty()).then(|| kind::SPN_STAYS.found(old.to_string(), what, advice))
}
