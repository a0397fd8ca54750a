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

    /// Adds the ACE that [`Ace::allow`] makes, as [`Acl::add`] does.
    ///
    /// # Errors
    /// As [`Acl::add`].
    pub fn grant(&mut self, sid: Sid, mask: AccessMask) -> Result<bool, SecurityDescriptorError> {
        self.add(Ace::allow(sid, mask))
    }

    /// Takes back what [`Acl::grant`] with the same arguments added, as [`Acl::take`] does.
    pub fn revoke(&mut self, sid: Sid, mask: AccessMask) -> bool {
        self.take(&Ace::allow(sid, mask))
    }

    /// Adds an ACE, unless the same is there; tells whether it was added. An object ACE raises the revision to 4.
    ///
    /// It goes to its place in Windows' canonical order, behind others of its kind; all others stay where they are.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] when there is no room for it.
    pub fn add(&mut self, ace: Ace) -> Result<bool, SecurityDescriptorError> {
        if self.aces.contains(&ace) {
            return Ok(false);
        }
        let len = self.encoded_len() + ace.encoded_len();
        if len > Self::MAX_LEN {
            return Err(SecurityDescriptorError::TooLarge(len));
        }
        if ace.ace_type().has_object_shape() {
            self.revision = Self::REVISION_DS;
        }
        let behind = |other: &Ace| other.rank() > ace.rank();
        let place = self.aces.iter().position(behind);
        self.aces.insert(place.unwrap_or(self.aces.len()), ace);
        Ok(true)
    }

    /// Takes out an ACE, and nothing that only resembles it; tells whether it was there.
    pub fn take(&mut self, ace: &Ace) -> bool {
        let Some(position) = self.aces.iter().rposition(|candidate| candidate == ace) else {
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

#[cfg(test)]
mod tests {
    use crate::{Ace, SecurityDescriptor};

    const GUID: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";

    fn after(list: &str, entry: &str) -> String {
        let mut list = SecurityDescriptor::from_sddl(list).unwrap();
        let before = list.clone();
        let ace: Ace = entry.parse().unwrap();
        assert!(list.add(ace.clone()).unwrap());
        assert!(!list.add(ace.clone()).unwrap(), "it is there");
        let text = list.to_sddl();
        assert!(list.take(&ace).unwrap());
        assert_eq!(list.dacl().unwrap().aces(), before.dacl().unwrap().aces());
        assert!(!list.take(&ace).unwrap(), "it is gone");
        text
    }

    #[test]
    fn an_entry_goes_to_its_place_and_moves_no_other() {
        let denied = "(D;;RP;;;AN)";
        let allowed = "(A;;RP;;;AU)";
        let object = format!("(OA;;WP;{GUID};;BA)");
        let inherited = "(A;ID;GA;;;SY)(D;ID;WP;;;AN)";
        let list = format!("D:{denied}{allowed}{object}{inherited}");
        let denial = format!("(OD;;WP;{GUID};;BG)");
        let expected = format!("D:{denied}{denial}{allowed}{object}{inherited}");
        assert_eq!(after(&list, &denial), expected);
        let expected = format!("D:{denied}{allowed}(A;CI;CC;;;BG){object}{inherited}");
        assert_eq!(after(&list, "(A;CI;CC;;;BG)"), expected);
        let member = format!("(OA;CIIO;WP;{GUID};;BG)");
        let expected = format!("D:{denied}{allowed}{object}{member}{inherited}");
        assert_eq!(after(&list, &member), expected);
        // One that nobody knows, and a list in another order than Windows': all stay where they are.
        let odd = format!("(0x63;;#0102){allowed}{denied}");
        assert_eq!(
            after(&format!("D:{odd}"), &denial),
            format!("D:{denial}{odd}")
        );
        assert_eq!(after("D:", allowed), format!("D:{allowed}"));
    }

    #[test]
    fn an_object_ace_raises_the_revision() {
        let mut list = SecurityDescriptor::from_sddl("D:(A;;RP;;;AU)").unwrap();
        assert_eq!(list.dacl().unwrap().revision(), 2);
        list.add(format!("(OA;;WP;{GUID};;BG)").parse().unwrap())
            .unwrap();
        assert_eq!(list.dacl().unwrap().revision(), 4);
        let read = SecurityDescriptor::from_bytes(&list.to_bytes()).unwrap();
        assert_eq!(read.to_sddl(), list.to_sddl());
        assert_eq!(read.to_bytes(), list.to_bytes());
    }

    #[test]
    fn an_entry_is_one_text_and_the_same_for_somebody_else() {
        for text in [
            "(A;CI;CCDCWP;;;AU)",
            "(OA;CIIO;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;AU)",
            "(XA;;RP;;;AU;#61727478)",
        ] {
            let ace: Ace = text.parse().unwrap();
            assert_eq!(ace.to_string(), text);
            let other = ace.for_trustee("S-1-5-9".parse().unwrap()).unwrap();
            assert_eq!(other.to_string(), text.replace(";AU", ";ED"));
            let json = serde_json::to_string(&ace).unwrap();
            assert_eq!(serde_json::from_str::<Ace>(&json).unwrap(), ace);
        }
        let unknown: Ace = "(0x63;;#0102)".parse().unwrap();
        assert!(unknown.for_trustee("S-1-5-9".parse().unwrap()).is_none());
        for text in [
            "",
            "()",
            "A;;RP;;;AU",
            "(A;;RP;;;AU)(A;;RP;;;AU)",
            "(A;;RP;;;)",
        ] {
            assert!(text.parse::<Ace>().is_err(), "{text:?}");
        }
    }
}
