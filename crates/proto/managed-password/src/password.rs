//! The managed password itself.

use std::fmt;

use kds::{GroupSeedKey, KeyLevel};
use security::Sid;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ManagedPasswordError;

/// `"GMSA PASSWORD"` in UTF-16LE with its NUL.
const LABEL: &[u8; 28] = b"G\0M\0S\0A\0 \0P\0A\0S\0S\0W\0O\0R\0D\0\0\0";

/// The cleartext of a managed password: 128 UTF-16 units, as 256 bytes, without the NUL that ends them in a blob.
///
/// The units are random: most passwords hold lone surrogates, so a password is bytes and no text.
///
/// INVARIANT: no unit is zero.
pub struct ManagedPassword(Box<[u8; ManagedPassword::LEN]>);

impl ManagedPassword {
    /// Bytes of a managed password.
    pub const LEN: usize = 256;

    /// Derives the password that belongs to an L2 key and an account.
    ///
    /// [MS-ADTS] 3.1.1.4.5.39 msDS-ManagedPassword, GenerateGmsaPassword and PostProcessPasswordBuffer:
    ///
    /// ```text
    /// password = KDF(Hash, Key(SD, RK, L0, L1, L2), "GMSA PASSWORD", SID, 2048), each unit 0x0000 replaced by 0x0001
    /// ```
    ///
    /// # Errors
    /// [`ManagedPasswordError::NotAnL2Key`].
    pub fn derive(key: &GroupSeedKey, sid: &Sid) -> Result<Self, ManagedPasswordError> {
        if key.id().level() != KeyLevel::L2 {
            return Err(ManagedPasswordError::NotAnL2Key(key.id()));
        }
        let mut password = Self(Box::new([0; Self::LEN]));
        key.derive_bytes(LABEL, &sid.to_bytes(), &mut password.0);
        let (units, _) = password.0.as_chunks_mut::<2>();
        units
            .iter_mut()
            .filter(|unit| **unit == [0, 0])
            .for_each(|unit| *unit = [1, 0]); // U+0001, little-endian
        Ok(password)
    }

    /// Takes a password that was read; the caller wipes its own copy.
    ///
    /// # Errors
    /// [`ManagedPasswordError::PasswordLength`] for any other length than 256, and for a unit of zero, which would
    /// end the password.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManagedPasswordError> {
        let (units, odd) = bytes.as_chunks::<2>();
        let len = units
            .iter()
            .position(|unit| *unit == [0, 0])
            .map_or(bytes.len(), |end| 2 * end);
        if len != Self::LEN || !odd.is_empty() {
            return Err(ManagedPasswordError::PasswordLength(len));
        }
        let mut password = Self(Box::new([0; Self::LEN]));
        password.0.copy_from_slice(bytes);
        Ok(password)
    }

    /// The secret: 128 little-endian UTF-16 units.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The secret in UTF-8, as Kerberos wants it: each lone surrogate becomes U+FFFD.
    #[must_use]
    pub fn expose_utf8(&self) -> Zeroizing<Vec<u8>> {
        let (units, _) = self.0.as_chunks::<2>();
        // At most three bytes a unit: the buffer never moves, so no copy is left behind.
        let mut utf8 = Zeroizing::new(Vec::with_capacity(3 * units.len()));
        for decoded in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
            let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            utf8.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        utf8
    }
}

impl PartialEq for ManagedPassword {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for ManagedPassword {}

impl fmt::Debug for ManagedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagedPassword(..)")
    }
}

impl Drop for ManagedPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for ManagedPassword {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_password() -> impl Strategy<Value = ManagedPassword> {
        proptest::collection::vec(1..=u16::MAX, 128).prop_map(|units| {
            let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
            ManagedPassword::from_bytes(&bytes).unwrap()
        })
    }

    #[test]
    fn other_lengths_are_refused() {
        let mut early_end = [b'a'; 256];
        early_end[128..130].copy_from_slice(&[0, 0]);
        for (bytes, len) in [
            (&[b'a'; 254][..], 254),
            (&[b'a'; 257], 257),
            (&[b'a'; 258], 258),
            (&[], 0),
            (&early_end, 128),
        ] {
            assert_eq!(
                ManagedPassword::from_bytes(bytes),
                Err(ManagedPasswordError::PasswordLength(len))
            );
        }
    }

    #[test]
    fn a_password_does_not_show_itself() {
        let password = ManagedPassword::from_bytes(&[b'a'; 256]).unwrap();
        assert_eq!(format!("{password:?}"), "ManagedPassword(..)");
    }

    proptest! {
        #[test]
        fn utf8_is_what_the_standard_library_makes_of_it(password in any_password()) {
            let (units, _) = password.expose_bytes().as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            let utf8 = password.expose_utf8();
            prop_assert_eq!(utf8.to_vec(), String::from_utf16_lossy(&units).into_bytes());
            prop_assert!(utf8.capacity() == 384);
        }
    }
}
