//! Edits of a security descriptor: what they do not speak of stays byte for byte.

use super::SecurityDescriptor;
use crate::access_mask::AccessMask;
use crate::ace::Ace;
use crate::control::Control;
use crate::security_descriptor_error::SecurityDescriptorError;
use crate::sid::Sid;

impl SecurityDescriptor {
    /// Adds an ACE that allows `mask` to `sid`, as [`Acl::grant`](crate::Acl::grant) does; tells whether it was added.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn grant(&mut self, sid: Sid, mask: AccessMask) -> Result<bool, SecurityDescriptorError> {
        self.add(Ace::allow(sid, mask))
    }

    /// Takes back what [`Self::grant`] with the same arguments added; tells whether it was there.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::NoDacl`].
    pub fn revoke(&mut self, sid: Sid, mask: AccessMask) -> Result<bool, SecurityDescriptorError> {
        self.take(&Ace::allow(sid, mask))
    }

    /// Adds an ACE to the DACL, as [`Acl::add`](crate::Acl::add) does; tells whether it was added.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::NoDacl`], or [`SecurityDescriptorError::TooLarge`] when there is no room.
    pub fn add(&mut self, ace: Ace) -> Result<bool, SecurityDescriptorError> {
        let mut edited = self.clone();
        let dacl = edited.dacl.as_mut();
        let added = dacl.ok_or(SecurityDescriptorError::NoDacl)?.add(ace)?;
        *self = edited.checked()?;
        Ok(added)
    }

    /// Takes an ACE out of the DACL, as [`Acl::take`](crate::Acl::take) does; tells whether it was there.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::NoDacl`].
    pub fn take(&mut self, ace: &Ace) -> Result<bool, SecurityDescriptorError> {
        let dacl = self.dacl.as_mut();
        Ok(dacl.ok_or(SecurityDescriptorError::NoDacl)?.take(ace))
    }

    /// As [`Self::add`], of several; tells whether one was added. All of them or none.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_all(&mut self, aces: &[Ace]) -> Result<bool, SecurityDescriptorError> {
        let mut edited = self.clone();
        let mut added = false;
        for ace in aces {
            added |= edited.add(ace.clone())?;
        }
        *self = edited;
        Ok(added)
    }

    /// As [`Self::take`], of several; tells whether one was there.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::NoDacl`].
    pub fn take_all(&mut self, aces: &[Ace]) -> Result<bool, SecurityDescriptorError> {
        let mut there = false;
        for ace in aces {
            there |= self.take(ace)?;
        }
        Ok(there)
    }

    /// This descriptor with those parts of another one that are asked for; a DACL comes with its control bits.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] when it does not fit into [`Self::MAX_LEN`].
    pub fn with_parts_of(
        mut self,
        other: &Self,
        [owner, group, dacl]: [bool; 3],
    ) -> Result<Self, SecurityDescriptorError> {
        if owner {
            self.owner = other.owner;
        }
        if group {
            self.group = other.group;
        }
        if dacl {
            self.dacl.clone_from(&other.dacl);
            for bit in [
                Control::DACL_PRESENT,
                Control::DACL_AUTO_INHERIT_REQ,
                Control::DACL_AUTO_INHERITED,
                Control::DACL_PROTECTED,
            ] {
                self.control = self.control.with(bit, other.control.contains(bit));
            }
        }
        self.checked()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::any_descriptor;
    use super::*;
    use crate::acl::Acl;
    use crate::sid::tests::any_sid;
    use crate::wire::Reader;
    use proptest::prelude::*;

    #[test]
    fn several_go_in_together_or_none_does() {
        let ace = |mask| Ace::allow(Sid::EVERYONE, AccessMask(mask));
        let mut list = SecurityDescriptor::from_sddl("D:(A;;CC;;;WD)").unwrap();
        let before = list.clone();
        assert_eq!(list.add_all(&[ace(1), ace(2), ace(4)]), Ok(true));
        assert_eq!(list.add_all(&[ace(2), ace(4)]), Ok(false));
        assert_eq!(list.take_all(&[ace(2), ace(4)]), Ok(true));
        assert_eq!(list.take_all(&[ace(2)]), Ok(false));
        assert_eq!(list, before);

        let opaque = opaque(65_400);
        let acl = Acl::new(vec![opaque]).unwrap();
        let mut full = SecurityDescriptor::new(None, None, Some(acl)).unwrap();
        let before = full.clone();
        let many: Vec<_> = (1..100).map(ace).collect();
        assert!(matches!(
            full.add_all(&many),
            Err(SecurityDescriptorError::TooLarge(_))
        ));
        assert_eq!(full, before, "those that had room are not in it either");
    }

    #[test]
    fn a_full_list_refuses_one_more() {
        let mut full =
            SecurityDescriptor::new(None, None, Some(Acl::new(vec![opaque(65_500)]).unwrap()))
                .unwrap();
        let before = full.clone();
        assert!(matches!(
            full.grant(Sid::EVERYONE, AccessMask::READ_PROPERTY),
            Err(SecurityDescriptorError::TooLarge(_))
        ));
        assert_eq!(full, before);
    }

    /// An entry of a type that nobody knows.
    fn opaque(len: u16) -> Ace {
        let mut bytes = vec![99, 0];
        bytes.extend(len.to_le_bytes());
        bytes.resize(usize::from(len), 0);
        Ace::read(&mut Reader::new(&bytes)).unwrap()
    }

    proptest! {
        #[test]
        fn an_edit_leaves_every_other_ace_alone(descriptor in any_descriptor(), sid in any_sid(), mask: u32) {
            let mut edited = descriptor.clone();
            match edited.grant(sid, AccessMask(mask)) {
                Err(error) => prop_assert_eq!((error, descriptor.dacl()), (SecurityDescriptorError::NoDacl, None)),
                Ok(granted) => {
                    prop_assert_eq!(edited.grant(sid, AccessMask(mask)), Ok(false));
                    if granted {
                        prop_assert_eq!(edited.revoke(sid, AccessMask(mask)), Ok(true));
                    }
                    prop_assert_eq!(edited, descriptor);
                }
            }
        }
    }
}
