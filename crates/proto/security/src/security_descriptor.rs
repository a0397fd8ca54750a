//! Self-relative security descriptors.
//!
//! The parts may stand in any order, and Windows writes the DACL before the owner. The order that was found is
//! kept, so that a descriptor read and written without an edit is the same bytes.

mod edit;

use crate::ace::Ace;
use crate::acl::Acl;
use crate::control::Control;
use crate::security_descriptor_error::SecurityDescriptorError;
use crate::sid::Sid;
use crate::wire::Reader;

/// [MS-DTYP] 2.4.6 SECURITY_DESCRIPTOR, in its self-relative form.
///
/// INVARIANT: the encoded descriptor has at most [`SecurityDescriptor::MAX_LEN`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityDescriptor {
    control: Control,
    /// Sbz1, which holds resource manager control bits when SE_RM_CONTROL_VALID is set.
    rm_control: u8,
    owner: Option<Sid>,
    group: Option<Sid>,
    sacl: Option<Acl>,
    dacl: Option<Acl>,
    order: [Part; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Owner,
    Group,
    Sacl,
    Dacl,
}

impl SecurityDescriptor {
    /// Largest descriptor read or written, in bytes.
    pub const MAX_LEN: usize = 64 * 1024;
    const REVISION: u8 = 1;
    const HEADER_LEN: usize = 1 /* Revision */ + 1 /* Sbz1 */ + 2 /* Control */
        + 4 /* OffsetOwner */ + 4 /* OffsetGroup */ + 4 /* OffsetSacl */ + 4 /* OffsetDacl */;
    /// The order in which Windows lays out a descriptor that it makes itself self-relative.
    const WINDOWS_ORDER: [Part; 4] = [Part::Sacl, Part::Dacl, Part::Owner, Part::Group];

    /// Puts a descriptor together, laid out as Windows does: the lists before the SIDs.
    ///
    /// With `dacl` as `None` there is no DACL, and everyone is allowed everything; an empty list allows nothing.
    ///
    /// # Errors
    /// [`SecurityDescriptorError::TooLarge`] when it does not fit into [`Self::MAX_LEN`].
    pub fn new(
        owner: Option<Sid>,
        group: Option<Sid>,
        dacl: Option<Acl>,
    ) -> Result<Self, SecurityDescriptorError> {
        let control = Control::SELF_RELATIVE.with(Control::DACL_PRESENT, dacl.is_some());
        Self::with_control(control, owner, group, None, dacl)
    }

    pub(crate) fn with_control(
        control: Control,
        owner: Option<Sid>,
        group: Option<Sid>,
        sacl: Option<Acl>,
        dacl: Option<Acl>,
    ) -> Result<Self, SecurityDescriptorError> {
        Self {
            control,
            rm_control: 0,
            owner,
            group,
            sacl,
            dacl,
            order: Self::WINDOWS_ORDER,
        }
        .checked()
    }

    fn checked(self) -> Result<Self, SecurityDescriptorError> {
        match self.encoded_len() {
            len if len > Self::MAX_LEN => Err(SecurityDescriptorError::TooLarge(len)),
            _ => Ok(self),
        }
    }

