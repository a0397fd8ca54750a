//! Kerberos keys of a managed password.

use std::fmt;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use pbkdf2::pbkdf2_hmac;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::password::ManagedPassword;

/// How often PBKDF2 iterates: RFC 3962 section 4, and what Active Directory announces.
pub const ITERATIONS: u32 = 4_096;

/// An encryption type of the Kerberos registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptionType(pub u16);

/// A Kerberos key with its encryption type: whoever has it can log on as its principal.
pub struct KerberosKey {
    encryption_type: EncryptionType,
    bytes: Box<[u8]>,
}

/// Both AES keys of one password.
#[derive(Debug, PartialEq, Eq)]
pub struct KerberosKeys {
    /// aes256-cts-hmac-sha1-96.
    pub aes256: KerberosKey,
    /// aes128-cts-hmac-sha1-96.
    pub aes128: KerberosKey,
}

/// What makes the keys of two accounts with the same password differ. It is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Salt(String);

impl EncryptionType {
    /// aes128-cts-hmac-sha1-96, RFC 3962.
    pub const AES128_CTS_HMAC_SHA1_96: Self = Self(17);
    /// aes256-cts-hmac-sha1-96, RFC 3962.
    pub const AES256_CTS_HMAC_SHA1_96: Self = Self(18);
    /// rc4-hmac, RFC 4757; its key is the NT hash.
    pub const RC4_HMAC: Self = Self(23);
}

impl Salt {
    /// The salt of an account of class computer, as every gMSA is: [MS-KILE] 3.1.1.2 Cryptographic Material.
    ///
    /// REALM ‖ "host" ‖ account name without `$` ‖ "." ‖ dns domain, the last two in lower case.
    ///
    /// A renamed account keeps its old salt until its password changes: when in doubt, the KDC knows.
    #[must_use]
    pub fn for_computer(realm: &str, sam_account_name: &str, dns_domain: &str) -> Self {
        let account = sam_account_name
            .strip_suffix('$')
            .unwrap_or(sam_account_name);
        let (realm, account, dns_domain) = (
            realm.to_uppercase(),
            account.to_lowercase(),
            dns_domain.to_lowercase(),
        );
        Self(format!("{realm}host{account}.{dns_domain}"))
    }

    /// Takes a salt as a KDC announced it.
    #[must_use]
    pub fn from_kdc(salt: String) -> Self {
        Self(salt)
    }

    /// The salt as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KerberosKeys {
    /// Both keys of a managed password, from one run of PBKDF2: the shorter output is the start of the longer.
    ///
    /// The password goes in as UTF-8, each lone surrogate as U+FFFD.
    #[must_use]
    pub fn derive(password: &ManagedPassword, salt: &Salt) -> Self {
        let base = base_key(
            &password.expose_utf8(),
            salt.as_str().as_bytes(),
            ITERATIONS,
        );
        Self {
            aes256: KerberosKey::aes256(&base),
            aes128: KerberosKey::aes128(&base),
        }
    }
}

impl KerberosKey {
    /// string-to-key of RFC 3962 section 4 for aes256-cts-hmac-sha1-96, any UTF-8 password and salt.
    #[must_use]
    pub fn aes256_from_password(password: &[u8], salt: &[u8], iterations: u32) -> Self {
        Self::aes256(&base_key(password, salt, iterations))
    }

    /// string-to-key of RFC 3962 section 4 for aes128-cts-hmac-sha1-96, any UTF-8 password and salt.
    #[must_use]
    pub fn aes128_from_password(password: &[u8], salt: &[u8], iterations: u32) -> Self {
        Self::aes128(&base_key(password, salt, iterations))
    }

    /// Takes a key that was read; the caller wipes its own copy.
    #[must_use]
    pub fn from_bytes(encryption_type: EncryptionType, bytes: &[u8]) -> Self {
        Self {
            encryption_type,
            bytes: bytes.into(),
        }
    }

    /// DK(tkey, "kerberos") with AES-256, whose key takes two blocks of output.
    fn aes256(base: &[u8; 32]) -> Self {
        let cipher = Aes256::new(base.into());
        let mut key = Box::new([0; 32]);
        let (blocks, _) = key.as_chunks_mut::<16>();
        let mut block = Zeroizing::new(NFOLD_KERBEROS);
        for slot in blocks {
            cipher.encrypt_block((&mut *block).into());
            *slot = *block;
        }
        Self {
            encryption_type: EncryptionType::AES256_CTS_HMAC_SHA1_96,
            bytes: key,
        }
    }

