//! Group key envelopes: how a key distribution server hands out seed keys.

use std::fmt;

use security::wire::{Reader, Truncated, to_utf16_nul_terminated, utf16_nul_terminated};
use zeroize::Zeroizing;

use crate::group_key_id::{GroupKeyId, KeyLevel};
use crate::kdf_parameters::KdfParameters;
use crate::root_key::RootKeyId;
use crate::seed_key::GroupSeedKey;
use crate::{KEY_LEN, KdsError};

/// [MS-GKDI] 2.2.4 Group Key Envelope, for seed keys.
///
/// Which keys are inside depends on the identifier (3.1.4.1 GetKey (Opnum 0)): an L2 key for `id`
/// with the next older L1 key where there is one, or else the L1 key of `id` alone. So each of them names itself.
pub struct GroupKeyEnvelope {
    /// What the keys may be used for.
    pub flags: EnvelopeFlags,
    /// The newest key that the envelope leads to.
    pub id: GroupKeyId,
    /// The root key they come from.
    pub root_key_id: RootKeyId,
    /// Parameters of the key derivation function.
    pub kdf_parameters: KdfParameters,
    /// `DH` or a curve.
    pub secret_agreement_algorithm: String,
    /// As in `msKds-SecretAgreementParam`.
    pub secret_agreement_parameters: Vec<u8>,
    /// In bits.
    pub private_key_length: u32,
    /// In bits.
    pub public_key_length: u32,
    /// DNS name of the domain that answered.
    pub domain: String,
    /// DNS name of its forest.
    pub forest: String,
    l1_key: Option<GroupSeedKey>,
    l2_key: Option<GroupSeedKey>,
}

/// dwFlags of [MS-GKDI] 2.2.4 Group Key Envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnvelopeFlags(pub u32);