    /// Reads a self-relative descriptor; bytes that no offset leads to are ignored.
    ///
    /// # Errors
    /// [`SecurityDescriptorError`] for anything that is not well-formed or larger than [`Self::MAX_LEN`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecurityDescriptorError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(SecurityDescriptorError::TooLarge(bytes.len()));
        }
        let mut header = Reader::new(bytes);
        let revision = header.u8()?;
        if revision != Self::REVISION {
            return Err(SecurityDescriptorError::Revision(revision));
        }
        let rm_control = header.u8()?;
        let control = Control(header.u16_le()?);
        if !control.contains(Control::SELF_RELATIVE) {
            return Err(SecurityDescriptorError::NotSelfRelative);
        }
        let (owner, group) = (header.len_u32_le()?, header.len_u32_le()?);
        let (sacl, dacl) = (header.len_u32_le()?, header.len_u32_le()?);

        let mut order = Self::WINDOWS_ORDER;
        order.sort_by_key(|part| match part {
            Part::Owner => owner,
            Part::Group => group,
            Part::Sacl => sacl,
            Part::Dacl => dacl,
        });
        let sid_at = |offset| read_part(bytes, offset, |reader| Ok(Sid::read(reader)?));
        let acl_at = |offset, present| match control.contains(present) {
            true => read_part(bytes, offset, Acl::read),
            false => Ok(None),
        };
        Self {
            control,
            rm_control,
            owner: sid_at(owner)?,
            group: sid_at(group)?,
            sacl: acl_at(sacl, Control::SACL_PRESENT)?,
            dacl: acl_at(dacl, Control::DACL_PRESENT)?,
            order,
        }
        .checked()
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.encoded_len());
        let (mut owner, mut group, mut sacl, mut dacl) = (0, 0, 0, 0);
        for part in self.order {
            let (slot, bytes) = match part {
                Part::Owner => (&mut owner, self.owner.map(|sid| sid.to_bytes())),
                Part::Group => (&mut group, self.group.map(|sid| sid.to_bytes())),
                Part::Sacl => (&mut sacl, self.sacl.as_ref().map(Acl::to_bytes)),
                Part::Dacl => (&mut dacl, self.dacl.as_ref().map(Acl::to_bytes)),
            };
            if let Some(bytes) = bytes {
                // It fits: see the invariant.
                *slot = u32::try_from(Self::HEADER_LEN + body.len()).unwrap_or(u32::MAX);
                body.extend(bytes);
            }
        }
        let mut bytes = Vec::with_capacity(self.encoded_len());
        bytes.extend([Self::REVISION, self.rm_control]);
        bytes.extend(self.control.0.to_le_bytes());
        bytes.extend(
            [owner, group, sacl, dacl]
                .iter()
                .flat_map(|offset: &u32| offset.to_le_bytes()),
        );
        bytes.append(&mut body);
        bytes
    }

    fn encoded_len(&self) -> usize {
        let sids = [self.owner, self.group]
            .iter()
            .flatten()
            .map(Sid::encoded_len)
            .sum::<usize>();
        let acls = [&self.sacl, &self.dacl]
            .iter()
            .filter_map(|acl| acl.as_ref())
            .map(Acl::encoded_len)
            .sum::<usize>();
        Self::HEADER_LEN + sids + acls
    }

    /// The control bits as they stand on the wire.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control
    }

    /// Who owns the object.
    #[must_use]
    pub fn owner(&self) -> Option<Sid> {
        self.owner
    }

    /// The object's primary group.
    #[must_use]
    pub fn group(&self) -> Option<Sid> {
        self.group
    }

    /// The audit rules.
    #[must_use]
    pub fn sacl(&self) -> Option<&Acl> {
        self.sacl.as_ref()
    }

    /// The access rules; `None` means that everyone is allowed everything.
    #[must_use]
    pub fn dacl(&self) -> Option<&Acl> {
        self.dacl.as_ref()
    }

    /// The ACEs of the DACL that stand on the object itself, not inherited, and name `sid`; none where there is no DACL.
    pub fn explicit_aces_of<'a>(&'a self, sid: &'a Sid) -> impl Iterator<Item = &'a Ace> {
        let aces = self.dacl().into_iter().flat_map(Acl::aces);
        aces.filter(|ace| ace.sid().as_ref() == Some(sid) && !ace.is_inherited())
    }
}

