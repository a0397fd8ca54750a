//! Findings about a component on one host.

use model::finding::Finding;
use model::host::{AccountRight, PolicyDefinition, Trustee};
use model::intent::Strategy;
use model::inventory::{Carrier, HostInventory};
use model::names::LogonAccount;

use security::Sid;

use super::setup::of_the_setup;
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
    let Some(carried) = place.carried else {
        let what = match conversion.profile.map(|profile| profile.carrier()) {
            Some(Carrier::Service(service)) => format!("there is no service {service} on it"),
            _ => "no application pool serves this component on it".to_owned(),
        };
        return vec![kind::SERVICE_MISSING.found(
            name,
            what,
            "take the host out of this conversion, or name the right one",
        )];
    };
    let mut findings = Vec::new();
    let subject = format!("{name}, {}", carried.name());
    if !place.has_its_gmsa(conversion) && conversion.old_account(place).is_none() {
        let what = format!("it runs as {}", carried.logon_account());
        let advice = "give it a user account of this domain first, or leave it as it is";
        findings.push(kind::NOT_A_PASSWORD_ACCOUNT.found(&subject, what, advice));
    }
    let stands_by = conversion.stands_by(place);
    if !carried.runs() && !place.has_its_gmsa(conversion) && !stands_by {
        let advice = "start it before the conversion, or start it by hand afterwards and look at the event log";
        findings.push(kind::SERVICE_NOT_RUNNING.found(
            &subject,
            "it is not running, so the plan does not start it",
            advice,
        ));
    }
    let service = carried.service();
    if service.is_some_and(|service| service.managed_account.is_none()) {
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
    findings.extend(of_the_strategy(conversion, place, &subject));
    findings.extend(of_the_setup(conversion, place, &subject));
    if host.is_2012_r2() {
        let what =
            "it is Windows Server 2012 R2, and whether update KB2998082 is installed was not read";
        let advice = "Get-HotFix KB2998082 on the host, or a later update that replaces it; install it first";
        findings.push(kind::OLD_WINDOWS.found(name, what, advice));
    }
    if service.is_some() {
        findings.extend(of_the_rights(conversion, host, &subject));
    }
    findings.extend(of_a_shared_account(
        conversion,
        carried.logon_account(),
        &subject,
    ));
    findings
}

/// A strategy that rests on the product's setup needs a product whose setup is known.
fn of_the_strategy(
    conversion: &Conversion<'_>,
    place: &Place<'_>,
    subject: &str,
) -> Option<Finding> {
    let (view, profile) = place.view(conversion).zip(conversion.profile)?;
    let known = match conversion.wanted.strategy {
        Strategy::Direct => true,
        Strategy::Guided => profile.wizard(&view, None).is_some(),
        Strategy::Installer => profile.setup(&view).is_some(),
    };
    (!known).then(|| {
        let what = "the pages of its setup are not known, so there is nothing to guide through";
        let advice = "take strategy = \"direct\" for this component";
        kind::STRATEGY_UNKNOWN.found(subject, what, advice)
    })
}

/// What else runs under the old account, on any host of the estate.
fn of_a_shared_account(
    conversion: &Conversion<'_>,
    old: &LogonAccount,
    subject: &str,
) -> Option<Finding> {
    let (mut others, tasks) = (conversion.others_under(old), conversion.tasks_under(old));
    let advice = if tasks.is_empty() {
        "convert these too before you disable the account"
    } else {
        "convert these too before you disable the account; a task gets a gMSA that its host may retrieve by: gmsactl host \
         tasks set-account HOST TASK --account GMSA$"
    };
    others.extend(tasks);
    let what = format!("{old} runs {} too", others.join(", "));
    (!others.is_empty()).then(|| kind::SHARED_ACCOUNT.found(subject, what, advice))
}

/// Whether the gMSA may log on as a service once the plan granted it that.
fn of_the_rights(
    conversion: &Conversion<'_>,
    host: &HostInventory,
    subject: &str,
) -> Option<Finding> {
    let gmsa = conversion.gmsa_account();
    let (Some(granted), Some(denied)) = (
        host.right(AccountRight::LogOnAsService),
        host.right(AccountRight::DenyLogOnAsService),
    ) else {
        let advice = format!(
            "grant it to {gmsa} by group policy or secpol.msc, and deny it nothing; where the gMSA does not exist yet, create it \
             first (New-ADServiceAccount), grant the right, and plan again: the plan then takes the one that is there"
        );
        let what = "whether the gMSA may log on as a service there could not be read";
        return Some(kind::RIGHTS_NOT_CHECKED.found(subject, what, advice));
    };
    let sid = conversion.account(gmsa).map(|account| account.sid);
    let concerns = |held: &&Trustee| sid == Some(held.sid) || everybody(&held.sid);
    if let Some(denied) = denied.holders.iter().find(concerns) {
        let who = denied.name.clone();
        let who = who.unwrap_or_else(|| denied.sid.to_string());
        let what = format!("{} is denied to {who}", AccountRight::LogOnAsService);
        let advice = "take that denial away, or narrow it to a group that the gMSA is not in; then discover again";
        return Some(kind::RIGHT_DENIED.found(subject, what, advice));
    }
    let name = gmsa.to_string();
    let unnamed = |policy: &&PolicyDefinition| {
        let by_sid = sid.is_some_and(|sid| policy.sids.contains(&sid));
        let mut names = policy.names.iter();
        !by_sid && !names.any(|named| named.eq_ignore_ascii_case(&name))
    };
    granted.policies.iter().find(unnamed).map(|policy| {
        let what = format!(
            "a group policy defines who may log on as a service and does not name {name} ({})",
            policy.template
        );
        let advice = format!(
            "where {name} does not exist yet, create it first (New-ADServiceAccount); add it to that right in the policy \
             (gpresult /h on the host names the policy), gpupdate /force there, then discover again"
        );
        kind::RIGHT_BY_POLICY.found(subject, what, advice)
    })
}

/// Everyone, Authenticated Users, SERVICE: whoever logs on as a service is among them.
fn everybody(sid: &Sid) -> bool {
    ["S-1-1-0", "S-1-5-11", "S-1-5-6"].contains(&sid.to_string().as_str())
}
