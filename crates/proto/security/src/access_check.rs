//! Whether a security descriptor lets a caller in.

use crate::access_mask::AccessMask;
use crate::ace::{Ace, AceFlags, AceType};
use crate::security_descriptor::SecurityDescriptor;
use crate::sid::Sid;

/// What one ACE does to the rights that are still wanted.
enum Effect {
    Allows(AccessMask),
    Denies(AccessMask),
    Nothing,
}

impl SecurityDescriptor {
    /// [MS-DTYP] 2.5.3.2 Access Check Algorithm Pseudocode, for the object as a whole: whether a caller whose token
    /// holds the SIDs `token` gets all of `wanted`.
    ///
    /// ```text
    /// remaining = wanted;  for each ACE, in order:
    ///     denies any of remaining to a SID of the token → denied
    ///     allows to a SID of the token → remaining &= ~mask;  remaining == 0 → allowed
    /// ```
    ///
    /// The order of the list decides: a denial behind the ACE that allows is too late. An ACE for one object type
    /// only says nothing about the whole. Conditions are not evaluated, to the caller's disadvantage: they never
    /// allow and always deny. The owner may read and change the DACL, and nothing more.
    #[must_use]
    pub fn allows(&self, wanted: AccessMask, token: &[Sid]) -> bool {
        let Some(dacl) = self.dacl() else {
            return true; // No DACL: everyone is allowed everything.
        };
        let mut remaining = wanted.without(self.owner_rights(token));
        for ace in dacl.aces() {
            if remaining == AccessMask(0) {
                break;
            }
            match effect(ace, token) {
                Effect::Denies(mask) if mask.intersects(remaining) => return false,
                Effect::Allows(mask) => remaining = remaining.without(mask),
                Effect::Denies(_) | Effect::Nothing => {}
            }
        }
        remaining == AccessMask(0)
    }

    /// READ_CONTROL and WRITE_DAC for the owner, unless an ACE for Owner Rights (S-1-3-4) rules otherwise.
    fn owner_rights(&self, token: &[Sid]) -> AccessMask {
        let is_owner = self.owner().is_some_and(|owner| token.contains(&owner));
        let overruled = self.dacl().is_some_and(|dacl| {
            dacl.aces()
                .iter()
                .any(|ace| ace.sid() == Some(Sid::OWNER_RIGHTS) && applies_here(ace))
        });
        if is_owner && !overruled {
            AccessMask::READ_CONTROL | AccessMask::WRITE_DAC
        } else {
            AccessMask(0)
        }
    }
}

fn applies_here(ace: &Ace) -> bool {
    !ace.flags().contains(AceFlags::INHERIT_ONLY)
}

fn effect(ace: &Ace, token: &[Sid]) -> Effect {
    let (Some(sid), Some(mask)) = (ace.sid(), ace.mask()) else {
        return Effect::Nothing;
    };
    if !applies_here(ace) || !token.contains(&sid) || ace.object_type().is_some() {
        return Effect::Nothing;
    }
    match ace.ace_type() {
        AceType::ACCESS_ALLOWED | AceType::ACCESS_ALLOWED_OBJECT => Effect::Allows(mask),
        AceType::ACCESS_DENIED
        | AceType::ACCESS_DENIED_OBJECT
        | AceType::ACCESS_DENIED_CALLBACK
        | AceType::ACCESS_DENIED_CALLBACK_OBJECT => Effect::Denies(mask),
        _ => Effect::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "S-1-5-21-1-2-3-1104";
    const HOSTS: &str = "S-1-5-21-1-2-3-1105";

    /// Whether Alice, a member of the hosts group, may read properties.
    fn alice_may_read(dacl: &str) -> bool {
        let dacl = dacl.replace("ALICE", ALICE).replace("HOSTS", HOSTS);
        let descriptor = SecurityDescriptor::from_sddl(&format!("O:BAD:{dacl}")).unwrap();
        descriptor.allows(
            AccessMask::READ_PROPERTY,
            &[ALICE, HOSTS].map(|sid| sid.parse().unwrap()),
        )
    }

    #[test]
    fn the_first_ace_that_speaks_decides() {
        for (dacl, allowed) in [
            ("", false),
            ("NO_ACCESS_CONTROL", true),
            ("(A;;RP;;;ALICE)", true),
            ("(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;HOSTS)", true),
            ("(A;;WP;;;ALICE)", false),
            ("(A;;RP;;;S-1-5-21-1-2-3-9999)", false),
            ("(D;;RP;;;HOSTS)(A;;RP;;;ALICE)", false),
            ("(A;;RP;;;ALICE)(D;;RP;;;HOSTS)", true),
            ("(D;;WP;;;HOSTS)(A;;RP;;;ALICE)", true),
            ("(D;IO;RP;;;HOSTS)(A;;RP;;;ALICE)", true),
            ("(A;IO;RP;;;ALICE)", false),
            (
                "(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;ALICE)",
                false,
            ),
            ("(OA;;RP;;;ALICE)", true),
            (
                "(OD;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;ALICE)(A;;RP;;;ALICE)",
                true,
            ),
            ("(XA;;RP;;;ALICE;#61727478)", false),
            ("(XD;;RP;;;ALICE;#61727478)(A;;RP;;;ALICE)", false),
        ] {
            assert_eq!(alice_may_read(dacl), allowed, "{dacl}");
        }
    }

    #[test]
    fn rights_may_come_from_several_aces() {
        let descriptor = SecurityDescriptor::from_sddl("D:(A;;RP;;;WD)(A;;WP;;;AU)").unwrap();
        let both = AccessMask::READ_PROPERTY | AccessMask::WRITE_PROPERTY;
        assert!(descriptor.allows(both, &[Sid::EVERYONE, Sid::AUTHENTICATED_USERS]));
        assert!(!descriptor.allows(both, &[Sid::EVERYONE]));
    }

    #[test]
    fn the_owner_may_change_the_dacl_but_not_read_properties() {
        let owned = SecurityDescriptor::from_sddl("O:BAD:").unwrap();
        let token = [Sid::BUILTIN_ADMINISTRATORS];
        assert!(owned.allows(AccessMask::READ_CONTROL | AccessMask::WRITE_DAC, &token));
        assert!(!owned.allows(AccessMask::READ_PROPERTY, &token));
        let limited = SecurityDescriptor::from_sddl("O:BAD:(A;;RC;;;OW)").unwrap();
        assert!(!limited.allows(AccessMask::WRITE_DAC, &token));
    }
}
