//! KDS root keys: what the directory says about one, and the secret in it.

use std::fmt;
use std::str::FromStr;

use security::{FileTime, Guid, GuidError};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::group_key_id::GroupKeyId;
use crate::kdf_parameters::{KdfHash, KdfParameters};
use crate::{KEY_CYCLE, KEY_LEN, KdsError, MAX_CLOCK_SKEW};

/// The GUID that names a root key: the RDN of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RootKeyId(Guid);

/// [MS-GKDI] 3.1.1 Abstract Data Model: the attributes of an `msKds-ProvRootKey` object as they were read.
#[derive(Debug, Clone, Copy)]
pub struct RootKeyAttributes<'a> {
    /// The object's RDN.
    pub id: RootKeyId,
    /// `msKds-Version`.
    pub version: u32,
    /// `msKds-KDFAlgorithmID`.
    pub kdf_algorithm: &'a str,
    /// `msKds-KDFParam`.
    pub kdf_parameters: Option<&'a [u8]>,
    /// `msKds-SecretAgreementAlgorithmID`.
    pub secret_agreement_algorithm: &'a str,
    /// `msKds-PrivateKeyLength`, in bits.
    pub private_key_length: u32,
    /// `msKds-PublicKeyLength`, in bits.
    pub public_key_length: u32,
    /// `msKds-DomainID`: the DN of the domain controller that made the key.
    pub domain_id: &'a str,
    /// `msKds-UseStartTime`.
    pub use_start_time: FileTime,
    /// `msKds-CreateTime`.
    pub create_time: FileTime,
}

/// All that is known about a root key, but for its secret: may be listed, planned with and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootKeyDescription {
    /// The object's RDN.
    pub id: RootKeyId,
    /// The hash of the key derivation function.
    pub hash: KdfHash,
    /// `msKds-SecretAgreementAlgorithmID`: `DH` or a curve. Managed passwords do not depend on it.
    pub secret_agreement_algorithm: String,
    /// `msKds-PrivateKeyLength`, in bits.
    pub private_key_length: u32,
    /// `msKds-PublicKeyLength`, in bits.
    pub public_key_length: u32,
    /// `msKds-DomainID`: the DN of the domain controller that made the key.
    pub domain_id: String,
    /// `msKds-UseStartTime`: the effective time that was asked for.
    pub use_start_time: FileTime,
    /// `msKds-CreateTime`.
    pub create_time: FileTime,
}

/// Whether a root key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usability {
    /// It can.
    Usable,
    /// It will be, from then on.
    From(FileTime),
    /// It has no effective time (0), or none that will come.
    Never,
}

/// The secret of a root key: the 64 bytes of `msKds-RootKeyData`.
pub struct RootKeyData(Box<[u8; KEY_LEN]>);

/// A root key with its secret.
#[derive(Debug)]
pub struct RootKey {
    description: RootKeyDescription,
    data: RootKeyData,
}

impl RootKeyId {
    /// Takes the GUID.
    #[must_use]
    pub const fn new(guid: Guid) -> Self {
        Self(guid)
    }

    /// The GUID.
    #[must_use]
    pub const fn guid(self) -> Guid {
        self.0
    }
}

impl fmt::Display for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RootKeyId {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        text.parse().map(Self)
    }
}

impl RootKeyAttributes<'_> {
    const VERSION: u32 = 1;
    const KDF_ALGORITHM: &'static str = "SP800_108_CTR_HMAC";

    /// Checks that this is a root key of a kind that keys can be derived from.
    ///
    /// # Errors
    /// [`KdsError::UnsupportedVersion`] or [`KdsError::UnsupportedAlgorithm`], and what
    /// [`KdfParameters::from_attribute`] answers.
    pub fn describe(&self) -> Result<RootKeyDescription, KdsError> {
        if self.version != Self::VERSION {
            return Err(KdsError::UnsupportedVersion(self.version));
        }
        if self.kdf_algorithm != Self::KDF_ALGORITHM {
            return Err(KdsError::UnsupportedAlgorithm(
                self.kdf_algorithm.to_owned(),
            ));
        }
        Ok(RootKeyDescription {
            id: self.id,
            hash: KdfParameters::from_attribute(self.kdf_parameters)?.hash,
            secret_agreement_algorithm: self.secret_agreement_algorithm.to_owned(),
            private_key_length: self.private_key_length,
            public_key_length: self.public_key_length,
            domain_id: self.domain_id.to_owned(),
            use_start_time: self.use_start_time,
            create_time: self.create_time,
        })
    }
}

