//! The NT hash of a managed password.

use std::fmt;

use md4::{Digest, Md4};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::password::ManagedPassword;

/// [MS-NLMP] 3.3.1 NTLM v1 Authentication, NTOWFv1: MD4 over the password's UTF-16 units; also the RC4 key.
///
/// As good as the password for logging on with NTLM or RC4: a secret.
pub struct NtHash(Box<[u8; NtHash::LEN]>);

impl NtHash {
    /// Bytes of an NT hash.
    pub const LEN: usize = 16;

    /// NTOWFv1 = MD4(password), over its 256 bytes as they are, without a NUL.
    #[must_use]
    pub fn of(password: &ManagedPassword) -> Self {
        Self::of_units(password.expose_bytes())
    }

    /// NTOWFv1 of a password that somebody types.
    #[must_use]
    pub fn of_text(password: &str) -> Self {
        let units = Zeroizing::new(
            password
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
        );
        Self::of_units(&units)
    }

    fn of_units(units: &[u8]) -> Self {
        let mut digest = Md4::digest(units);
        let mut hash = Self(Box::new([0; Self::LEN]));
        hash.0.copy_from_slice(&digest);
        digest.as_mut_slice().zeroize();
        hash
    }

    /// Takes a hash that was read; the caller wipes its own copy.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let mut hash = Self(Box::new([0; Self::LEN]));
        hash.0.copy_from_slice(bytes);
        hash
    }

    /// The secret itself.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl PartialEq for NtHash {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for NtHash {}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

impl Drop for NtHash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for NtHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_hash_of_a_text() {
        // [MS-NLMP] 4.2.2.1.2 "NTOWFv1()".
        let expected = [
            0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f,
            0xd8, 0x52,
        ];
        assert_eq!(NtHash::of_text("Password").expose_bytes(), &expected);
    }
}