impl EnvelopeFlags {
    /// Bit 31 of the specification: a public key is inside.
    pub const PUBLIC_KEY: Self = Self(0x1);
    /// Bit 30 of the specification: new data may be protected with the key, not only old data unprotected.
    pub const MAY_ENCRYPT: Self = Self(0x2);

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl GroupKeyEnvelope {
    const STRUCTURE: &str = "group key envelope";
    const VERSION: u32 = 1;
    const MAGIC: [u8; 4] = *b"KDSK";
    const KDF_ALGORITHM: &str = "SP800_108_CTR_HMAC";

    /// Reads an envelope; its length fields must account for every byte.
    ///
    /// # Errors
    /// [`KdsError`] for bytes of another form, public keys, and algorithms that are not supported.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KdsError> {
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader)?;
        let mut take = |len| reader.take(len).map_err(truncated);
        let kdf_algorithm = text(take(header.kdf_algorithm)?)?;
        let kdf_parameters = take(header.kdf_parameters)?;
        let secret_agreement_algorithm = text(take(header.secret_agreement_algorithm)?)?;
        let secret_agreement_parameters = take(header.secret_agreement_parameters)?.to_vec();
        let domain = text(take(header.domain)?)?;
        let forest = text(take(header.forest)?)?;
        let (l1_key, l2_key) = (take(header.l1_key)?, take(header.l2_key)?);
        if !reader.rest().is_empty() {
            return Err(field("length"));
        }
        if kdf_algorithm != Self::KDF_ALGORITHM {
            return Err(KdsError::UnsupportedAlgorithm(kdf_algorithm));
        }
        let kdf_parameters =
            KdfParameters::from_attribute(Some(kdf_parameters).filter(|value| !value.is_empty()))?;
        let seed_key =
            |id: Option<GroupKeyId>, key: &[u8]| match (id, <&[u8; KEY_LEN]>::try_from(key)) {
                _ if key.is_empty() => Ok(None),
                (Some(id), Ok(key)) => Ok(Some(GroupSeedKey::new(
                    header.root_key_id,
                    id,
                    kdf_parameters.hash,
                    key,
                ))),
                _ => Err(field("key")),
            };
        Ok(Self {
            flags: header.flags,
            id: header.id,
            root_key_id: header.root_key_id,
            kdf_parameters,
            secret_agreement_algorithm,
            secret_agreement_parameters,
            private_key_length: header.private_key_length,
            public_key_length: header.public_key_length,
            domain,
            forest,
            l1_key: seed_key(l1_key_id(header.id, !l2_key.is_empty()), l1_key)?,
            l2_key: seed_key(Some(header.id), l2_key)?,
        })
    }

    /// The bytes on the wire; secret, because the keys are in them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let texts = [
            Self::KDF_ALGORITHM,
            &self.secret_agreement_algorithm,
            &self.domain,
            &self.forest,
        ];
        let [kdf_algorithm, secret_agreement_algorithm, domain, forest] =
            texts.map(to_utf16_nul_terminated);
        let kdf_parameters = self.kdf_parameters.to_bytes();
        let key = |key: &Option<GroupSeedKey>| key.as_ref().map_or(0, |_| KEY_LEN);
        let u32_le = |number: usize| (number as u32).to_le_bytes(); // what fits into memory here fits into 32 bits

        let mut bytes = Zeroizing::new(Vec::with_capacity(4_096)); // grows only for absurd names: no copies left behind
        bytes.extend(Self::VERSION.to_le_bytes());
        bytes.extend(Self::MAGIC);
        bytes.extend(self.flags.0.to_le_bytes());
        bytes.extend(
            self.id
                .indexes()
                .iter()
                .flat_map(|index| index.to_le_bytes()),
        );
        bytes.extend(self.root_key_id.guid().to_bytes());
        bytes.extend(u32_le(kdf_algorithm.len()));
        bytes.extend(u32_le(kdf_parameters.len()));
        bytes.extend(u32_le(secret_agreement_algorithm.len()));
        bytes.extend(u32_le(self.secret_agreement_parameters.len()));
        bytes.extend(self.private_key_length.to_le_bytes());
        bytes.extend(self.public_key_length.to_le_bytes());
        bytes.extend(u32_le(key(&self.l1_key)));
        bytes.extend(u32_le(key(&self.l2_key)));
        bytes.extend(u32_le(domain.len()));
        bytes.extend(u32_le(forest.len()));
        bytes.extend(kdf_algorithm);
        bytes.extend(kdf_parameters);
        bytes.extend(secret_agreement_algorithm);
        bytes.extend(&self.secret_agreement_parameters);
        bytes.extend(domain);
        bytes.extend(forest);
        bytes.extend(
            [&self.l1_key, &self.l2_key]
                .into_iter()
                .flatten()
                .flat_map(|key| key.expose_bytes()),
        );
        bytes
    }

    /// The L1 key inside.
    #[must_use]
    pub fn l1_key(&self) -> Option<&GroupSeedKey> {
        self.l1_key.as_ref()
    }

    /// The L2 key inside.
    #[must_use]
    pub fn l2_key(&self) -> Option<&GroupSeedKey> {
        self.l2_key.as_ref()
    }
}

/// The fields of fixed length, in the order of the wire.
struct Header {
    flags: EnvelopeFlags,
    id: GroupKeyId,
    root_key_id: RootKeyId,
    kdf_algorithm: usize,
    kdf_parameters: usize,
    secret_agreement_algorithm: usize,
    secret_agreement_parameters: usize,
    private_key_length: u32,
    public_key_length: u32,
    l1_key: usize,
    l2_key: usize,
    domain: usize,
    forest: usize,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, KdsError> {
        let version = reader.u32_le().map_err(truncated)?;
        if version != GroupKeyEnvelope::VERSION {
            return Err(KdsError::UnsupportedVersion(version));
        }
        if reader.array().map_err(truncated)? != GroupKeyEnvelope::MAGIC {
            return Err(field("magic"));
        }
        let header = Self::read_fields(reader).map_err(truncated)??;
        if header.flags.contains(EnvelopeFlags::PUBLIC_KEY) {
            return Err(field("flags: a public key, not seed keys"));
        }
        if header.id.level() != KeyLevel::L2 {
            return Err(field("l2 index"));
        }
        Ok(header)
    }

