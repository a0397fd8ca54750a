//! Findings about what concerns every conversion: root keys, clocks, coverage.

use std::collections::BTreeMap;

use model::finding::Finding;
use model::intent::Intent;
use model::inventory::{Inventory, RootKeyFacts};
use model::names::DnsName;

use crate::conversion::lacks_root_key;
use crate::findings as kind;

/// Kerberos' limit; what a domain controller accepts by default.
const MAX_SKEW_SECONDS: i64 = 300;
/// Above it a change of password is no longer seen by both at about the same time.
const DRIFT_SECONDS: i64 = 60;

/// Everything about the forest and the hosts' clocks.
pub(crate) fn of_the_forest(inventory: &Inventory, intent: &Intent) -> Vec<Finding> {
    let mut findings = match intent.kds.create && lacks_root_key(inventory) {
        true => vec![kind::ROOT_KEY_CREATED.found(
            format!("forest {}", inventory.domain.forest),
            "the plan creates a KDS root key, for the whole forest and for good",
            "apply the plan when you like: it creates the key, waits at the gate behind it for 10 hours and 5 minutes, so \
             that every domain controller has the key by then, and goes on when you apply it again",
        )],
        false => root_keys(inventory),
    };
    let controllers = inventory.domain.domain_controllers.iter();
    let clocks = controllers.map(|dc| (dc.dns_name.as_str(), dc.clock_skew_seconds));
    let hosts = inventory
        .hosts
        .iter()
        .map(|host| (host.dns_name.as_str(), host.facts.clock_skew_seconds));
    for (name, skew) in clocks
        .chain(hosts)
        .filter(|(_, skew)| skew.abs() > DRIFT_SECONDS)
    {
        let what = format!("its clock differs from this machine's by {skew} seconds");
        let kind = match skew.abs() > MAX_SKEW_SECONDS {
            true => kind::CLOCK_SKEW,
            false => kind::CLOCK_DRIFTS,
        };
        findings.push(kind.found(
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
                "as a Domain Admin: gmsactl kds add (or Add-KdsRootKey -EffectiveImmediately), then wait 10 hours; or let \
                 the plan do it: kds = { create = true } in conversion.toml",
            ),
        }];
    }
    // One that has no key at all is there, too.
    let controllers = inventory.domain.domain_controllers.iter();
    let mut by_controller: BTreeMap<&DnsName, Vec<&RootKeyFacts>> = controllers
        .map(|controller| (&controller.dns_name, Vec::new()))
        .collect();
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
    if keys.is_empty() {
        return Some(kind::ROOT_KEY_NOT_EFFECTIVE.found(
            controller.as_str(),
            "it has no KDS root key: they have not come to it yet",
            "see to replication (repadmin /showrepl); the run waits at this gate and goes on when you apply it again",
        ));
    }
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
