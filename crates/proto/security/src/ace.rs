//! Access control entries: typed where they are known, byte for byte where they are not.

mod body;

use crate::access_mask::AccessMask;
use crate::guid::Guid;
use crate::sid::{Sid, SidError};
use crate::wire::{Reader, Truncated};

pub(crate) use body::AceBody;

/// [MS-DTYP] 2.4.4 ACE: one rule of an access control list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ace {
    ace_type: AceType,
    flags: AceFlags,
    body: AceBody,
}

/// AceType of 2.4.4.1 ACE_HEADER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AceType(pub u8);

/// AceFlags of 2.4.4.1 ACE_HEADER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AceFlags(pub u8);

/// Why bytes are not an ACE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AceError {
    /// The bytes end inside the ACE.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// AceSize is smaller than the header it counts.
    #[error("ace size {0} is smaller than its own header")]
    Size(u16),
    /// The trustee is no SID.
    #[error("the trustee of an ace is malformed")]
    Sid(#[from] SidError),
}

impl AceType {
    /// ACCESS_ALLOWED_ACE_TYPE.
    pub const ACCESS_ALLOWED: Self = Self(0x00);
    /// ACCESS_DENIED_ACE_TYPE.
    pub const ACCESS_DENIED: Self = Self(0x01);
    /// ACCESS_ALLOWED_OBJECT_ACE_TYPE.
    pub const ACCESS_ALLOWED_OBJECT: Self = Self(0x05);
    /// ACCESS_DENIED_OBJECT_ACE_TYPE.
    pub const ACCESS_DENIED_OBJECT: Self = Self(0x06);
    /// ACCESS_ALLOWED_CALLBACK_ACE_TYPE.
    pub const ACCESS_ALLOWED_CALLBACK: Self = Self(0x09);
    /// ACCESS_DENIED_CALLBACK_ACE_TYPE.
    pub const ACCESS_DENIED_CALLBACK: Self = Self(0x0A);
    /// ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE.
    pub const ACCESS_ALLOWED_CALLBACK_OBJECT: Self = Self(0x0B);
    /// ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE.
    pub const ACCESS_DENIED_CALLBACK_OBJECT: Self = Self(0x0C);

    /// The specification's name without `_ACE_TYPE`, in lower case with hyphens; `unknown` for others.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0x00 => "access-allowed",
            0x01 => "access-denied",
            0x02 => "system-audit",
            0x03 => "system-alarm",
            0x05 => "access-allowed-object",
            0x06 => "access-denied-object",
            0x07 => "system-audit-object",
            0x08 => "system-alarm-object",
            0x09 => "access-allowed-callback",
            0x0A => "access-denied-callback",
            0x0B => "access-allowed-callback-object",
            0x0C => "access-denied-callback-object",
            0x0D => "system-audit-callback",
            0x0E => "system-alarm-callback",
            0x0F => "system-audit-callback-object",
            0x10 => "system-alarm-callback-object",
            0x11 => "system-mandatory-label",
            0x12 => "system-resource-attribute",
            0x13 => "system-scoped-policy-id",
            _ => "unknown",
        }
    }

    /// Mask, then SID.
    fn has_sid_shape(self) -> bool {
        matches!(self.0, 0x00..=0x03 | 0x09 | 0x0A | 0x0D | 0x0E | 0x11..=0x13)
    }

    /// Mask, object flags, GUIDs, then SID; only such types raise an ACL's revision to 4.
    pub(crate) fn has_object_shape(self) -> bool {
        matches!(self.0, 0x05..=0x08 | 0x0B | 0x0C | 0x0F | 0x10)
    }
}

