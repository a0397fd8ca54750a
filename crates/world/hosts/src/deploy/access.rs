//! Who else may write where the agent is: nobody but administrators, the system, and who put it there.

use security::{AccessMask, Ace, AceFlags, AceType, SecurityDescriptor, Sid};

/// CREATOR OWNER: who makes a file in the folder, and that is one of those who may.
const CREATOR_OWNER: &str = "S-1-3-0";

/// The rights that let somebody change a file, what a folder holds, or who has rights ([MS-DTYP] 2.4.3, "ACCESS_MASK";
/// [MS-SMB2] 2.2.13.1, "SMB2 Access Mask Encoding").
const CHANGING: AccessMask = AccessMask(
    0x0002 // FILE_WRITE_DATA, FILE_ADD_FILE
        | 0x0004 // FILE_APPEND_DATA, FILE_ADD_SUBDIRECTORY
        | 0x0010 // FILE_WRITE_EA
        | 0x0040 // FILE_DELETE_CHILD
        | 0x0100 // FILE_WRITE_ATTRIBUTES
        | 0x0001_0000 // DELETE
        | 0x0004_0000 // WRITE_DAC
        | 0x0008_0000 // WRITE_OWNER
        | 0x0200_0000 // MAXIMUM_ALLOWED
        | 0x1000_0000 // GENERIC_ALL
        | 0x4000_0000, // GENERIC_WRITE
);

/// Who, beside administrators, the system and `operator`, may change what has this descriptor; in words.
pub(super) fn exposure(descriptor: &SecurityDescriptor, operator: Sid) -> Option<String> {
    let trusted =
        |sid: Sid| [Sid::BUILTIN_ADMINISTRATORS, Sid::LOCAL_SYSTEM, operator].contains(&sid);
    match descriptor.owner() {
        Some(owner) if trusted(owner) => {}
        Some(owner) => return Some(format!("its owner {owner}")),
        None => return Some("its owner, who is not told,".to_owned()),
    }
    let Some(dacl) = descriptor.dacl() else {
        return Some("everybody (it has no access list)".to_owned());
    };
    let opened = |ace: &Ace| match (allows(ace.ace_type()), ace.mask(), ace.sid()) {
        (Some(false), ..) => None,
        (Some(true), Some(mask), Some(sid)) => {
            let inherited_only = ace.flags().contains(AceFlags::INHERIT_ONLY);
            let creator = inherited_only && sid.to_string() == CREATOR_OWNER;
            let opens = mask.intersects(CHANGING) && !trusted(sid) && !creator;
            opens.then(|| named(sid))
        }
        _ => Some("somebody (it has an access rule that is not understood)".to_owned()),
    };
    dacl.aces().iter().find_map(opened)
}

/// Whether rules of this type give something; `None` for one that is not known.
fn allows(kind: AceType) -> Option<bool> {
    match kind {
        AceType::ACCESS_ALLOWED
        | AceType::ACCESS_ALLOWED_OBJECT
        | AceType::ACCESS_ALLOWED_CALLBACK
        | AceType::ACCESS_ALLOWED_CALLBACK_OBJECT => Some(true),
        AceType::ACCESS_DENIED
        | AceType::ACCESS_DENIED_OBJECT
        | AceType::ACCESS_DENIED_CALLBACK
        | AceType::ACCESS_DENIED_CALLBACK_OBJECT => Some(false),
        _ => None,
    }
}

/// The well-known ones by name, too ([MS-DTYP] 2.4.2.4, "Well-Known SID Structures").
fn named(sid: Sid) -> String {
    let name = match sid.to_string().as_str() {
        "S-1-1-0" => "Everyone",
        "S-1-5-11" => "Authenticated Users",
        "S-1-5-4" => "Interactive",
        "S-1-5-32-545" => "Users",
        "S-1-5-32-547" => "Power Users",
        _ => return sid.to_string(),
    };
    format!("{name} ({sid})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(sddl: &str) -> Option<String> {
        let operator = "S-1-5-21-1-2-3-500".parse().unwrap();
        exposure(&SecurityDescriptor::from_sddl(sddl).unwrap(), operator)
    }

    #[test]
    fn what_only_administrators_write_is_safe() {
        for sddl in [
            "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
            // Read and execute for users, and what a program files folder has for creators.
            "O:SYD:(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GA;;;S-1-3-0)",
            "O:S-1-5-21-1-2-3-500D:(A;;FA;;;S-1-5-21-1-2-3-500)",
            "O:BAD:(D;;FA;;;WD)",
            "O:BAD:",
        ] {
            assert_eq!(exposed(sddl), None, "{sddl}");
        }
    }

    #[test]
    fn whoever_else_may_write_is_named() {
        for (sddl, who) in [
            (
                "O:BAD:(A;OICI;FA;;;BA)(A;CI;0x2;;;BU)",
                "Users (S-1-5-32-545)",
            ),
            ("O:BAD:(A;;FA;;;WD)", "Everyone (S-1-1-0)"),
            ("O:BAD:(A;OICIIO;GW;;;AU)", "Authenticated Users (S-1-5-11)"),
            ("O:BAD:(A;;FA;;;S-1-3-0)", "S-1-3-0"),
            ("O:BAD:(A;;WD;;;S-1-5-21-1-2-3-1104)", "S-1-5-21-1-2-3-1104"),
            (
                "O:S-1-5-21-1-2-3-1104D:(A;;FA;;;BA)",
                "its owner S-1-5-21-1-2-3-1104",
            ),
            ("D:(A;;FA;;;BA)", "its owner, who is not told,"),
            (
                "O:BAD:NO_ACCESS_CONTROL",
                "everybody (it has no access list)",
            ),
            ("O:BA", "everybody (it has no access list)"),
            ("O:BAD:(XA;;FA;;;WD;#61727478)", "Everyone (S-1-1-0)"),
            (
                "O:BAD:(0x63;;#0102ff)",
                "somebody (it has an access rule that is not understood)",
            ),
        ] {
            assert_eq!(exposed(sddl).as_deref(), Some(who), "{sddl}");
        }
    }
}
