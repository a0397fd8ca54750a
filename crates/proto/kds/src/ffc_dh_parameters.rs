//! The Diffie-Hellman group in which group public keys live.

use security::wire::Reader;

use crate::KdsError;

/// [MS-GKDI] 2.2.2 FFC DH Parameters: value of `msKds-SecretAgreementParam` when the algorithm is `DH`.
///
/// Managed passwords do not depend on it: it is kept and shown, not computed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FfcDhParameters {
    field_order: Vec<u8>,
    generator: Vec<u8>,
}

impl FfcDhParameters {
    const STRUCTURE: &str = "ffc dh parameters";
    const MAGIC: [u8; 4] = *b"DHPM";
    const HEADER_LEN: usize = 4 /* Length */ + 4 /* Magic */ + 4 /* Key length */;
    /// The attribute's own upper bound is 2,000 bytes, so a number has less than 1,000.
    const MAX_KEY_LEN: usize = 1_000;

    /// Takes the field order p and the generator g, big-endian and of the same length.
    ///
    /// # Errors
    /// [`KdsError::Field`] when the lengths differ, or are above 1,000 bytes.
    pub fn new(field_order: Vec<u8>, generator: Vec<u8>) -> Result<Self, KdsError> {
        if field_order.len() != generator.len() || field_order.len() > Self::MAX_KEY_LEN {
            return Err(KdsError::Field {
                structure: Self::STRUCTURE,
                field: "key length",
            });
        }
        Ok(Self {
            field_order,
            generator,
        })
    }

    /// Takes numbers that fit for certain.
    pub(crate) fn of<const N: usize>(field_order: &[u8; N], generator: &[u8; N]) -> Self {
        const { assert!(N <= Self::MAX_KEY_LEN) };
        Self {
            field_order: field_order.to_vec(),
            generator: generator.to_vec(),
        }
    }

    /// Reads `u32 length | "DHPM" | u32 key length | p | g`.
    ///
    /// # Errors
    /// [`KdsError`] for bytes of another form.
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
        if reader.len_u32_le().map_err(truncated)? != bytes.len() {
            return Err(field("length"));
        }
        if reader.array().map_err(truncated)? != Self::MAGIC {
            return Err(field("magic"));
        }
        let key_len = reader.len_u32_le().map_err(truncated)?;
        let field_order = reader.take(key_len).map_err(truncated)?.to_vec();
        let generator = reader.take(key_len).map_err(truncated)?.to_vec();
        if !reader.rest().is_empty() {
            return Err(field("key length"));
        }
        Self::new(field_order, generator)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let key_len = self.field_order.len();
        let len = Self::HEADER_LEN + 2 * key_len;
        let u32_le = |len: usize| (len as u32).to_le_bytes(); // at most 2,012
        [
            &u32_le(len),
            &Self::MAGIC,
            &u32_le(key_len)[..],
            &self.field_order,
            &self.generator,
        ]
        .concat()
    }

    /// The prime p, big-endian.
    #[must_use]
    pub fn field_order(&self) -> &[u8] {
        &self.field_order
    }

    /// The generator g, big-endian, as long as p.
    #[must_use]
    pub fn generator(&self) -> &[u8] {
        &self.generator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_the_same_length() {
        assert!(FfcDhParameters::new(vec![1; 4], vec![1; 5]).is_err());
        assert!(FfcDhParameters::new(vec![1; 1_001], vec![1; 1_001]).is_err());
    }

    proptest! {
        #[test]
        fn parameters_round_trip_and_hostile_bytes_are_answered(numbers in proptest::collection::vec((any::<u8>(), any::<u8>()), 0..40), at: prop::sample::Index, value: u8) {
            let (field_order, generator) = numbers.into_iter().unzip();
            let parameters = FfcDhParameters::new(field_order, generator).unwrap();
            let mut bytes = parameters.to_bytes();
            prop_assert_eq!(FfcDhParameters::from_bytes(&bytes), Ok(parameters));
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(read) = FfcDhParameters::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
