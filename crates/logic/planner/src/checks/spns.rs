//! Findings about the SPNs that belong to a component.

use model::finding::Finding;
use model::inventory::Carried;
use model::names::{LogonAccount, SamAccountName, Spn};

use crate::conversion::{Conversion, Place};
use crate::findings as kind;

/// Whether the SPNs can move, and which stay.
pub(super) fn of_the_spns(conversion: &Conversion<'_>) -> Vec<Finding> {
    let spns = conversion.spns();
    let held_elsewhere = spns.iter().filter_map(|spn| cannot_move(conversion, spn));
    let old_accounts = conversion.old_accounts();
    let staying = old_accounts
        .iter()
        .filter_map(|old| staying(conversion, old));
    let mut findings: Vec<_> = held_elsewhere.chain(staying).collect();
    findings.extend(
        old_accounts
            .iter()
            .filter_map(|old| shared(conversion, old)),
    );
    findings.extend(rolling(conversion));
    findings
}

/// An account that runs something else too: which of its SPNs belong to this component, only its operator knows.
fn shared(conversion: &Conversion<'_>, old: &LogonAccount) -> Option<Finding> {
    let mut owned = conversion.account(old)?.spns.iter();
    let spn = owned.find(|spn| conversion.owns(spn) && spn.class().eq_ignore_ascii_case("HTTP"))?;
    let others = conversion.others_under(old);
    if others.is_empty() || conversion.wanted.spns.is_some() {
        return None;
    }
    let what = format!("it holds {spn} and runs {} too", others.join(", "));
    let advice = "give this component a host name of its own (binding, DNS record, SPN on the old account) and name it in \
                  conversion.toml: spns = [\"HTTP/NAME\"]; spns = [] if none of them is the component's";
    Some(kind::SPN_SHARED.found(old.to_string(), what, advice))
}

/// Behind a load balancer hosts are converted one by one, while the SPN moves once.
fn rolling(conversion: &Conversion<'_>) -> Option<Finding> {
    let left = |place: &&Place<'_>| {
        place.carried.is_some_and(Carried::runs) && conversion.old_account(place).is_some()
    };
    let left: Vec<_> = conversion.places.iter().filter(left).collect();
    let moves = conversion.old_accounts().iter().any(|old| {
        let account = conversion.account(old);
        account.is_some_and(|account| account.spns.iter().any(|spn| conversion.owns(spn)))
    });
    let ([_, later @ ..], true) = (left.as_slice(), moves) else {
        return None;
    };
    if later.is_empty() {
        return None;
    }
    let later: Vec<_> = later.iter().map(|place| place.name.as_str()).collect();
    let later = later.join(", ");
    let what = format!(
        "its SPNs move with the first host; {later} cannot decrypt its clients' tickets until converted too"
    );
    let advice = format!(
        "take {later} out of the load balancer before the first host is converted, and put it back after its own turn"
    );
    Some(kind::SPN_ROLLING.found(conversion.wanted.component.as_str(), what, advice))
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