impl AceFlags {
    /// OBJECT_INHERIT_ACE: what is no container inherits it.
    pub const OBJECT_INHERIT: Self = Self(0x01);
    /// CONTAINER_INHERIT_ACE: containers inherit it, and in a directory everything is one.
    pub const CONTAINER_INHERIT: Self = Self(0x02);
    /// NO_PROPAGATE_INHERIT_ACE: only what is right below inherits it.
    pub const NO_PROPAGATE_INHERIT: Self = Self(0x04);
    /// INHERIT_ONLY_ACE: says nothing about the object that carries it.
    pub const INHERIT_ONLY: Self = Self(0x08);
    /// INHERITED_ACE: came from the parent.
    pub const INHERITED: Self = Self(0x10);

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl Ace {
    const HEADER_LEN: usize = 1 /* AceType */ + 1 /* AceFlags */ + 2 /* AceSize */;
    /// ACE_OBJECT_TYPE_PRESENT of 2.4.4.3 ACCESS_ALLOWED_OBJECT_ACE.
    const OBJECT_TYPE_PRESENT: u32 = 0x1;
    /// ACE_INHERITED_OBJECT_TYPE_PRESENT.
    const INHERITED_OBJECT_TYPE_PRESENT: u32 = 0x2;

    /// Allows `mask` to `sid`, for this object only.
    #[must_use]
    pub fn allow(sid: Sid, mask: AccessMask) -> Self {
        Self::plain(AceType::ACCESS_ALLOWED, sid, mask)
    }

    /// Denies `mask` to `sid`, for this object only.
    #[must_use]
    pub fn deny(sid: Sid, mask: AccessMask) -> Self {
        Self::plain(AceType::ACCESS_DENIED, sid, mask)
    }

    fn plain(ace_type: AceType, sid: Sid, mask: AccessMask) -> Self {
        Self {
            ace_type,
            flags: AceFlags::default(),
            body: AceBody::Sid {
                mask,
                sid,
                data: Vec::new(),
            },
        }
    }

    pub(crate) fn from_parts(ace_type: AceType, flags: AceFlags, body: AceBody) -> Self {
        Self {
            ace_type,
            flags,
            body,
        }
    }

    /// The kind of rule.
    #[must_use]
    pub fn ace_type(&self) -> AceType {
        self.ace_type
    }

    /// How it is inherited and audited.
    #[must_use]
    pub fn flags(&self) -> AceFlags {
        self.flags
    }

    pub(crate) fn body(&self) -> &AceBody {
        &self.body
    }

    /// The rights it speaks of; `None` for a type that is not known.
    #[must_use]
    pub fn mask(&self) -> Option<AccessMask> {
        match &self.body {
            AceBody::Sid { mask, .. } | AceBody::Object { mask, .. } => Some(*mask),
            AceBody::Opaque(_) => None,
        }
    }

    /// The trustee; `None` for a type that is not known.
    #[must_use]
    pub fn sid(&self) -> Option<Sid> {
        match &self.body {
            AceBody::Sid { sid, .. } | AceBody::Object { sid, .. } => Some(*sid),
            AceBody::Opaque(_) => None,
        }
    }

    /// The property, property set, extended right or child class it is limited to.
    #[must_use]
    pub fn object_type(&self) -> Option<Guid> {
        match &self.body {
            AceBody::Object { object_type, .. } => *object_type,
            AceBody::Sid { .. } | AceBody::Opaque(_) => None,
        }
    }

    /// The class of objects that inherit it, where it is limited to one.
    #[must_use]
    pub fn inherited_object_type(&self) -> Option<Guid> {
        match &self.body {
            AceBody::Object {
                inherited_object_type,
                ..
            } => *inherited_object_type,
            AceBody::Sid { .. } | AceBody::Opaque(_) => None,
        }
    }

    /// The same rule for another trustee; `None` for a type that is not known.
    #[must_use]
    pub fn for_trustee(&self, trustee: Sid) -> Option<Self> {
        let mut ace = self.clone();
        match &mut ace.body {
            AceBody::Sid { sid, .. } | AceBody::Object { sid, .. } => *sid = trustee,
            AceBody::Opaque(_) => return None,
        }
        Some(ace)
    }

    /// Whether it came from the parent.
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.flags.contains(AceFlags::INHERITED)
    }

    /// Where it stands in Windows' canonical order: explicit denials first, of the object before those of parts of it;
    /// then what is allowed, likewise; then what is inherited.
    pub(crate) fn rank(&self) -> u8 {
        if self.is_inherited() {
            return 4;
        }
        match self.ace_type {
            AceType::ACCESS_DENIED | AceType::ACCESS_DENIED_CALLBACK => 0,
            AceType::ACCESS_DENIED_OBJECT | AceType::ACCESS_DENIED_CALLBACK_OBJECT => 1,
            AceType::ACCESS_ALLOWED | AceType::ACCESS_ALLOWED_CALLBACK => 2,
            _ => 3,
        }
    }