impl RootKeyDescription {
    /// Whether a domain controller creates accounts under this key at `now`.
    ///
    /// usable ⇔ `msKds-UseStartTime` + 10 h + 5 min ≤ now: every domain controller has had a key cycle's time to
    /// replicate it. This is Samba's bound; Windows is seen to accept a key five minutes earlier.
    #[must_use]
    pub fn usability(&self, now: FileTime) -> Usability {
        let margin = KEY_CYCLE.checked_add(MAX_CLOCK_SKEW);
        let from = margin.and_then(|margin| self.use_start_time.checked_add(margin));
        match from {
            _ if self.use_start_time == FileTime::ZERO => Usability::Never,
            None => Usability::Never,
            Some(from) if from <= now => Usability::Usable,
            Some(from) => Usability::From(from),
        }
    }
}

impl RootKeyData {
    /// Takes `msKds-RootKeyData`; the caller wipes its own copy.
    ///
    /// # Errors
    /// [`KdsError::RootKeyDataLength`] for any other length than 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KdsError> {
        if bytes.len() != KEY_LEN {
            return Err(KdsError::RootKeyDataLength(bytes.len()));
        }
        let mut data = Box::new([0; KEY_LEN]);
        data.copy_from_slice(bytes);
        Ok(Self(data))
    }

    /// The secret itself.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl fmt::Debug for RootKeyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKeyData(..)")
    }
}

impl Drop for RootKeyData {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for RootKeyData {}

impl RootKey {
    /// Puts the two halves of a root key together.
    #[must_use]
    pub fn new(description: RootKeyDescription, data: RootKeyData) -> Self {
        Self { description, data }
    }

    /// All but the secret.
    #[must_use]
    pub fn description(&self) -> &RootKeyDescription {
        &self.description
    }

    pub(crate) fn data(&self) -> &RootKeyData {
        &self.data
    }

