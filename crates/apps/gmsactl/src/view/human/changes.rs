//! What the directory's verbs changed, and what they show.

use directory::{AttributeChange, Change, ChangeKind};
use model::inventory::{Account, AccountClass};

use super::Paint;
use crate::documents::{
    Changed, ControllerState, DelegationDocument, GmsaList, GroupDocument, KeytabDocument, Named,
    RightsDocument, SpnCheck, SpnClash, SpnList, TestDocument, WaitDocument,
};

/// What was changed, or would be: old → new.
pub fn changed(document: &Changed, paint: &Paint) -> String {
    let mut text = String::new();
    for change in &document.changes {
        let word = match change.change {
            ChangeKind::Add => paint.good("add   "),
            ChangeKind::Modify => paint.warn("modify"),
            ChangeKind::Delete => paint.bad("delete"),
        };
        text += &format!("{word} {}\n", change.dn);
        for attribute in &change.attributes {
            text += &lines(attribute, paint);
        }
    }
    for note in &document.notes {
        text += &format!("note: {note}\n");
    }
    if let Some(states) = &document.domain_controllers {
        text += &controllers(states, paint);
    }
    text += match (document.changed, document.dry_run) {
        (false, _) => "Nothing to change.\n",
        (true, true) => "Nothing was changed: this is a rehearsal.\n",
        (true, false) => "Done.\n",
    };
    text
}

fn lines(change: &AttributeChange, paint: &Paint) -> String {
    let AttributeChange {
        attribute,
        from,
        to,
    } = change;
    if let ([from], [to]) = (&from[..], &to[..]) {
        return format!("  {attribute}: {from} → {}\n", paint.strong(to));
    }
    let gone = from
        .iter()
        .map(|value| format!("  - {attribute}: {value}\n"));
    let come = to.iter().map(|value| format!("  + {attribute}: {value}\n"));
    gone.chain(come).collect()
}

/// One change in a line.
pub fn change_in_short(change: &Change) -> String {
    let attributes = change.attributes.iter().map(|one| {
        let values = if one.to.is_empty() {
            &one.from
        } else {
            &one.to
        };
        format!(" {} {}", one.attribute, values.join(" "))
    });
    let word = match change.change {
        ChangeKind::Add => "added",
        ChangeKind::Modify => "modified",
        ChangeKind::Delete => "deleted",
    };
    match change.change {
        ChangeKind::Modify => format!("{word} {}:{}", change.dn, attributes.collect::<String>()),
        _ => format!("{word} {}", change.dn),
    }
}

/// A group and everybody in it.
pub fn group(group: &GroupDocument, paint: &Paint) -> String {
    let mut text = format!("{}\n", paint.strong(group.name.as_str()));
    text += &format!("  {:<20} {}\n", "distinguished name", group.dn);
    text += &format!("  {:<20} {}\n", "SID", group.sid);
    for member in &group.members {
        let through = match member.through.as_slice() {
            [] => String::new(),
            groups => {
                let names: Vec<_> = groups.iter().map(|name| name.as_str()).collect();
                paint.dim(&format!("  through {}", names.join(" → ")))
            }
        };
        let kind = if member.principal.group {
            "group"
        } else {
            "member"
        };
        text += &format!("  {kind:<20} {}{through}\n", member.principal.name);
    }
    if group.members.is_empty() {
        text += "  nobody is in it\n";
    }
    text
}

/// All gMSAs.
pub fn gmsas(list: &GmsaList, paint: &Paint) -> String {
    let mut text = String::new();
    for gmsa in &list.gmsas {
        let account = &gmsa.account;
        let disabled = if account.enabled {
            String::new()
        } else {
            paint.warn("  disabled")
        };
        text += &format!(
            "{}  every {} days, {} may retrieve its password, {} SPNs{disabled}\n",
            paint.strong(account.name.as_str()),
            gmsa.interval_days,
            gmsa.retrieval_principals.len(),
            account.spns.len()
        );
    }
    if list.gmsas.is_empty() {
        text += "There is no gMSA in the domain.\n";
    }
    text
}

/// One account of many, in a line.
pub fn listed_account(account: &Account, paint: &Paint) -> String {
    let class = match account.class {
        AccountClass::User => "user",
        AccountClass::Computer => "computer",
        AccountClass::Gmsa => "gMSA",
        AccountClass::OtherManaged => "other managed",
    };
    let disabled = if account.enabled { "" } else { "  disabled" };
    format!(
        "{}  {class}, {} SPNs{disabled}  {}\n",
        paint.strong(account.name.as_str()),
        account.spns.len(),
        account.dn
    )
}

/// What an account may do in the directory by name.
pub fn directory_rights(document: &RightsDocument, paint: &Paint) -> String {
    let mut text = format!("{}\n", paint.strong(document.name.as_str()));
    for of_object in document
        .rights
        .chunk_by(|one, next| one.object == next.object)
    {
        let object = of_object.iter().take(1);
        text.extend(object.map(|right| format!("  on {}\n", right.object)));
        for right in of_object {
            text += &format!("    {}\n", right.means);
        }
    }
    if document.rights.is_empty() {
        text += "  has no entry of its own on any container\n";
    }
    if document.unreadable > 0 {
        let unreadable = format!("{} access lists may not be read", document.unreadable);
        text += &format!("  {}\n", paint.warn(&unreadable));
    }
    text
}