    /// DK(tkey, "kerberos") with AES-128.
    fn aes128(base: &[u8; 32]) -> Self {
        let (base, _) = base.as_chunks::<16>();
        let mut key = Box::new(NFOLD_KERBEROS);
        for base in base.iter().take(1) {
            Aes128::new(base.into()).encrypt_block((&mut *key).into());
        }
        Self {
            encryption_type: EncryptionType::AES128_CTS_HMAC_SHA1_96,
            bytes: key,
        }
    }

    /// The encryption type the key is for.
    #[must_use]
    pub fn encryption_type(&self) -> EncryptionType {
        self.encryption_type
    }

    /// The secret itself.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// 128-fold("kerberos"), RFC 3961 appendix A.1: the only input that string-to-key ever folds.
const NFOLD_KERBEROS: [u8; 16] = *b"kerberos\x7b\x9b\x5b\x2b\x93\x13\x2b\x93";

/// tkey = random2key(PBKDF2(passphrase, salt, iterations, keylength)), RFC 3962 section 4; random2key is identity.
///
/// DR of RFC 3961 section 5.1 then encrypts 128-fold("kerberos"), and each block after the block before, in CBC with
/// a zero vector: one block at a time, which ciphertext stealing leaves as it is. So AES itself is all it takes.
fn base_key(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; 32]> {
    let mut base = Zeroizing::new([0; 32]);
    pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut *base);
    base
}

impl PartialEq for KerberosKey {
    /// Compares the secret in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.encryption_type == other.encryption_type && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

impl Eq for KerberosKey {}

impl fmt::Debug for KerberosKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KerberosKey(..)")
    }
}

impl Drop for KerberosKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl ZeroizeOnDrop for KerberosKey {}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3962 appendix B, Sample Test Vectors.
    #[test]
    fn rfc_3962_appendix_b() {
        let (password, salt): (&[u8], &[u8]) = (b"password", b"ATHENA.MIT.EDUraeburn");
        let (block, longer) = ([b'X'; 64], [b'X'; 65]);
        for (iterations, password, salt, aes128, aes256) in [
            (
                1,
                password,
                salt,
                "42263c6e89f4fc28b8df68ee09799f15",
                "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
            ),
            (
                2,
                password,
                salt,
                "c651bf29e2300ac27fa469d693bdda13",
                "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
            ),
            (
                1200,
                password,
                salt,
                "4c01cd46d632d01e6dbe230a01ed642a",
                "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
            ),
            (
                5,
                password,
                b"\x12\x34\x56\x78\x78\x56\x34\x12",
                "e9b23d52273747dd5c35cb55be619d8e",
                "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
            ),
            (
                1200,
                &block,
                b"pass phrase equals block size",
                "59d1bb789a828b1aa54ef9c2883f69ed",
                "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
            ),
            (
                1200,
                &longer,
                b"pass phrase exceeds block size",
                "cb8005dc5f90179a7f02104c0018751d",
                "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
            ),
            (
                50,
                "\u{1d11e}".as_bytes(),
                b"EXAMPLE.COMpianist",
                "f149c1f2e154a73452d43e7fe62a56e5",
                "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
            ),
        ] {
            let key = KerberosKey::aes128_from_password(password, salt, iterations);
            assert_eq!(
                (key.encryption_type().0, hex::encode(key.expose_bytes())),
                (17, aes128.to_owned())
            );
            let key = KerberosKey::aes256_from_password(password, salt, iterations);
            assert_eq!(
                (key.encryption_type().0, hex::encode(key.expose_bytes())),
                (18, aes256.to_owned())
            );
        }
    }

    /// RFC 3961 section 5.1, n-fold: copies of the input, each rotated 13 bits further to the right, added in ones'
    /// complement.
    #[test]
    fn the_folded_constant_is_what_n_fold_gives() {
        let first = u64::from_be_bytes(*b"kerberos");
        let copies = [first, first.rotate_right(13)].map(u64::to_be_bytes);
        assert_eq!(copies.as_flattened(), NFOLD_KERBEROS); // two copies fill 128 bits: there is nothing to add
    }

    #[test]
    fn the_salt_of_an_account_does_not_depend_on_case() {
        let salt = Salt::for_computer("contoso.com", "MIMSyncGMSAsvc$", "Contoso.com");
        assert_eq!(salt.as_str(), "CONTOSO.COMhostmimsyncgmsasvc.contoso.com");
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key = KerberosKey::from_bytes(EncryptionType::RC4_HMAC, &[1; 16]);
        assert_eq!(format!("{key:?}"), "KerberosKey(..)");
    }
}