    /// Whether it is exactly what [`Ace::allow`] makes, for any SID and mask.
    #[must_use]
    pub fn is_plain_allow(&self) -> bool {
        let bare = matches!(&self.body, AceBody::Sid { data, .. } if data.is_empty());
        bare && self.ace_type == AceType::ACCESS_ALLOWED && self.flags == AceFlags::default()
    }

    /// Reads one ACE; AceSize decides where it ends.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, AceError> {
        let ace_type = AceType(reader.u8()?);
        let flags = AceFlags(reader.u8()?);
        let size = reader.u16_le()?;
        let body_len = usize::from(size)
            .checked_sub(Self::HEADER_LEN)
            .ok_or(AceError::Size(size))?;
        let body = AceBody::read(ace_type, reader.take(body_len)?)?;
        Ok(Self {
            ace_type,
            flags,
            body,
        })
    }

    /// Appends the bytes; INVARIANT: the list that holds this ACE has checked that its size fits.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let size = u16::try_from(self.encoded_len()).unwrap_or(u16::MAX);
        bytes.extend([self.ace_type.0, self.flags.0]);
        bytes.extend(size.to_le_bytes());
        self.body.write(bytes);
    }

    pub(crate) fn encoded_len(&self) -> usize {
        Self::HEADER_LEN + self.body.encoded_len()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sid::tests::any_sid;
    use proptest::prelude::*;

    pub(crate) fn any_ace() -> impl Strategy<Value = Ace> {
        let guid = || proptest::option::of(any::<[u8; 16]>().prop_map(Guid::from_bytes));
        let data = || proptest::collection::vec(any::<u8>(), 0..12);
        let sid_shape =
            (any::<u32>(), any_sid(), data()).prop_map(|(mask, sid, data)| AceBody::Sid {
                mask: AccessMask(mask),
                sid,
                data,
            });
        let object_shape = (any::<u32>(), guid(), guid(), any_sid(), data()).prop_map(
            |(mask, object_type, inherited_object_type, sid, data)| AceBody::Object {
                mask: AccessMask(mask),
                object_type,
                inherited_object_type,
                sid,
                data,
            },
        );
        let typed = |types: Vec<u8>, body: BoxedStrategy<AceBody>| {
            (proptest::sample::select(types), any::<u8>(), body).prop_map(
                |(ace_type, flags, body)| Ace::from_parts(AceType(ace_type), AceFlags(flags), body),
            )
        };
        prop_oneof![
            typed(
                vec![0, 1, 2, 3, 9, 10, 13, 14, 17, 18, 19],
                sid_shape.boxed()
            ),
            typed(vec![5, 6, 7, 8, 11, 12, 15, 16], object_shape.boxed()),
            typed(
                vec![4, 20, 99, 255],
                data().prop_map(AceBody::Opaque).boxed()
            ),
        ]
    }

    #[test]
    fn sizes_that_lie_are_refused() {
        let read = |bytes: &[u8]| Ace::read(&mut Reader::new(bytes));
        assert_eq!(read(&[0, 0, 3, 0]), Err(AceError::Size(3)));
        assert_eq!(read(&[0, 0, 0, 0]), Err(AceError::Size(0)));
        assert_eq!(
            read(&[99, 0, 8, 0, 1]),
            Err(AceError::Truncated(Truncated { needed: 4, left: 1 }))
        );
        assert!(matches!(
            read(&[0, 0, 8, 0, 1, 2, 3, 4]),
            Err(AceError::Sid(_))
        ));
    }

    #[test]
    fn object_flags_from_the_future_stay_opaque() {
        let bytes = [5, 0, 12, 0, 0x10, 0, 0, 0, 0x80, 0, 0, 0];
        let ace = Ace::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(
            (ace.mask(), ace.sid(), ace.object_type()),
            (None, None, None)
        );
        let mut written = Vec::new();
        ace.write(&mut written);
        assert_eq!(written, bytes);
    }

    proptest! {
        #[test]
        fn aces_round_trip(ace in any_ace()) {
            let mut bytes = Vec::new();
            ace.write(&mut bytes);
            prop_assert_eq!(bytes.len(), ace.encoded_len());
            prop_assert_eq!(Ace::read(&mut Reader::new(&bytes)), Ok(ace));
        }
    }
}
