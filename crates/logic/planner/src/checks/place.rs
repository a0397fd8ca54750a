//! Findings about a component on one host.

use model::finding::Finding;
use model::inventory::ServiceState;

use crate::conversion::{Conversion, Place};
use crate::findings as kind;

/// Whether the service is there, runs, and has an account that can be converted.
pub(super) fn of_a_place(conversion: &Conversion<'_>, place: &Place<'_>) -> Vec<Finding> {
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
    if !place.has_its_gmsa(conversion) && conversion.old_account(place).is_none() {
        let what = format!("it runs as {}", service.logon_account);
        let advice = "give the service a user account of this domain first, or leave it as it is";
        findings.push(kind::NOT_A_PASSWORD_ACCOUNT.found(&subject, what, advice));
    }
    if service.state != ServiceState::Running && !place.has_its_gmsa(conversion) {
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
    if place.has_its_gmsa(conversion) {
        return findings;
    }
    let advice = format!(
        "grant it to {} by group policy or secpol.msc, and deny it nothing; where the gMSA does not exist yet, create it \
         first (New-ADServiceAccount), grant the right, and plan again: the plan then takes the one that is there",
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
