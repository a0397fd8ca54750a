//! Access control lists.

use crate::access_mask::AccessMask;
use crate::ace::{Ace, AceFlags, AceType};
use crate::security_descriptor_error::SecurityDescriptorError;
use crate::sid::Sid;
use crate::wire::Reader;

/// [MS-DTYP] 2.4.5 ACL: ACEs in the order in which they are evaluated.
///
/// INVARIANT: the encoded list fits into its 16-bit AclSize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acl {
    revision: u8,
    aces: Vec<Ace>,
}

impl Acl {
    /// ACL_REVISION: no object ACEs.
    pub(crate) const REVISION: u8 = 0x02;
    /// ACL_REVISION_DS: object ACEs may be there. Windows writes it for every directory ACL.
    pub(crate) const REVISION_DS: u8 = 0x04;
    const HEADER_LEN: usize = 1 /* AclRevision */ + 1 /* Sbz1 */ + 2 /* AclSize */ + 2 /* AceCount */ + 2 /* Sbz2 */;
    const MAX_LEN: usize = u16::MAX as usize;

    /// Puts ACEs into a list, in this order; the revision is 4 when one of them is an object ACE, else 2.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] when they need more than 65,535 bytes.
    pub fn new(aces: Vec<Ace>) -> Result<Self, SecurityDescriptorError> {
        let has_object_ace = aces.iter().any(|ace| ace.ace_type().has_object_shape());
        Self::with_revision(
            if has_object_ace {
                Self::REVISION_DS
            } else {
                Self::REVISION
            },
            aces,
        )
    }

    pub(crate) fn with_revision(
        revision: u8,
        aces: Vec<Ace>,
    ) -> Result<Self, SecurityDescriptorError> {
        let acl = Self { revision, aces };
        match acl.encoded_len() {
            len if len > Self::MAX_LEN => Err(SecurityDescriptorError::TooLarge(len)),
            _ => Ok(acl),
        }
    }

    /// AclRevision: 2, or 4 for directory objects.
    #[must_use]
    pub fn revision(&self) -> u8 {
        self.revision
    }

    /// The ACEs, first evaluated first.
    #[must_use]
    pub fn aces(&self) -> &[Ace] {
        &self.aces
    }

    /// Adds the ACE that [`Ace::allow`] makes, unless it is there; tells whether it was added.
    ///
    /// It goes behind the other explicit ACEs and before the inherited ones: Windows' canonical order.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] when there is no room for it.
    pub fn grant(&mut self, sid: Sid, mask: AccessMask) -> Result<bool, SecurityDescriptorError> {
        let ace = Ace::allow(sid, mask);
        if self.aces.contains(&ace) {
            return Ok(false);
        }
        let len = self.encoded_len() + ace.encoded_len();
        if len > Self::MAX_LEN {
            return Err(SecurityDescriptorError::TooLarge(len));
        }
        let inherited = |ace: &Ace| ace.flags().contains(AceFlags::INHERITED);
        let end_of_explicit = self
            .aces
            .iter()
            .position(inherited)
            .unwrap_or(self.aces.len());
        self.aces.insert(end_of_explicit, ace);
        Ok(true)
    }

    /// Takes back what [`Acl::grant`] with the same arguments added, and nothing that only resembles it;
    /// tells whether it was there.
    pub fn revoke(&mut self, sid: Sid, mask: AccessMask) -> bool {
        let ace = Ace::allow(sid, mask);
        let Some(position) = self.aces.iter().rposition(|candidate| *candidate == ace) else {
            return false;
        };
        self.aces.remove(position);
        true
    }

    /// Reads one list; AclSize bounds it, and bytes in it behind the last ACE are dropped.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SecurityDescriptorError> {
        let revision = reader.u8()?;
        let _sbz1 = reader.u8()?;
        let size = reader.u16_le()?;
        let count = reader.u16_le()?;
        let _sbz2 = reader.u16_le()?;
        if !matches!(revision, Self::REVISION..=Self::REVISION_DS) {
            return Err(SecurityDescriptorError::AclRevision(revision));
        }
        let body_len = usize::from(size)
            .checked_sub(Self::HEADER_LEN)
            .ok_or(SecurityDescriptorError::AclSize(size))?;
        let mut body = Reader::new(reader.take(body_len)?);
        let aces = (0..count)
            .map(|_| Ace::read(&mut body))
            .collect::<Result<_, _>>()?;
        Ok(Self { revision, aces })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Both fit: see the invariant; an ACE has at least four bytes.
        let size = u16::try_from(self.encoded_len()).unwrap_or(u16::MAX);
        let count = u16::try_from(self.aces.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(self.encoded_len());
        bytes.extend([self.revision, 0 /* Sbz1 */]);
        bytes.extend(size.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend([0, 0] /* Sbz2 */);
        self.aces.iter().for_each(|ace| ace.write(&mut bytes));
        bytes
    }

    pub(crate) fn encoded_len(&self) -> usize {
        Self::HEADER_LEN + self.aces.iter().map(Ace::encoded_len).sum::<usize>()
    }

    /// Whether the list only says who is allowed: no denial, condition, object, inheritance or unknown type.
    #[must_use]
    pub fn is_plain_allow_list(&self) -> bool {
        self.aces.iter().all(Ace::is_plain_allow)
    }

    /// Who is named by an allowing ACE that applies to the object itself and has all of `rights`, in list order
    /// and once each. A denial elsewhere in the list may still win: ask [`crate::SecurityDescriptor::allows`].
    #[must_use]
    pub fn trustees_allowed(&self, rights: AccessMask) -> Vec<Sid> {
        let mut trustees = Vec::new();
        for ace in &self.aces {
            let applies = ace.ace_type() == AceType::ACCESS_ALLOWED
                && !ace.flags().contains(AceFlags::INHERIT_ONLY);
            let sid = ace
                .sid()
                .filter(|_| applies && ace.mask().is_some_and(|mask| mask.contains(rights)));
            trustees.extend(sid.filter(|sid| !trustees.contains(sid)));
        }
        trustees
    }
}
