//! Search filters, as text.

use crate::differential::random::Random;

/// A filter; `target` is the name of some object.
pub fn filter(random: &mut Random, target: &str, depth: usize) -> String {
    if depth > 0 && random.chance(30) {
        let one = filter(random, target, depth - 1);
        let other = filter(random, target, depth - 1);
        return match random.below(5) {
            0 | 1 => format!("(&{one}{other})"),
            2 | 3 => format!("(|{one}{other})"),
            _ => format!("(!{one})"),
        };
    }
    let target = escaped(target);
    let bit_and = "1.2.840.113556.1.4.803";
    let bit_or = "1.2.840.113556.1.4.804";
    let in_chain = "1.2.840.113556.1.4.1941";
    let bits = random.pick(&["2", "512", "4096", "65536", "2147483648", "0"]);
    match random.below(30) {
        0 | 1 => "(objectClass=*)".to_owned(),
        2 => format!(
            "(objectClass={})",
            random.pick(&["user", "group", "computer", "top", "person", "noSuchClass"])
        ),
        3 => format!(
            "(objectCategory={})",
            random.pick(&["person", "computer", "group", "user", "organizationalUnit"])
        ),
        4 => format!(
            "(sAMAccountName={})",
            random.pick(&[
                "{tag}u1",
                "{tag}U1",
                "{tag}c1$",
                "{tag}*",
                "{tag}*1*",
                "{tag}*g*2"
            ])
        ),
        5 => format!(
            "(servicePrincipalName={})",
            random.pick(&["HTTP/{tag}a", "http/*", "*"])
        ),
        6 => format!("(userAccountControl:{bit_and}:={bits})"),
        7 => format!("(userAccountControl:{bit_or}:={bits})"),
        8 => format!("(groupType:{bit_and}:={bits})"),
        9 | 10 => format!("(memberOf:{in_chain}:={target})"),
        11 | 12 => format!("(member:{in_chain}:={target})"),
        13 => format!("(member={target})"),
        14 => format!("(memberOf={target})"),
        15 => format!("(distinguishedName={target})"),
        16 => "(member=*)".to_owned(),
        17 => "(memberOf=*)".to_owned(),
        18 => format!(
            "(description={})",
            random.pick(&["one", "ONE", "*o*", "two words", "t*s"])
        ),
        19 => format!(
            "(userAccountControl>={})",
            random.pick(&["512", "4096", "0"])
        ),
        20 => format!(
            "(userAccountControl<={})",
            random.pick(&["512", "4096", "600"])
        ),
        21 => format!("(name>={})", random.pick(&["g", "M1"])),
        22 => format!("(noSuchAttribute={})", random.pick(&["x", "*"])),
        23 => format!("(cn~={})", random.pick(&["u1", "U2"])),
        24 => format!(
            "(cn={})",
            random.pick(&["u1", "M1", "g*", "Ü 4, x", "ü 4, X"])
        ),
        25 => format!(
            "(primaryGroupID={})",
            random.pick(&["513", "515", "514", "0"])
        ),
        26 => format!(
            "(msDS-ManagedPasswordInterval={})",
            random.pick(&["30", "*", "1"])
        ),
        27 => "(msDS-GroupMSAMembership=*)".to_owned(),
        28 => format!(
            "(objectSid={})",
            random.pick(&["{sid:CN=u1,{ou}:}", "{sid:reader:}", "x"])
        ),
        _ => format!(
            "(sAMAccountType={})",
            random.pick(&["805306368", "805306369", "268435456"])
        ),
    }
}

/// RFC 4515 section 3: what a value may not hold as it is.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\5c")
}
