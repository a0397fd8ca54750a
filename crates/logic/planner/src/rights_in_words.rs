//! An entry of an access list in the directory, in an administrator's words.

mod on_hosts;

use security::{Ace, AceFlags, AceType, Guid};

pub use on_hosts::host_access_in_words;

/// [MS-ADTS] 5.1.3.2 "Access Rights".
const RIGHTS: [(u32, &str); 13] = [
    (0x1, "create"),
    (0x2, "delete what is in it"),
    (0x4, "list"),
    (0x8, "validated write"),
    (0x10, "read"),
    (0x20, "write"),
    (0x40, "delete whole trees"),
    (0x80, "list object"),
    (0x100, "extended right"),
    (0x1_0000, "delete"),
    (0x2_0000, "read permissions"),
    (0x4_0000, "modify permissions"),
    (0x8_0000, "modify owner"),
];
const FULL_CONTROL: u32 = 0xF_01FF;
const GENERIC_ALL: u32 = 0x1000_0000;

/// [MS-ADSC] and [MS-ADA1] to [MS-ADA3], schemaIDGUID; [MS-ADTS] 5.1.3.2.1 "Control Access Rights".
const KINDS: [(&str, &str); 10] = [
    ("bf967aba-0de6-11d0-a285-00aa003049e2", "user"),
    ("bf967a9c-0de6-11d0-a285-00aa003049e2", "group"),
    ("bf967a86-0de6-11d0-a285-00aa003049e2", "computer"),
    ("bf967aa5-0de6-11d0-a285-00aa003049e2", "organizationalUnit"),
    (
        "7b8b558a-93a5-4af7-adca-c017e67f1057",
        "msDS-GroupManagedServiceAccount",
    ),
    ("bf9679c0-0de6-11d0-a285-00aa003049e2", "member"),
    (
        "f3a64788-5306-11d1-a9c5-0000f80367c1",
        "servicePrincipalName",
    ),
    ("28630ebf-41d5-11d1-a9c1-0000f80367c1", "lockoutTime"),
    ("bf967a0a-0de6-11d0-a285-00aa003049e2", "pwdLastSet"),
    ("00299570-246d-11d0-a768-00aa006e0529", "reset password"),
];

/// What it allows or denies, of what, and where: `allow write: member, on each group below`.
#[must_use]
pub fn rights_in_words(ace: &Ace) -> String {
    let mask = ace.mask().map_or(0, |mask| mask.0);
    let about = ace.object_type();
    let about = about.map_or_else(String::new, |about| format!(": {}", kind(&about)));
    format!("{} {}{about}{}", verb(ace), rights(mask), reach(ace))
}

fn verb(ace: &Ace) -> &'static str {
    match ace.ace_type() {
        AceType::ACCESS_ALLOWED | AceType::ACCESS_ALLOWED_OBJECT => "allow",
        AceType::ACCESS_DENIED | AceType::ACCESS_DENIED_OBJECT => "deny",
        AceType::ACCESS_DENIED_CALLBACK | AceType::ACCESS_DENIED_CALLBACK_OBJECT => {
            "on a condition deny"
        }
        _ => "on a condition allow",
    }
}

fn rights(mask: u32) -> String {
    if mask & FULL_CONTROL == FULL_CONTROL || mask & GENERIC_ALL != 0 {
        return "full control".to_owned();
    }
    named(mask, &RIGHTS)
}

/// The rights by their names, in the table's order, and a number for those that have none.
fn named(mask: u32, rights: &[(u32, &str)]) -> String {
    let named = rights.iter().filter(|(bit, _)| mask & bit != 0);
    let mut words: Vec<_> = named.map(|(_, name)| (*name).to_owned()).collect();
    let known = rights.iter().fold(0, |known, (bit, _)| known | bit);
    if mask & !known != 0 || words.is_empty() {
        words.push(format!("{:#x}", mask & !known));
    }
    words.join(", ")
}

/// The same for rights that go together under one name, the larger sets first; they may overlap.
fn in_sets(mask: u32, sets: &[(u32, &str)]) -> String {
    let (mut words, mut left) = (Vec::new(), mask);
    for (set, name) in sets {
        if mask & set == *set && left & set != 0 {
            words.push((*name).to_owned());
            left &= !set;
        }
    }
    if left != 0 || words.is_empty() {
        words.push(format!("{left:#x}"));
    }
    words.join(", ")
}

fn kind(guid: &Guid) -> String {
    let text = guid.to_string();
    let known = KINDS.iter().find(|(known, _)| *known == text);
    known.map_or(text, |(_, name)| (*name).to_owned())
}

/// [MS-DTYP] 2.4.4.1 ACE_HEADER: where an entry counts beside, or in place of, the object that it stands on.
fn reach(ace: &Ace) -> String {
    let has = |flag| ace.flags().contains(flag);
    let below = has(AceFlags::CONTAINER_INHERIT) || has(AceFlags::OBJECT_INHERIT);
    let once = has(AceFlags::NO_PROPAGATE_INHERIT);
    let depth = if once { "right below" } else { "below" };
    match (
        below,
        has(AceFlags::INHERIT_ONLY),
        ace.inherited_object_type(),
    ) {
        (false, ..) => String::new(),
        (true, _, Some(class)) => format!(", on each {} {depth}", kind(&class)),
        (true, true, None) => format!(", on everything {depth}"),
        (true, false, None) => format!(", on it and everything {depth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_what_and_where() {
        for (sddl, words) in [
            ("(A;;GA;;;SY)", "allow full control"),
            (
                "(A;CI;CCDCWP;;;SY)",
                "allow create, delete what is in it, write, on it and everything below",
            ),
            (
                "(OA;CI;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;SY)",
                "allow create, delete what is in it: user, on it and everything below",
            ),
            (
                "(OA;CIIO;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;SY)",
                "allow write: member, on each group below",
            ),
            (
                "(OD;CINPIO;CR;00299570-246d-11d0-a768-00aa006e0529;;SY)",
                "deny extended right: reset password, on everything right below",
            ),
            ("(XA;;0x200;;;SY;#61727478)", "on a condition allow 0x200"),
        ] {
            let ace: Ace = sddl.parse().unwrap();
            assert_eq!(rights_in_words(&ace), words, "{sddl}");
        }
    }
}