/// Whose a SID is.
pub fn whose(named: &Named) -> String {
    match &named.name {
        Some(name) => format!("{name} ({})", named.sid),
        None => named.sid.to_string(),
    }
}

/// In whose name an account may act.
pub fn delegation(document: &DelegationDocument, paint: &Paint) -> String {
    let delegation = &document.delegation;
    let mut text = format!("{}\n", paint.strong(document.name.as_str()));
    let mut line = |name: &str, value: &str| text += &format!("  {name:<22} {value}\n");
    let on = |set: bool| if set { "on" } else { "off" };
    if delegation.unconstrained {
        line(
            "unconstrained",
            &paint.bad("on: towards anything, in anybody's name"),
        );
    }
    line("protocol transition", on(delegation.protocol_transition));
    line("sensitive", on(delegation.not_delegated));
    for service in &delegation.services {
        line("may act towards", service.as_str());
    }
    for caller in &document.callers {
        line("may act towards it", &whose(caller));
    }
    if delegation.other_entries {
        line(
            "other entries",
            "its list of callers has denials, conditions or unknown entries",
        );
    }
    text
}

/// SPNs and their holders.
pub fn spns(list: &SpnList, paint: &Paint) -> String {
    let mut text = String::new();
    for holder in &list.spns {
        let (spn, name) = (paint.strong(holder.spn.as_str()), &holder.holder);
        text += &format!("{spn}  {name}  {}\n", paint.dim(holder.dn.as_str()));
    }
    if list.spns.is_empty() {
        text += "Nobody holds it.\n";
    }
    for holder in &list.answering {
        let (spn, name) = (&holder.spn, &holder.holder);
        text += &format!("  {spn} of {name} answers for it where nobody holds it\n");
    }
    text + partial(list.whole_forest)
}

/// Duplicates.
pub fn spn_check(check: &SpnCheck, paint: &Paint) -> String {
    let names = |clash: &SpnClash| {
        let names: Vec<_> = clash.holders.iter().map(|name| name.as_str()).collect();
        names.join(", ")
    };
    let mut text = String::new();
    for clash in &check.duplicates {
        let word = paint.bad("duplicate");
        text += &format!(
            "{word} {}: {}\n  what to do: gmsactl spn remove it from all but one\n",
            clash.spn,
            names(clash)
        );
    }
    for clash in &check.aliases {
        let host = clash.stands_for.as_ref().map_or("", |spn| spn.as_str());
        text += &format!(
            "alias     {} of {} counts before {host} of another account\n",
            clash.spn,
            names(clash)
        );
    }
    text += &format!(
        "{} SPNs, {} with more than one holder.\n",
        check.spns,
        check.duplicates.len()
    );
    text + partial(check.whole_forest)
}

fn partial(whole_forest: bool) -> &'static str {
    if whole_forest {
        ""
    } else {
        "note: only this domain was asked: the domain controller is no global catalog\n"
    }
}

/// A keytab, without its keys.
pub fn keytab(document: &KeytabDocument, paint: &Paint) -> String {
    let versions: Vec<_> = document.versions.iter().map(u32::to_string).collect();
    let written = if document.changed {
        "written"
    } else {
        "is fresh"
    };
    format!(
        "{} {written}: keys of {} and {} SPNs, versions {}; the password changes in {} h\n",
        paint.strong(&document.file.display().to_string()),
        document.account,
        document.spns.len(),
        versions.join(" and "),
        document.changes_in_seconds / 3600
    )
}

/// Which domain controllers can use a root key.
pub fn wait(document: &WaitDocument, paint: &Paint) -> String {
    controllers(&document.domain_controllers, paint)
}

/// Which domain controllers are up to date, and what is missing on the others.
pub fn controllers(states: &[ControllerState], paint: &Paint) -> String {
    let line = |one: &ControllerState| {
        let state = match &one.late {
            None => paint.good("up to date"),
            Some(why) => paint.warn(&format!("late: {why}")),
        };
        format!("{}  {state}\n", one.domain_controller)
    };
    states.iter().map(line).collect()
}

/// What a gMSA needs on a host, and the one thing that is missing.
pub fn account_test(document: &TestDocument, paint: &Paint) -> String {
    let mut text = String::new();
    for check in &document.checks {
        let word = match check.holds {
            Some(true) => paint.good("ok     "),
            Some(false) => paint.bad("fails  "),
            None => paint.dim("unknown"),
        };
        text += &format!("{word} {}: {}\n", check.id, check.detail);
    }
    match &document.cause {
        None => text += "Nothing stands in the way.\n",
        Some(cause) => {
            text += &format!("{} {}\n", paint.strong("The cause:"), cause.detail);
            if let Some(advice) = &cause.advice {
                text += &format!("  {} {advice}\n", paint.strong("what to do:"));
            }
        }
    }
    text
}