/// Reads the part at `offset`; offset 0 means that it is not there.
fn read_part<'a, T>(
    bytes: &'a [u8],
    offset: usize,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, SecurityDescriptorError>,
) -> Result<Option<T>, SecurityDescriptorError> {
    match offset {
        0 => Ok(None),
        offset if offset < SecurityDescriptor::HEADER_LEN => {
            Err(SecurityDescriptorError::Offset(offset))
        }
        offset => read(&mut Reader::at(bytes, offset)?).map(Some),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::access_mask::AccessMask;
    use crate::ace::tests::any_ace;
    use crate::sid::tests::any_sid;
    use proptest::prelude::*;

    pub(crate) fn any_descriptor() -> impl Strategy<Value = SecurityDescriptor> {
        let acl = || {
            let aces = proptest::collection::vec(any_ace(), 0..6);
            proptest::option::of(aces.prop_map(|aces| Acl::new(aces).unwrap()))
        };
        let sid = || proptest::option::of(any_sid());
        let order = Just(SecurityDescriptor::WINDOWS_ORDER).prop_shuffle();
        (any::<u16>(), sid(), sid(), acl(), acl(), order).prop_map(
            |(control, owner, group, sacl, dacl, order)| {
                let control = Control(control)
                    .with(Control::SELF_RELATIVE, true)
                    .with(Control::SACL_PRESENT, sacl.is_some())
                    .with(Control::DACL_PRESENT, dacl.is_some());
                SecurityDescriptor {
                    order,
                    ..SecurityDescriptor::with_control(control, owner, group, sacl, dacl).unwrap()
                }
            },
        )
    }

    #[test]
    fn a_null_dacl_is_not_an_empty_one() {
        let null = SecurityDescriptor::from_bytes(&[
            1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ])
        .unwrap();
        assert_eq!(null.dacl(), None);
        let empty = SecurityDescriptor::new(None, None, Some(Acl::new(vec![]).unwrap())).unwrap();
        assert_eq!(
            SecurityDescriptor::from_bytes(&empty.to_bytes())
                .unwrap()
                .dacl()
                .unwrap()
                .aces(),
            []
        );
        assert_eq!(
            null.clone().grant(Sid::EVERYONE, AccessMask::READ_PROPERTY),
            Err(SecurityDescriptorError::NoDacl)
        );
    }

    #[test]
    fn malformed_headers_are_refused() {
        let header = |revision, control, offset| {
            [
                revision, 0, 4, control, offset, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ]
        };
        let parse = |bytes: &[u8]| SecurityDescriptor::from_bytes(bytes).unwrap_err();
        assert_eq!(
            parse(&header(2, 0x80, 0)),
            SecurityDescriptorError::Revision(2)
        );
        assert_eq!(
            parse(&header(1, 0x00, 0)),
            SecurityDescriptorError::NotSelfRelative
        );
        assert_eq!(
            parse(&header(1, 0x80, 19)),
            SecurityDescriptorError::Offset(19)
        );
        assert!(matches!(
            parse(&header(1, 0x80, 21)),
            SecurityDescriptorError::Truncated(_)
        ));
        assert_eq!(
            parse(&[0; 65_537]),
            SecurityDescriptorError::TooLarge(65_537)
        );
    }

    proptest! {
        #[test]
        fn descriptors_round_trip(descriptor in any_descriptor()) {
            let bytes = descriptor.to_bytes();
            let read = SecurityDescriptor::from_bytes(&bytes).unwrap();
            prop_assert_eq!(read.to_bytes(), bytes);
            prop_assert_eq!(read.dacl(), descriptor.dacl());
            prop_assert_eq!(read.sacl(), descriptor.sacl());
            prop_assert_eq!((read.owner(), read.group()), (descriptor.owner(), descriptor.group()));
        }

        #[test]
        fn hostile_bytes_are_answered(descriptor in any_descriptor(), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut bytes = descriptor.to_bytes();
            for (index, value) in flips {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
            if let Ok(read) = SecurityDescriptor::from_bytes(&bytes) {
                let again = SecurityDescriptor::from_bytes(&read.to_bytes()).unwrap();
                prop_assert_eq!(again.to_bytes(), read.to_bytes());
                prop_assert_eq!(again.to_sddl(), read.to_sddl());
            }
        }
    }
}
