//! Values for attributes: usual ones, odd ones, and some of a wrong syntax.

use super::Class;
use crate::differential::operation::Value;
use crate::differential::random::Random;

const OF_ALL: &[&str] = &[
    "description",
    "displayName",
    "info",
    "objectClass",
    "cn",
    "name",
];
const OF_ACCOUNTS: &[&str] = &[
    "userAccountControl",
    "servicePrincipalName",
    "servicePrincipalName",
    "sAMAccountName",
    "userPrincipalName",
    "msDS-AllowedToDelegateTo",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "msDS-SupportedEncryptionTypes",
    "accountExpires",
    "pwdLastSet",
    "unicodePwd",
    "primaryGroupID",
    "manager",
    "lockoutTime",
];
const OF_GMSAS: &[&str] = &[
    "msDS-GroupMSAMembership",
    "msDS-GroupMSAMembership",
    "msDS-ManagedPasswordInterval",
    "dNSHostName",
    "msDS-ManagedPasswordId",
    "msDS-ManagedPassword",
];
const OF_COMPUTERS: &[&str] = &["dNSHostName", "operatingSystem", "msDS-HostServiceAccount"];
const OF_GROUPS: &[&str] = &[
    "member",
    "member",
    "member",
    "groupType",
    "sAMAccountName",
    "managedBy",
    "mail",
];

/// An attribute that objects of this class have, mostly.
pub fn attribute(random: &mut Random, class: Class) -> &'static str {
    let own = lists(class);
    let everything = &[OF_ACCOUNTS, OF_GROUPS, OF_GMSAS, OF_COMPUTERS];
    let lists: &[&[&str]] = if random.chance(5) { everything } else { own };
    let list = random.pick(lists);
    random.pick(list)
}

fn lists(class: Class) -> &'static [&'static [&'static str]] {
    match class {
        Class::User => &[OF_ACCOUNTS, OF_ACCOUNTS, OF_ALL],
        Class::Computer => &[OF_ACCOUNTS, OF_COMPUTERS, OF_ALL],
        Class::Gmsa => &[OF_ACCOUNTS, OF_GMSAS, OF_GMSAS, OF_ALL],
        Class::Group => &[OF_GROUPS, OF_GROUPS, OF_ALL],
        Class::Unit | Class::Contact => &[OF_ALL],
    }
}

/// Whether objects of this class have the attribute. A wrong value of one that they do not have is two mistakes, and
/// which of them is told is open.
pub fn is_of(attribute: &str, class: Class) -> bool {
    let of_no_unit = attribute == "info" && class == Class::Unit;
    !of_no_unit && lists(class).iter().any(|list| list.contains(&attribute))
}

/// An attribute that only the domain controller writes, with a value of its syntax.
pub fn system_only(random: &mut Random) -> (&'static str, Vec<Value>) {
    let (attribute, value) = random.pick(&[
        ("objectGUID", "0123456789abcdef"),
        ("whenCreated", "20200101000000.0Z"),
        ("uSNChanged", "12"),
        ("memberOf", "CN=g1,{ou}"),
        ("distinguishedName", "CN=x,{ou}"),
        ("isCriticalSystemObject", "TRUE"),
        ("tokenGroups", "x"),
        ("canonicalName", "x"),
    ]);
    (attribute, vec![Value::from(value)])
}

/// A `userAccountControl` without the bits of a computer.
pub fn control_of_people(random: &mut Random) -> Value {
    Value::from(random.pick(&[
        "514", "544", "546", "66050", "590338", "2097666", "4260354", "1049090", "524802",
        "16777730",
    ]))
}

