//! Keys: of accounts, of sessions, and what they encrypt (RFC 3962, "AES Encryption for Kerberos 5").

use std::fmt;
use std::sync::OnceLock;

use managed_password::{EncryptionType, ITERATIONS, KerberosKey};
use picky_krb::crypto::CipherSuite;
use zeroize::Zeroizing;

use crate::random;

/// The encryption types that the lab knows, the better first.
pub(crate) const ENCRYPTION_TYPES: [i32; 2] = [18, 17];

/// A Kerberos key.
pub(crate) struct Key {
    encryption_type: i32,
    bytes: Zeroizing<Vec<u8>>,
}

/// Something was not encrypted with this key, or is none of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongKey;

impl Key {
    /// A new session key.
    pub(crate) fn random(encryption_type: i32) -> Self {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes());
        let length = if encryption_type == 17 { 16 } else { 32 };
        Self {
            encryption_type,
            bytes: Zeroizing::new(bytes.iter().take(length).copied().collect()),
        }
    }

    /// `None` for another encryption type than AES, or another length than it has.
    pub(crate) fn new(encryption_type: i32, bytes: &[u8]) -> Option<Self> {
        let fits = matches!((encryption_type, bytes.len()), (18, 32) | (17, 16));
        fits.then(|| Self {
            encryption_type,
            bytes: Zeroizing::new(bytes.to_vec()),
        })
    }

    pub(crate) fn encryption_type(&self) -> i32 {
        self.encryption_type
    }

    pub(crate) fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// encrypt(key, usage, plain) of RFC 3961 section 3.
    pub(crate) fn encrypt(&self, usage: i32, plain: &[u8]) -> Result<Vec<u8>, WrongKey> {
        self.suite()
            .cipher()
            .encrypt(&self.bytes, usage, plain)
            .map_err(|_| WrongKey)
    }

    /// decrypt(key, usage, cipher) of RFC 3961 section 3; the result is genuine.
    pub(crate) fn decrypt(
        &self,
        usage: i32,
        cipher: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, WrongKey> {
        self.suite()
            .cipher()
            .decrypt(&self.bytes, usage, cipher)
            .map(Zeroizing::new)
            .map_err(|_| WrongKey)
    }

    /// get_mic(key, usage, message) of RFC 3961 section 3.
    pub(crate) fn checksum(&self, usage: i32, message: &[u8]) -> Result<Vec<u8>, WrongKey> {
        let hasher = self.suite().cipher().checksum_type().hasher();
        hasher
            .checksum(&self.bytes, usage, message)
            .map_err(|_| WrongKey)
    }

    fn suite(&self) -> CipherSuite {
        match self.encryption_type {
            17 => CipherSuite::Aes128CtsHmacSha196,
            _ => CipherSuite::Aes256CtsHmacSha196,
        }
    }
}

impl From<&KerberosKey> for Key {
    fn from(key: &KerberosKey) -> Self {
        let encryption_type = i32::from(key.encryption_type().0);
        Self {
            encryption_type,
            bytes: Zeroizing::new(key.expose_bytes().to_vec()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What an account logs on with: its password, and the keys made of it when they are first needed. Of a gMSA, whose
/// password follows from a root key, only the salt.
pub(crate) struct AccountSecret {
    utf8: Option<Zeroizing<Vec<u8>>>,
    salt: String,
    aes256: OnceLock<KerberosKey>,
    aes128: OnceLock<KerberosKey>,
}

impl AccountSecret {
    pub(crate) fn new(utf8: &[u8], salt: String) -> Self {
        Self::of(Some(utf8), salt)
    }

    /// Of a gMSA.
    pub(crate) fn managed(salt: String) -> Self {
        Self::of(None, salt)
    }

    fn of(utf8: Option<&[u8]>, salt: String) -> Self {
        Self {
            utf8: utf8.map(|utf8| Zeroizing::new(utf8.to_vec())),
            salt,
            aes256: OnceLock::new(),
            aes128: OnceLock::new(),
        }
    }

    /// `None` for a gMSA.
    pub(crate) fn expose_utf8(&self) -> Option<&[u8]> {
        self.utf8.as_ref().map(|utf8| &utf8[..])
    }

    pub(crate) fn salt(&self) -> &str {
        &self.salt
    }

    /// Compared in time that depends on the lengths only.
    pub(crate) fn is_password(&self, utf8: &[u8]) -> bool {
        let Some(ours) = self.expose_utf8() else {
            return false;
        };
        let pairs = ours.iter().zip(utf8);
        let differences = pairs.fold(0, |differences, (a, b)| differences | (a ^ b));
        ours.len() == utf8.len() && differences == 0
    }

    /// The key of an account with a password of its own.
    pub(crate) fn key(&self, encryption_type: EncryptionType) -> &KerberosKey {
        let password = self.expose_utf8().unwrap_or_default();
        let salt = self.salt.as_bytes();
        match encryption_type {
            EncryptionType::AES128_CTS_HMAC_SHA1_96 => self
                .aes128
                .get_or_init(|| KerberosKey::aes128_from_password(password, salt, ITERATIONS)),
            _ => self
                .aes256
                .get_or_init(|| KerberosKey::aes256_from_password(password, salt, ITERATIONS)),
        }
    }
}

impl fmt::Debug for AccountSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountSecret(..)")
    }
}