    /// What a domain controller checks before it derives the key `id` at `now`.
    ///
    /// # Errors
    /// [`KdsError::NoUseStartTime`], [`KdsError::NotYetEffective`], or [`KdsError::FromTheFuture`] for an `id` later
    /// than that of `now` + 5 min.
    pub fn guard(&self, id: GroupKeyId, now: FileTime) -> Result<(), KdsError> {
        let RootKeyDescription {
            id: root_key_id,
            use_start_time,
            ..
        } = self.description;
        if use_start_time == FileTime::ZERO {
            return Err(KdsError::NoUseStartTime(root_key_id));
        }
        if now < use_start_time {
            return Err(KdsError::NotYetEffective {
                id: root_key_id,
                use_start_time,
            });
        }
        let latest = GroupKeyId::at(now.saturating_add(MAX_CLOCK_SKEW));
        // An L0 or L1 key is asked for by the newest key it leads to: it counts as later than all of them.
        if id > latest {
            return Err(KdsError::FromTheFuture {
                requested: id,
                latest,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use security::Interval;

    /// A root key whose secret, id and times follow from `seed`.
    pub(crate) fn root_key(seed: u8, hash: KdfHash) -> RootKey {
        let description = RootKeyDescription {
            id: RootKeyId::new(Guid::from_bytes([seed; 16])),
            hash,
            secret_agreement_algorithm: "DH".to_owned(),
            private_key_length: 512,
            public_key_length: 2048,
            domain_id: "CN=DC1,OU=Domain Controllers,DC=contoso,DC=com".to_owned(),
            use_start_time: NOW
                .checked_sub(Interval::from_hours(10 + u32::from(seed)))
                .unwrap(),
            create_time: NOW
                .checked_sub(Interval::from_hours(u32::from(seed)))
                .unwrap(),
        };
        RootKey::new(
            description,
            RootKeyData::from_bytes(&[seed; KEY_LEN]).unwrap(),
        )
    }

    pub(crate) const NOW: FileTime = FileTime::from_ticks(134_000_000_000_000_000);

    fn attributes() -> RootKeyAttributes<'static> {
        RootKeyAttributes {
            id: RootKeyId::new(Guid::from_bytes([1; 16])),
            version: 1,
            kdf_algorithm: "SP800_108_CTR_HMAC",
            kdf_parameters: None,
            secret_agreement_algorithm: "DH",
            private_key_length: 512,
            public_key_length: 2048,
            domain_id: "CN=DC1,OU=Domain Controllers,DC=contoso,DC=com",
            use_start_time: NOW,
            create_time: NOW,
        }
    }

    #[test]
    fn other_kinds_of_root_keys_are_refused() {
        assert_eq!(
            attributes().describe().map(|key| key.hash),
            Ok(KdfHash::Sha256)
        );
        let version = RootKeyAttributes {
            version: 2,
            ..attributes()
        };
        assert_eq!(version.describe(), Err(KdsError::UnsupportedVersion(2)));
        let algorithm = RootKeyAttributes {
            kdf_algorithm: "SP800_108_CTR_CMAC",
            ..attributes()
        };
        assert_eq!(
            algorithm.describe(),
            Err(KdsError::UnsupportedAlgorithm(
                "SP800_108_CTR_CMAC".to_owned()
            ))
        );
        for len in [0, 32, 63, 65, 128] {
            assert_eq!(
                RootKeyData::from_bytes(&vec![0; len]).unwrap_err(),
                KdsError::RootKeyDataLength(len)
            );
        }
    }

    #[test]
    fn a_key_is_usable_ten_hours_and_five_minutes_after_its_effective_time() {
        let key = attributes().describe().unwrap();
        let from = NOW
            .saturating_add(Interval::from_hours(10))
            .saturating_add(Interval::from_minutes(5));
        assert_eq!(key.usability(from), Usability::Usable);
        assert_eq!(
            key.usability(from.saturating_sub(Interval::from_ticks(1))),
            Usability::From(from)
        );
        let never = RootKeyDescription {
            use_start_time: FileTime::ZERO,
            ..key.clone()
        };
        assert_eq!(never.usability(from), Usability::Never);
        let end_of_time = RootKeyDescription {
            use_start_time: FileTime::from_ticks(u64::MAX),
            ..key
        };
        assert_eq!(end_of_time.usability(from), Usability::Never);
    }

    #[test]
    fn guards_answer_with_windows_names() {
        let guard = |use_start_time, id| {
            let description = RootKeyAttributes {
                use_start_time,
                ..attributes()
            }
            .describe()
            .unwrap();
            let key = RootKey::new(description, RootKeyData::from_bytes(&[0; KEY_LEN]).unwrap());
            key.guard(id, NOW)
                .map_err(|error| error.windows_name().unwrap())
        };
        let later = |by| NOW.saturating_add(by);
        assert_eq!(guard(NOW, GroupKeyId::at(NOW)), Ok(()));
        assert_eq!(
            guard(FileTime::ZERO, GroupKeyId::at(NOW)),
            Err("NTE_BAD_KEY")
        );
        assert_eq!(
            guard(later(Interval::from_ticks(1)), GroupKeyId::at(NOW)),
            Err("E_INVALIDARG")
        );
        let next = GroupKeyId::at(later(KEY_CYCLE));
        assert_eq!(guard(NOW, next), Err("NT_STATUS_INVALID_PARAMETER"));
    }

    #[test]
    fn a_key_of_the_next_five_minutes_is_not_from_the_future() {
        let key = root_key(1, KdfHash::Sha512);
        let next = GroupKeyId::at(NOW.saturating_add(KEY_CYCLE));
        let start = next.start().unwrap();
        assert_eq!(
            key.guard(next, start.saturating_sub(MAX_CLOCK_SKEW)),
            Ok(())
        );
        let too_early = start
            .saturating_sub(MAX_CLOCK_SKEW)
            .saturating_sub(Interval::from_ticks(1));
        assert!(matches!(
            key.guard(next, too_early),
            Err(KdsError::FromTheFuture { .. })
        ));
    }

    #[test]
    fn a_root_key_does_not_show_its_secret() {
        let shown = format!("{:?}", root_key(7, KdfHash::Sha512));
        assert!(
            shown.contains("RootKeyData(..)") && !shown.contains("7, 7"),
            "{shown}"
        );
    }
}
