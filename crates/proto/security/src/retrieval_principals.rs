//! The principals allowed to retrieve a managed password, as Windows writes them.

use crate::access_mask::AccessMask;
use crate::ace::Ace;
use crate::acl::Acl;
use crate::security_descriptor::SecurityDescriptor;
use crate::security_descriptor_error::SecurityDescriptorError;
use crate::sid::Sid;

impl SecurityDescriptor {
    /// A value for `msDS-GroupMSAMembership` that lets `principals` retrieve the managed password.
    ///
    /// `O:BAD:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;<principal>)…`, byte for byte what Windows' New-ADServiceAccount
    /// writes: no group, control 0x8004, ACL revision 4, the DACL before the owner.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] from about 1,800 principals on.
    pub fn for_retrieval_principals(principals: &[Sid]) -> Result<Self, SecurityDescriptorError> {
        let aces = principals
            .iter()
            .map(|principal| Ace::allow(*principal, AccessMask::FULL_CONTROL))
            .collect();
        let dacl = Acl::with_revision(Acl::REVISION_DS, aces)?;
        Self::new(Some(Sid::BUILTIN_ADMINISTRATORS), None, Some(dacl))
    }

    /// The principals that the DACL names as allowed to retrieve a managed password, in list order and once each.
    ///
    /// Only the whole truth when [`Acl::is_plain_allow_list`] holds; [`SecurityDescriptor::allows`] always decides.
    #[must_use]
    pub fn retrieval_principals(&self) -> Vec<Sid> {
        self.dacl()
            .map(|dacl| dacl.trustees_allowed(AccessMask::READ_PROPERTY))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sid::tests::any_sid;
    use proptest::prelude::*;

    #[test]
    fn denied_and_inherit_only_trustees_are_not_listed() {
        let sddl = "O:BAD:(D;;RP;;;AN)(A;IO;RP;;;AU)(A;;WP;;;WD)(A;;RP;;;SY)(A;;RPCR;;;SY)(XA;;RP;;;BU;#61727478)";
        let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
        assert_eq!(descriptor.retrieval_principals(), [Sid::LOCAL_SYSTEM]);
        assert!(!descriptor.dacl().unwrap().is_plain_allow_list());
    }

    proptest! {
        #[test]
        fn the_list_that_was_written_is_read(principals in proptest::collection::hash_set(any_sid(), 0..20)) {
            let principals: Vec<Sid> = principals.into_iter().collect();
            let descriptor = SecurityDescriptor::for_retrieval_principals(&principals).unwrap();
            let read = SecurityDescriptor::from_bytes(&descriptor.to_bytes()).unwrap();
            prop_assert!(read.dacl().unwrap().is_plain_allow_list());
            prop_assert!(principals.iter().all(|principal| read.allows(AccessMask::READ_PROPERTY, &[*principal])));
            prop_assert_eq!(read.retrieval_principals(), principals);
        }
    }
}