    fn read_fields(reader: &mut Reader<'_>) -> Result<Result<Self, KdsError>, Truncated> {
        let flags = EnvelopeFlags(reader.u32_le()?);
        let id = match GroupKeyId::new(reader.i32_le()?, reader.i32_le()?, reader.i32_le()?) {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(Self {
            flags,
            id,
            root_key_id: RootKeyId::new(reader.guid()?),
            kdf_algorithm: reader.len_u32_le()?,
            kdf_parameters: reader.len_u32_le()?,
            secret_agreement_algorithm: reader.len_u32_le()?,
            secret_agreement_parameters: reader.len_u32_le()?,
            private_key_length: reader.u32_le()?,
            public_key_length: reader.u32_le()?,
            l1_key: reader.len_u32_le()?,
            l2_key: reader.len_u32_le()?,
            domain: reader.len_u32_le()?,
            forest: reader.len_u32_le()?,
        }))
    }
}

/// Beside an L2 key stands the next older L1 key, which does not lead to it; alone, the L1 key is that of `id`.
fn l1_key_id(id: GroupKeyId, beside_l2_key: bool) -> Option<GroupKeyId> {
    let [l0, l1, _] = id.indexes();
    GroupKeyId::new(l0, l1 - i32::from(beside_l2_key), -1)
        .ok()
        .filter(|id| id.level() == KeyLevel::L1)
}

fn truncated(source: Truncated) -> KdsError {
    KdsError::Truncated {
        structure: GroupKeyEnvelope::STRUCTURE,
        source,
    }
}

fn field(field: &'static str) -> KdsError {
    KdsError::Field {
        structure: GroupKeyEnvelope::STRUCTURE,
        field,
    }
}

fn text(bytes: &[u8]) -> Result<String, KdsError> {
    utf16_nul_terminated(bytes).map_err(|source| KdsError::Text {
        structure: GroupKeyEnvelope::STRUCTURE,
        source,
    })
}

impl fmt::Debug for GroupKeyEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupKeyEnvelope(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf_parameters::KdfHash;
    use crate::root_key::tests::root_key;
    use crate::seed_key::GMSA_TARGET;
    use proptest::prelude::*;

    fn envelope(l1: i32, l2: i32) -> GroupKeyEnvelope {
        let root = root_key(9, KdfHash::Sha512);
        let id = GroupKeyId::new(362, l1, l2).unwrap();
        let key = |id| root.derive(id, &GMSA_TARGET);
        GroupKeyEnvelope {
            flags: EnvelopeFlags::MAY_ENCRYPT,
            id,
            root_key_id: root.description().id,
            kdf_parameters: KdfParameters {
                hash: KdfHash::Sha512,
            },
            secret_agreement_algorithm: "DH".to_owned(),
            secret_agreement_parameters: vec![1, 2, 3],
            private_key_length: 512,
            public_key_length: 2048,
            domain: "contoso.com".to_owned(),
            forest: "contoso.com".to_owned(),
            l1_key: l1_key_id(id, true).map(key),
            l2_key: Some(key(id)),
        }
    }

    #[test]
    fn the_l1_key_beside_an_l2_key_is_the_next_older_one() {
        let read = GroupKeyEnvelope::from_bytes(&envelope(3, 14).to_bytes()).unwrap();
        assert_eq!(read.l1_key().unwrap().id().indexes(), [362, 2, -1]);
        assert_eq!(read.l2_key(), envelope(3, 14).l2_key());
        let oldest = GroupKeyEnvelope::from_bytes(&envelope(0, 14).to_bytes()).unwrap();
        assert_eq!(oldest.l1_key(), None);
        let alone = GroupKeyEnvelope {
            l2_key: None,
            ..envelope(3, 31)
        };
        let read = GroupKeyEnvelope::from_bytes(&alone.to_bytes()).unwrap();
        assert_eq!(read.l1_key().unwrap().id().indexes(), [362, 3, -1]);
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_answered(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut: prop::sample::Index) {
            let mut bytes = envelope(3, 14).to_bytes();
            for (index, value) in flips {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
            if let Ok(read) = GroupKeyEnvelope::from_bytes(&bytes) {
                let again = GroupKeyEnvelope::from_bytes(&read.to_bytes()).unwrap();
                prop_assert_eq!(again.to_bytes(), read.to_bytes());
            }
            prop_assert!(GroupKeyEnvelope::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
        }
    }
}
