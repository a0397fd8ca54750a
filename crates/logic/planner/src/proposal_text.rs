//! A proposed intent as a file that an administrator can read: each line with what it rests on.

use std::fmt::Write;

use model::intent::{Conversion, Intent};
use model::inventory::{AccountClass, Carried, Inventory};
use model::names::{LogonAccount, Spn};

use crate::profile::Profile;

/// The text of `conversion.toml`, with comments.
///
/// # Errors
/// Only where TOML cannot hold a name, which the types forbid.
pub fn proposal_text(
    inventory: &Inventory,
    intent: &Intent,
    profiles: &[&dyn Profile],
) -> Result<String, toml::ser::Error> {
    let mut text = format!(
        "# Proposed for {}, from what was found at {}.\n\
         # Read it, correct it, then: gmsactl plan --intent conversion.toml\n\
         # Nothing here is done before gmsactl apply.\n",
        inventory.domain.dns_name, inventory.taken_at
    );
    for host in &inventory.coverage.asked {
        if !inventory.coverage.answered.contains(host) {
            let _ = writeln!(
                text,
                "# {host} did not answer: what it has is not in this file."
            );
        }
    }
    text += "format = 1\n";
    for conversion in &intent.conversions {
        let mut profiles = profiles.iter();
        let profile = profiles.find(|profile| *profile.component() == conversion.component);
        let Some(profile) = profile else { continue };
        text += &table(inventory, conversion, *profile)?;
    }
    Ok(text)
}

/// One conversion: what was found of it above, and above each line why it is so.
fn table(
    inventory: &Inventory,
    conversion: &Conversion,
    profile: &dyn Profile,
) -> Result<String, toml::ser::Error> {
    let alone = Intent::of(vec![conversion.clone()]);
    let mut text = format!("\n# {}\n", profile.title());
    for host in inventory.hosts.iter() {
        let Some(carried) = host.carried(profile.carrier()) else {
            continue;
        };
        let version = profile.version(host);
        let build = version.map_or_else(String::new, |build| format!(", build {build}"));
        let _ = writeln!(text, "# {}: {}{build}", host.name, as_found(carried));
    }
    let whole = alone.to_text()?;
    let lines = whole.lines().skip_while(|line| *line != "[[conversion]]");
    for line in lines {
        let key = line.split_once(" = ").map(|(key, _)| key);
        for comment in key.map_or_else(Vec::new, |key| comments(inventory, conversion, key)) {
            let _ = writeln!(text, "# {comment}");
        }
        let _ = writeln!(text, "{line}");
    }
    for comment in spns(inventory, conversion, profile) {
        let _ = writeln!(text, "# {comment}");
    }
    Ok(text)
}

fn as_found(carried: Carried<'_>) -> String {
    let state = if carried.runs() {
        "runs"
    } else {
        "does not run"
    };
    format!("{} {state}, as {}", carried.name(), carried.logon_account())
}

/// What stands above a line.
fn comments(inventory: &Inventory, conversion: &Conversion, key: &str) -> Vec<String> {
    match key {
        "gmsa" => {
            let account = conversion.gmsa.sam_account_name();
            let length = account.as_str().chars().count();
            let there = match inventory.account(&account).map(|account| account.class) {
                Some(AccountClass::Gmsa) => "It is there and is taken as it is.",
                Some(_) => "The name belongs to another account: choose another.",
                None if inventory.was_looked_up(&account) => "It is made.",
                None => "Whether it is there was not asked: gmsactl plan does.",
            };
            vec![format!(
                "{account} has {length} of 15 characters at most. {there}"
            )]
        }
        "retrieval-group" => {
            let there = match inventory.group(&conversion.retrieval_group) {
                Some(_) => "It is there.",
                None => "It is made.",
            };
            vec![format!(
                "The group whose members may retrieve the password: the hosts above become members. {there}"
            )]
        }
        "strategy" => vec!["How the account is changed: docs/files.md.".to_owned()],
        "interval-days" => {
            vec!["The password changes every so many days. Fixed once the gMSA is made.".to_owned()]
        }
        "key-set" => vec![
            "The encryption keys are exported to this file first; it must not be there yet. Keep it: without it every"
                .to_owned(),
            "password that the product stores is lost.".to_owned(),
        ],
        "groups" => {
            vec!["Groups of the product that the old account is in; the gMSA joins them.".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// What moves and what stays, for whoever wants to name it exactly.
fn spns(inventory: &Inventory, conversion: &Conversion, profile: &dyn Profile) -> Vec<String> {
    let netbios = &inventory.domain.netbios_name;
    let hosts = inventory.hosts.iter();
    let old = hosts.filter_map(|host| host.carried(profile.carrier()));
    let mut old: Vec<&LogonAccount> = old.map(Carried::logon_account).collect();
    old.sort();
    old.dedup();
    let mut comments = Vec::new();
    let (mut moving, mut named) = (Vec::new(), Vec::new());
    for old in old {
        let account = old
            .in_domain(netbios)
            .and_then(|name| inventory.account(name));
        let Some(account) = account.filter(|account| account.class == AccountClass::User) else {
            continue;
        };
        let (moves, stays): (Vec<&Spn>, Vec<&Spn>) =
            account.spns.iter().partition(|spn| profile.owns(spn));
        moving.extend(moves.iter().map(|spn| format!("{spn} (from {old})")));
        named.extend(moves.iter().map(|spn| format!("\"{spn}\"")));
        if !stays.is_empty() {
            let stays: Vec<_> = stays.iter().map(|spn| spn.as_str()).collect();
            comments.push(format!("SPNs that stay with {old}: {}", stays.join(", ")));
        }
    }
    let what = match moving.as_slice() {
        [] => "none is held".to_owned(),
        moving => moving.join(", "),
    };
    comments.insert(0, format!("SPNs that move to {}$: {what}", conversion.gmsa));
    if !named.is_empty() {
        comments.push(format!(
            "To have exactly these and no others move: spns = [{}]",
            named.join(", ")
        ));
    }
    comments
}
