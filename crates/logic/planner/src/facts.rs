//! The prior state that a plan rests on, as lines of text: what makes it stale when it changes.

use model::database::Repair;
use model::host::AccountRight;
use model::inventory::Inventory;
use model::names::SamAccountName;
use model::plan::Fact;
use model::ports::Delegation;
use security::{Ace, Sid};

use crate::conversion::{Conversion, Place};
use crate::database::wanted;

/// Which domain it is.
pub(crate) fn of_the_domain(inventory: &Inventory) -> Vec<Fact> {
    vec![fact(
        inventory.domain.dns_name.as_str(),
        "SID",
        inventory.domain.sid.to_string(),
    )]
}

/// What one conversion rests on.
pub(crate) fn of_a_conversion(conversion: &Conversion<'_>) -> Vec<Fact> {
    let inventory = conversion.inventory;
    let mut facts: Vec<_> = conversion
        .places
        .iter()
        .flat_map(|place| of_a_place(conversion, place))
        .collect();
    let gmsa = conversion.wanted.gmsa.sam_account_name();
    let group = &conversion.wanted.retrieval_group;
    let account = inventory.account(&gmsa);
    facts.push(fact(
        gmsa.as_str(),
        "SID",
        account.map_or_else(none, |account| account.sid.to_string()),
    ));
    let readers = inventory
        .gmsa(&gmsa)
        .map(|gmsa| list(&gmsa.retrieval_principals, Sid::to_string));
    facts.push(fact(
        gmsa.as_str(),
        "retrieval principals",
        readers.unwrap_or_else(none),
    ));
    let found = inventory.group(group);
    facts.push(fact(
        group.as_str(),
        "SID",
        found.map_or_else(none, |group| group.sid.to_string()),
    ));
    for place in &conversion.places {
        let computer = place.name.computer_account();
        let what = format!("member {computer}");
        facts.push(fact(
            group.as_str(),
            &what,
            conversion.is_member(place).to_string(),
        ));
    }
    for name in &conversion.wanted.groups {
        let held = inventory.group(name).zip(account);
        let held = held.map(|(group, account)| group.members.contains(&account.dn));
        let held = held.map_or_else(none, |held| held.to_string());
        facts.push(fact(name.as_str(), &format!("member {gmsa}"), held));
    }
    let delegating = old_names(conversion).chain([gmsa.clone()]);
    for name in delegating {
        let found = inventory.delegation(&name).cloned().unwrap_or_default();
        facts.push(fact(name.as_str(), "delegation", in_words(&found)));
        facts.extend(of_rights(conversion, &name));
    }
    facts.extend(of_databases(conversion));
    for spn in conversion.spns() {
        let holders = inventory.spn_holders(&spn).unwrap_or_default();
        facts.push(fact(
            spn.as_str(),
            "holders",
            list(holders, SamAccountName::to_string),
        ));
    }
    facts
}

/// What an account may do in the directory by name.
fn of_rights(conversion: &Conversion<'_>, name: &SamAccountName) -> Vec<Fact> {
    let account = conversion.inventory.account(name);
    let rights = account.map(|account| conversion.rights_of(&account.sid));
    let each = rights.into_iter().flatten();
    each.map(|(object, aces)| {
        let what = format!("rights of {name}");
        fact(object.as_str(), &what, list(&aces, Ace::to_string))
    })
    .collect()
}

/// What the gMSA lacks in the component's databases.
fn of_databases(conversion: &Conversion<'_>) -> Vec<Fact> {
    let gmsa = conversion.gmsa_account();
    let mut facts = Vec::new();
    for place in &conversion.places {
        let known = conversion.profile.zip(place.host);
        let database = known.and_then(|(profile, host)| profile.database(host));
        let Some((database, profile)) = database.zip(conversion.profile) else {
            continue;
        };
        let old = conversion.old_account(place);
        let role = profile.database_role();
        let judged = wanted(conversion.inventory, &database, gmsa, old.as_ref(), role);
        let lacks = judged.map(|judged| list(&judged.repairs, Repair::to_string));
        let what = format!("{gmsa} lacks");
        facts.push(fact(
            &database.to_string(),
            &what,
            lacks.unwrap_or_else(|_| "not known".to_owned()),
        ));
    }
    facts
}

fn old_names<'a>(conversion: &'a Conversion<'_>) -> impl Iterator<Item = SamAccountName> + 'a {
    let netbios = &conversion.inventory.domain.netbios_name;
    let old = conversion.old_accounts().into_iter();
    old.filter_map(|old| old.in_domain(netbios).cloned())
}

fn in_words(delegation: &Delegation) -> String {
    let flags = [
        (delegation.unconstrained, "to any service"),
        (delegation.protocol_transition, "from any protocol"),
        (delegation.not_delegated, "sensitive"),
        (delegation.other_entries, "other entries"),
    ];
    let flags = flags
        .iter()
        .filter(|flag| flag.0)
        .map(|flag| flag.1.to_owned());
    let services = delegation.services.iter().map(|spn| format!("to {spn}"));
    let callers = delegation.callers.iter().map(|sid| format!("from {sid}"));
    list(
        &flags.chain(services).chain(callers).collect::<Vec<_>>(),
        String::clone,
    )
}

fn of_a_place(conversion: &Conversion<'_>, place: &Place<'_>) -> Vec<Fact> {
    let (Some(host), Some(carried)) = (place.host, place.carried) else {
        return vec![fact(place.name.as_str(), "service", none())];
    };
    let subject = format!("{}, {}", place.name, carried.name());
    let version = conversion
        .profile
        .and_then(|profile| profile.version(host))
        .unwrap_or_else(none);
    let mut facts = vec![
        fact(
            &subject,
            "logon account",
            carried.logon_account().to_string(),
        ),
        fact(
            &subject,
            "state",
            format!("{:?}", carried.state()).to_lowercase(),
        ),
        fact(&subject, "version", version),
    ];
    if let Some(service) = carried.service() {
        let managed = service
            .managed_account
            .map_or_else(none, |managed| managed.to_string());
        facts.push(fact(&subject, "managed-account flag", managed));
        let holders = host.right(AccountRight::LogOnAsService);
        let gmsa = conversion.account(conversion.gmsa_account());
        let held = holders.map(|holders| gmsa.is_some_and(|gmsa| holders.is_held_by(&gmsa.sid)));
        facts.push(fact(
            &subject,
            "the gMSA may log on as a service",
            held.map_or_else(none, |held| held.to_string()),
        ));
    }
    let files = [conversion.key_set_file(), conversion.sealed_key_set_file()];
    for file in files.into_iter().flatten() {
        let found = host.files.get(&file).cloned().unwrap_or_else(none);
        facts.push(fact(&format!("{}, {file}", place.name), "SHA-256", found));
    }
    facts
}

fn fact(subject: &str, what: &str, value: String) -> Fact {
    Fact {
        subject: subject.to_owned(),
        what: what.to_owned(),
        value,
    }
}

fn none() -> String {
    "-".to_owned()
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        none()
    } else {
        items.iter().map(text).collect::<Vec<_>>().join(", ")
    }
}
