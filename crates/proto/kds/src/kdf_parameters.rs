//! Which hash the key derivation function uses.

use std::fmt;
use std::str::FromStr;

use security::wire::{Reader, to_utf16_nul_terminated, utf16_nul_terminated};
use serde::{Deserialize, Serialize};

use crate::KdsError;

/// The hash under the HMAC of the key derivation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum KdfHash {
    /// SHA-1.
    Sha1,
    /// SHA-256: what Windows uses when `msKds-KDFParam` is absent.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512: what Windows and Samba write into new root keys.
    Sha512,
}

/// [MS-GKDI] 2.2.1 KDF Parameters: value of `msKds-KDFParam`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParameters {
    /// The only parameter there is.
    pub hash: KdfHash,
}

impl KdfHash {
    /// The name on the wire and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }
}

impl fmt::Display for KdfHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KdfHash {
    type Err = KdsError;

    fn from_str(name: &str) -> Result<Self, KdsError> {
        [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|hash| hash.name() == name)
            .ok_or_else(|| KdsError::UnsupportedAlgorithm(name.to_owned()))
    }
}

impl KdfParameters {
    const STRUCTURE: &str = "kdf parameters";
    const HEADER: ([u8; 8], [u8; 4]) = ([0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0]);

    /// Reads `msKds-KDFParam`; absent means SHA256.
    ///
    /// # Errors
    /// [`KdsError`] for a hash that is not known, and for bytes of another form.
    pub fn from_attribute(value: Option<&[u8]>) -> Result<Self, KdsError> {
        value.map_or(
            Ok(Self {
                hash: KdfHash::Sha256,
            }),
            Self::from_bytes,
        )
    }

    /// Reads `00000000 01000000 | u32 length of the name | 00000000 | name, UTF-16LE with NUL`.
    ///
    /// # Errors
    /// [`KdsError`] for a hash that is not known, and for bytes of another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KdsError> {
        let truncated = |source| KdsError::Truncated {
            structure: Self::STRUCTURE,
            source,
        };
        let field = |field| KdsError::Field {
            structure: Self::STRUCTURE,
            field,
        };
        let mut reader = Reader::new(bytes);
        let before = reader.array().map_err(truncated)?;
        let len = reader.len_u32_le().map_err(truncated)?;
        let behind = reader.array().map_err(truncated)?;
        if (before, behind) != Self::HEADER {
            return Err(field("header"));
        }
        let name = reader.take(len).map_err(truncated)?;
        if !reader.rest().is_empty() {
            return Err(field("length of hash algorithm name"));
        }
        let name = utf16_nul_terminated(name).map_err(|source| KdsError::Text {
            structure: Self::STRUCTURE,
            source,
        })?;
        name.parse().map(|hash| Self { hash })
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let name = to_utf16_nul_terminated(self.hash.name());
        let len = name.len() as u32; // at most 14
        let (before, behind) = Self::HEADER;
        [&before[..], &len.to_le_bytes(), &behind, &name].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_absent_attribute_means_sha256() {
        assert_eq!(
            KdfParameters::from_attribute(None).unwrap().hash,
            KdfHash::Sha256
        );
        assert!(KdfParameters::from_attribute(Some(&[])).is_err());
    }

    #[test]
    fn only_four_hashes_are_known() {
        let mut md5 = KdfParameters {
            hash: KdfHash::Sha1,
        }
        .to_bytes();
        md5[16] = b'X';
        assert_eq!(
            KdfParameters::from_bytes(&md5),
            Err(KdsError::UnsupportedAlgorithm("XHA1".to_owned()))
        );
        assert!("sha512".parse::<KdfHash>().is_err());
        assert_eq!(
            serde_json::to_string(&KdfHash::Sha512).unwrap(),
            "\"SHA512\""
        );
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_answered(at in 0usize..30, value: u8, cut in 0usize..31) {
            let mut bytes = KdfParameters { hash: KdfHash::Sha512 }.to_bytes();
            bytes[at] = value;
            bytes.truncate(cut);
            if let Ok(read) = KdfParameters::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
