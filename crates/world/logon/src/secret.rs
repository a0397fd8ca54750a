//! Secrets that a log-on needs: never printed, wiped when dropped, read through `expose_…` only.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::ticket_cache::TicketCache;

/// A password, as UTF-8 bytes.
pub struct Password(Zeroizing<Box<[u8]>>);

impl Password {
    /// Takes the bytes over and wipes the caller's buffer.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        let boxed = Box::from(bytes.as_slice());
        bytes.zeroize();
        Self(Zeroizing::new(boxed))
    }

    /// The password itself.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// RFC 3962 section 7, "Assigned Numbers": the encryption types that this client can log on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionType {
    /// `aes128-cts-hmac-sha1-96` (17): 16-byte keys.
    Aes128,
    /// `aes256-cts-hmac-sha1-96` (18): 32-byte keys.
    Aes256,
}

impl EncryptionType {
    /// Length of a key, in bytes.
    pub fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    /// The number in the Kerberos encryption type registry, as keytabs hold it.
    pub fn number(self) -> u16 {
        match self {
            Self::Aes128 => 17,
            Self::Aes256 => 18,
        }
    }
}

/// An account's long-term Kerberos key, as a keytab entry holds it.
pub struct KerberosKey {
    encryption_type: EncryptionType,
    bytes: Zeroizing<Box<[u8]>>,
}

impl KerberosKey {
    /// Takes the key over and wipes the caller's buffer. `None` when the length does not fit the encryption type.
    pub fn new(encryption_type: EncryptionType, mut bytes: Vec<u8>) -> Option<Self> {
        let boxed: Box<[u8]> = Box::from(bytes.as_slice());
        bytes.zeroize();
        let bytes = Zeroizing::new(boxed);
        (bytes.len() == encryption_type.key_len()).then_some(Self {
            encryption_type,
            bytes,
        })
    }

    /// The same key once more: another log-on takes one over.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            encryption_type: self.encryption_type,
            bytes: self.bytes.clone(),
        }
    }

    /// What the key is for.
    pub fn encryption_type(&self) -> EncryptionType {
        self.encryption_type
    }

    /// The key itself.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for KerberosKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KerberosKey({:?}, ..)", self.encryption_type)
    }
}

/// What proves an account to the key distribution centre.
#[derive(Debug)]
pub enum LogonSecret {
    /// The account's password.
    Password(Password),
    /// The account's long-term key: from a keytab, or derived from a managed password.
    Key(KerberosKey),
    /// Tickets of an earlier log-on; the cache says whose.
    TicketCache(TicketCache),
    /// Whoever is logged on to Windows; Windows keeps the tickets to itself.
    LoggedOnUser,
}

impl LogonSecret {
    /// Whether a log-on with it can be bound to a TLS channel: picky-krb's channel-binding option is malformed, and
    /// servers that enforce channel binding reject it.
    pub fn binds_to_tls(&self) -> bool {
        matches!(self, Self::LoggedOnUser)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_every_secret() {
        let secret = LogonSecret::Password(Password::new(b"hunter2".to_vec()));
        assert_eq!(format!("{secret:?}"), "Password(Password(..))");
        let key = KerberosKey::new(EncryptionType::Aes128, vec![0xab; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "KerberosKey(Aes128, ..)");
    }

    #[test]
    fn a_key_of_the_wrong_length_is_no_key() {
        assert!(KerberosKey::new(EncryptionType::Aes256, vec![0; 16]).is_none());
        assert!(KerberosKey::new(EncryptionType::Aes256, vec![0; 32]).is_some());
    }
}