/// A value of an attribute; `target` is the name of some object. An odd one may be wrong in itself.
pub fn value(random: &mut Random, attribute: &str, target: &str, odd: bool) -> Value {
    let (usual, wrong): (&[&str], &[&str]) = match attribute {
        "description" | "displayName" | "info" | "mail" | "operatingSystem" => {
            (&["one", "ONE", "two words", "ünï ", "one"], &[""])
        }
        "name" | "cn" => (&["one", "ONE", "u1"], &[""]),
        "objectClass" => (&["user", "group", "computer", "top"], &["noSuchClass"]),
        "userAccountControl" if !odd && random.chance(85) => return control_of_people(random),
        "userAccountControl" => (
            &["4098", "4128"],
            &["512", "4096", "0", "2", "-1", "x", "4608", "2048"],
        ),
        "servicePrincipalName" => (
            &[
                "HTTP/{tag}a",
                "http/{tag}A",
                "HOST/{tag}a",
                "cifs/{tag}a",
                "HTTP/{tag}a:8080",
                "PCNSCLNT/{tag}b.contoso.com",
                "MSSQLSvc/{tag}b:1433",
                "MSSQLSvc/{tag}b:1433/contoso.com",
            ],
            &["nonsense", "", "a/b/c/d"],
        ),
        "sAMAccountName" => (
            &["{tag}u1", "{tag}G2", "{tag}c1$", "{tag}new", "{tag}new$"],
            &[""],
        ),
        "userPrincipalName" => (
            &[
                "{tag}u1@contoso.com",
                "{tag}u2@contoso.com",
                "{tag}x@contoso.com",
            ],
            &["{tag}x", ""],
        ),
        "msDS-AllowedToDelegateTo" => (&["HTTP/{tag}a", "cifs/other.contoso.com"], &["nonsense"]),
        "msDS-SupportedEncryptionTypes" => (&["24", "28", "0", "4"], &["-1", "4294967295", "x"]),
        "accountExpires" => (
            &["0", "9223372036854775807", "116444736000000000"],
            &["-1", "x"],
        ),
        "pwdLastSet" => (&["0", "-1"], &["1"]),
        "lockoutTime" => (&["0"], &["1", "x"]),
        "primaryGroupID" => (&["513", "515"], &["512", "514", "99999", "x"]),
        "groupType" => (
            &["-2147483646", "-2147483644", "-2147483640", "2", "4", "8"],
            &["0", "99", "-2147483643"],
        ),
        "msDS-ManagedPasswordInterval" => (&["30", "1"], &["0", "-5", "x"]),
        "dNSHostName" => (&["{tag}a.contoso.com", "{tag}b.contoso.com"], &["x", ""]),
        "member" | "managedBy" | "manager" | "msDS-HostServiceAccount" if !odd => {
            return Value::Text(target.to_owned());
        }
        "member" | "managedBy" | "manager" | "msDS-HostServiceAccount" => {
            (&["CN=nobody,{ou}"], &["nonsense"])
        }
        "msDS-GroupMSAMembership" | "msDS-AllowedToActOnBehalfOfOtherIdentity" => {
            return match odd {
                true => Value::Bytes(vec![1, 0, 4]),
                false => descriptor(random, target),
            };
        }
        "unicodePwd" => {
            return match random.below(3) {
                _ if !odd => Value::Password("Throw-away 7!"),
                0 => Value::from("not in quotes"),
                1 => Value::Password("short"),
                _ => Value::Password("Another One 8?"),
            };
        }
        _ => (&["x"], &["x"]),
    };
    Value::from(random.pick(if odd { wrong } else { usual }))
}

fn descriptor(random: &mut Random, target: &str) -> Value {
    let sddl = random.pick(&[
        "O:BAD:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;{sid:reader:})",
        "O:BAD:(A;;RP;;;{sid:readers:})",
        "O:SYD:(D;;RP;;;{sid:readers:})(A;;RP;;;AU)",
        "O:SYD:(A;;WP;;;{sid:reader:})",
        "O:{sid:reader:}D:",
        "O:BAD:(A;;RP;;;{sid:stranger:})(A;;RP;;;{sid:TARGET:})",
        "O:BAD:(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;{sid:reader:})",
    ]);
    Value::Descriptor(sddl.replace("TARGET", target))
}
