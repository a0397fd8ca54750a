//! What an access control entry says, by the shape of its type.

use super::{Ace, AceError, AceType};
use crate::access_mask::AccessMask;
use crate::guid::Guid;
use crate::sid::Sid;
use crate::wire::Reader;

/// What follows the four bytes of 2.4.4.1 ACE_HEADER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AceBody {
    /// 2.4.4.2 ACCESS_ALLOWED_ACE and all types of its shape; `data` is a condition, an attribute, or padding.
    Sid {
        mask: AccessMask,
        sid: Sid,
        data: Vec<u8>,
    },
    /// 2.4.4.3 ACCESS_ALLOWED_OBJECT_ACE and all types of its shape.
    Object {
        mask: AccessMask,
        object_type: Option<Guid>,
        inherited_object_type: Option<Guid>,
        sid: Sid,
        data: Vec<u8>,
    },
    /// A type, or object flags, that no version of the specification names.
    Opaque(Vec<u8>),
}

impl AceBody {
    pub(super) fn read(ace_type: AceType, bytes: &[u8]) -> Result<Self, AceError> {
        if ace_type.has_sid_shape() {
            Self::read_sid_shape(Reader::new(bytes))
        } else if ace_type.has_object_shape() {
            Ok(Self::read_object_shape(Reader::new(bytes))?
                .unwrap_or_else(|| Self::Opaque(bytes.to_vec())))
        } else {
            Ok(Self::Opaque(bytes.to_vec()))
        }
    }

    fn read_sid_shape(mut reader: Reader<'_>) -> Result<Self, AceError> {
        let mask = AccessMask(reader.u32_le()?);
        let sid = Sid::read(&mut reader)?;
        Ok(Self::Sid {
            mask,
            sid,
            data: reader.rest().to_vec(),
        })
    }

    /// `None` when the object flags hold a bit whose meaning, and so whose layout, is not known.
    fn read_object_shape(mut reader: Reader<'_>) -> Result<Option<Self>, AceError> {
        let mask = AccessMask(reader.u32_le()?);
        let flags = reader.u32_le()?;
        if flags & !(Ace::OBJECT_TYPE_PRESENT | Ace::INHERITED_OBJECT_TYPE_PRESENT) != 0 {
            return Ok(None);
        }
        let mut guid_if = |bit| (flags & bit != 0).then(|| reader.guid()).transpose();
        let object_type = guid_if(Ace::OBJECT_TYPE_PRESENT)?;
        let inherited_object_type = guid_if(Ace::INHERITED_OBJECT_TYPE_PRESENT)?;
        let sid = Sid::read(&mut reader)?;
        Ok(Some(Self::Object {
            mask,
            object_type,
            inherited_object_type,
            sid,
            data: reader.rest().to_vec(),
        }))
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Sid { mask, sid, data } => {
                bytes.extend(mask.0.to_le_bytes());
                bytes.extend(sid.to_bytes());
                bytes.extend(data);
            }
            Self::Object {
                mask,
                object_type,
                inherited_object_type,
                sid,
                data,
            } => {
                let flag_if = |guid: &Option<Guid>, bit| if guid.is_some() { bit } else { 0 };
                let flags = flag_if(object_type, Ace::OBJECT_TYPE_PRESENT)
                    | flag_if(inherited_object_type, Ace::INHERITED_OBJECT_TYPE_PRESENT);
                bytes.extend(mask.0.to_le_bytes());
                bytes.extend(flags.to_le_bytes());
                bytes.extend(
                    object_type
                        .iter()
                        .chain(inherited_object_type)
                        .flat_map(|guid| guid.to_bytes()),
                );
                bytes.extend(sid.to_bytes());
                bytes.extend(data);
            }
            Self::Opaque(body) => bytes.extend(body),
        }
    }

    pub(super) fn encoded_len(&self) -> usize {
        match self {
            Self::Sid { sid, data, .. } => 4 /* Mask */ + sid.encoded_len() + data.len(),
            Self::Object {
                object_type,
                inherited_object_type,
                sid,
                data,
                ..
            } => {
                let guids = usize::from(object_type.is_some())
                    + usize::from(inherited_object_type.is_some());
                4 /* Mask */ + 4 /* Flags */ + guids * Guid::LEN + sid.encoded_len() + data.len()
            }
            Self::Opaque(bytes) => bytes.len(),
        }
    }
}
