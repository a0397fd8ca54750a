//! Which key a managed password was derived from.

use kds::{EnvelopeFlags, GroupKeyId, KeyLevel, RootKeyId};
use security::wire::{Reader, Truncated, to_utf16_nul_terminated, utf16_nul_terminated};
use serde::{Deserialize, Serialize};

use crate::ManagedPasswordError;

/// Value of `msDS-ManagedPasswordId` and `msDS-ManagedPasswordPreviousId`.
///
/// No specification has the layout. It starts as [MS-GKDI] 2.2.4 Group Key Envelope does; the rest is what Samba's
/// gkdi.idl calls a KeyEnvelope, and what values from Windows show:
///
/// ```text
/// u32 version · "KDSK" · u32 flags · i32 L0 · i32 L1 · i32 L2 · GUID of the root key
/// u32 length of info · u32 length of domain · u32 length of forest · info · domain, NUL · forest, NUL
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPasswordId {
    /// The key.
    pub key: PasswordKeyId,
    /// What the key may be used for.
    pub flags: EnvelopeFlags,
    /// A public key when `flags` says so; empty for gMSAs.
    pub additional_info: Vec<u8>,
    /// DNS name of the domain in which the password was made.
    pub domain: String,
    /// DNS name of its forest.
    pub forest: String,
}

/// All that a password depends on, but for the account's SID.
///
/// INVARIANT: `group_key_id` is an L2 key's where it comes from a [`ManagedPasswordId`] that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PasswordKeyId {
    /// The root key.
    pub root_key_id: RootKeyId,
    /// Which key of which time.
    pub group_key_id: GroupKeyId,
}

impl ManagedPasswordId {
    /// The only version.
    pub const VERSION: u32 = 1;
    const STRUCTURE: &str = "managed password id";
    const MAGIC: [u8; 4] = *b"KDSK";

    /// The identifier that a domain controller of this domain stores for a gMSA's key.
    #[must_use]
    pub fn for_gmsa(key: PasswordKeyId, domain: &str, forest: &str) -> Self {
        Self {
            key,
            flags: EnvelopeFlags::MAY_ENCRYPT,
            additional_info: Vec::new(),
            domain: domain.to_owned(),
            forest: forest.to_owned(),
        }
    }

    /// Reads an identifier; its length fields must account for every byte.
    ///
    /// # Errors
    /// [`ManagedPasswordError`] for bytes of another form, and for the identifier of an L0 or L1 key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManagedPasswordError> {
        let field = |field| ManagedPasswordError::Field {
            structure: Self::STRUCTURE,
            field,
        };
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader).map_err(truncated)?;
        if header.version != Self::VERSION {
            return Err(field("version"));
        }
        if header.magic != Self::MAGIC {
            return Err(field("magic"));
        }
        let [l0, l1, l2] = header.indexes;
        let group_key_id = GroupKeyId::new(l0, l1, l2)?;
        if group_key_id.level() != KeyLevel::L2 {
            return Err(ManagedPasswordError::NotAnL2Key(group_key_id));
        }
        let additional_info = reader.take(header.info_len).map_err(truncated)?.to_vec();
        let domain = utf16_nul_terminated(reader.take(header.domain_len).map_err(truncated)?)?;
        let forest = utf16_nul_terminated(reader.take(header.forest_len).map_err(truncated)?)?;
        if !reader.rest().is_empty() {
            return Err(field("length"));
        }
        let key = PasswordKeyId {
            root_key_id: header.root_key_id,
            group_key_id,
        };
        Ok(Self {
            key,
            flags: header.flags,
            additional_info,
            domain,
            forest,
        })
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (domain, forest) = (
            to_utf16_nul_terminated(&self.domain),
            to_utf16_nul_terminated(&self.forest),
        );
        let len = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes(); // the attribute holds 1,024 bytes
        let mut bytes = Vec::new();
        bytes.extend(Self::VERSION.to_le_bytes());
        bytes.extend(Self::MAGIC);
        bytes.extend(self.flags.0.to_le_bytes());
        bytes.extend(
            self.key
                .group_key_id
                .indexes()
                .iter()
                .flat_map(|index| index.to_le_bytes()),
        );
        bytes.extend(self.key.root_key_id.guid().to_bytes());
        bytes.extend([len(&self.additional_info), len(&domain), len(&forest)].as_flattened());
        bytes.extend(&self.additional_info);
        bytes.extend(domain);
        bytes.extend(forest);
        bytes
    }
}

/// The fields of fixed length, in the order of the wire.
struct Header {
    version: u32,
    magic: [u8; 4],
    flags: EnvelopeFlags,
    indexes: [i32; 3],
    root_key_id: RootKeyId,
    info_len: usize,
    domain_len: usize,
    forest_len: usize,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Truncated> {
        Ok(Self {
            version: reader.u32_le()?,
            magic: reader.array()?,
            flags: EnvelopeFlags(reader.u32_le()?),
            indexes: [reader.i32_le()?, reader.i32_le()?, reader.i32_le()?],
            root_key_id: RootKeyId::new(reader.guid()?),
            info_len: reader.len_u32_le()?,
            domain_len: reader.len_u32_le()?,
            forest_len: reader.len_u32_le()?,
        })
    }
}

fn truncated(source: Truncated) -> ManagedPasswordError {
    ManagedPasswordError::Truncated {
        structure: ManagedPasswordId::STRUCTURE,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use security::Guid;

    fn any_id() -> impl Strategy<Value = ManagedPasswordId> {
        (
            any::<[u8; 16]>(),
            0..=i32::MAX,
            0..32,
            0..32,
            any::<u32>(),
            any::<Vec<u8>>(),
            "[^\0]{0,20}",
            "[^\0]{0,20}",
        )
            .prop_map(
                |(guid, l0, l1, l2, flags, additional_info, domain, forest)| ManagedPasswordId {
                    key: PasswordKeyId {
                        root_key_id: RootKeyId::new(Guid::from_bytes(guid)),
                        group_key_id: GroupKeyId::new(l0, l1, l2).unwrap(),
                    },
                    flags: EnvelopeFlags(flags),
                    additional_info,
                    domain,
                    forest,
                },
            )
    }

    proptest! {
        #[test]
        fn identifiers_round_trip(id in any_id()) {
            prop_assert_eq!(ManagedPasswordId::from_bytes(&id.to_bytes()), Ok(id));
        }

        #[test]
        fn hostile_bytes_are_answered(id in any_id(), at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
            let mut bytes = id.to_bytes();
            prop_assert!(ManagedPasswordId::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(read) = ManagedPasswordId::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
