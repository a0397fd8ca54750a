//! Keytab files.

use security::wire::{Reader, Truncated};
use zeroize::Zeroizing;

use crate::kerberos_key::{EncryptionType, KerberosKey, KerberosKeys};

/// A keytab file in MIT's format, version 0x0502: all numbers big-endian.
///
/// ```text
/// file  = 05 02 · { i32 size · entry of `size` bytes | i32 −size · hole of `size` bytes }
/// entry = u16 components · realm · component… · u32 name type · u32 timestamp · u8 kvno
///         · u16 encryption type · key · [u32 kvno, when it is not 0]
/// realm, component, key = u16 length · bytes
/// ```
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Keytab {
    /// In file order.
    pub entries: Vec<KeytabEntry>,
}

/// One key of one principal.
#[derive(Debug, PartialEq, Eq)]
pub struct KeytabEntry {
    /// Whose key.
    pub principal: KeytabPrincipal,
    /// When it was written, in seconds since 1970.
    pub timestamp: u32,
    /// Key version number; `msDS-KeyVersionNumber` for the current password, one less for the previous.
    pub kvno: u32,
    /// The key.
    pub key: KerberosKey,
}

/// A principal name as a keytab has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeytabPrincipal {
    /// The realm, in upper case for Active Directory.
    pub realm: String,
    /// `["MIMSync$"]`, or `["PCNSCLNT", "mimsync01.contoso.com"]`.
    pub components: Vec<String>,
    /// KRB_NT_PRINCIPAL (1), KRB_NT_SRV_INST (2) …
    pub name_type: u32,
}

/// Why bytes are not a keytab, or a keytab cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeytabError {
    /// The file or an entry ends early.
    #[error("the keytab is truncated")]
    Truncated(#[from] Truncated),
    /// Only version 0x0502 is in use.
    #[error("keytab version is {0:#06x}, not 0x0502")]
    Version(u16),
    /// A principal's name is not UTF-8.
    #[error("a principal name in the keytab is not utf-8")]
    Name,
    /// A name or key has more than 65,535 bytes, or a principal as many components.
    #[error("a name or key is too long for a keytab")]
    TooLong,
}

impl KeytabPrincipal {
    /// KRB_NT_PRINCIPAL, RFC 4120 section 6.2.
    pub const NT_PRINCIPAL: u32 = 1;

    /// An account in a realm, such as `MIMSync$` in `CONTOSO.COM`.
    #[must_use]
    pub fn account(realm: &str, sam_account_name: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            components: vec![sam_account_name.to_owned()],
            name_type: Self::NT_PRINCIPAL,
        }
    }
}

impl Keytab {
    const VERSION: u16 = 0x0502;

    /// Adds both keys of one version of an account's password.
    pub fn push_keys(
        &mut self,
        principal: &KeytabPrincipal,
        kvno: u32,
        timestamp: u32,
        keys: KerberosKeys,
    ) {
        let entry = |key| KeytabEntry {
            principal: principal.clone(),
            timestamp,
            kvno,
            key,
        };
        self.entries.extend([keys.aes256, keys.aes128].map(entry));
    }

    /// Reads a keytab; holes are skipped, and a size of 0 ends it, as in MIT's own reader.
    ///
    /// # Errors
    /// [`KeytabError`] for bytes of another form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeytabError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u16_be()?;
        if version != Self::VERSION {
            return Err(KeytabError::Version(version));
        }
        let mut entries = Vec::new();
        while !reader.rest().is_empty() {
            let size = i32::from_be_bytes(reader.array()?);
            let body = reader.take(usize::try_from(size.unsigned_abs()).unwrap_or(usize::MAX))?;
            match size {
                0 => break,
                1.. => entries.push(KeytabEntry::read(Reader::new(body))?),
                _ => {} // a hole, left by an entry that was removed
            }
        }
        Ok(Self { entries })
    }

    /// The bytes of the file; secret, because the keys are in them.
    ///
    /// # Errors
    /// [`KeytabError::TooLong`].
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeytabError> {
        let len = 2 + self
            .entries
            .iter()
            .map(|entry| 4 + entry.encoded_len())
            .sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(len)); // never moves: no copy is left behind
        bytes.extend(Self::VERSION.to_be_bytes());
        for entry in &self.entries {
            let size = i32::try_from(entry.encoded_len()).map_err(|_| KeytabError::TooLong)?;
            bytes.extend(size.to_be_bytes());
            entry.write(&mut bytes)?;
        }
        Ok(bytes)
    }
}

impl KeytabEntry {
    fn read(mut reader: Reader<'_>) -> Result<Self, KeytabError> {
        let count = reader.u16_be()?;
        let mut text = || -> Result<String, KeytabError> {
            let len = usize::from(reader.u16_be()?);
            String::from_utf8(reader.take(len)?.to_vec()).map_err(|_| KeytabError::Name)
        };
        let realm = text()?;
        let components = (0..count).map(|_| text()).collect::<Result<_, _>>()?;
        let principal = KeytabPrincipal {
            realm,
            components,
            name_type: reader.u32_be()?,
        };
        let timestamp = reader.u32_be()?;
        let short_kvno = reader.u8()?;
        let encryption_type = EncryptionType(reader.u16_be()?);
        let key_len = usize::from(reader.u16_be()?);
        let key = KerberosKey::from_bytes(encryption_type, reader.take(key_len)?);
        // Absent in old files, and 0 in some: then the eight bits hold.
        let kvno = reader
            .u32_be()
            .ok()
            .filter(|kvno| *kvno != 0)
            .unwrap_or(u32::from(short_kvno));
        Ok(Self {
            principal,
            timestamp,
            kvno,
            key,
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), KeytabError> {
        let short = |len: usize| {
            u16::try_from(len)
                .map(u16::to_be_bytes)
                .map_err(|_| KeytabError::TooLong)
        };
        bytes.extend(short(self.principal.components.len())?);
        for text in std::iter::once(&self.principal.realm).chain(&self.principal.components) {
            bytes.extend(short(text.len())?);
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.principal.name_type.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.push(self.kvno as u8); // the low eight bits, for readers that know no more
        bytes.extend(self.key.encryption_type().0.to_be_bytes());
        bytes.extend(short(self.key.expose_bytes().len())?);
        bytes.extend(self.key.expose_bytes());
        bytes.extend(self.kvno.to_be_bytes());
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        let texts = std::iter::once(&self.principal.realm).chain(&self.principal.components);
        2 /* components */ + texts.map(|text| 2 + text.len()).sum::<usize>()
            + 4 /* name type */ + 4 /* timestamp */ + 1 /* kvno */
            + 2 /* encryption type */ + 2 + self.key.expose_bytes().len() + 4 /* kvno */
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_entry() -> impl Strategy<Value = KeytabEntry> {
        let principal = (
            "[A-Z.]{0,12}",
            proptest::collection::vec("\\PC{0,12}", 0..4),
            any::<u32>(),
        )
            .prop_map(|(realm, components, name_type)| KeytabPrincipal {
                realm,
                components,
                name_type,
            });
        (
            principal,
            any::<u32>(),
            any::<u32>(),
            any::<u16>(),
            proptest::collection::vec(any::<u8>(), 0..40),
        )
            .prop_map(
                |(principal, timestamp, kvno, encryption_type, key)| KeytabEntry {
                    principal,
                    timestamp,
                    kvno,
                    key: KerberosKey::from_bytes(EncryptionType(encryption_type), &key),
                },
            )
    }

    fn aes_keytab() -> Keytab {
        let mut keytab = Keytab::default();
        let keys = || KerberosKeys {
            aes256: KerberosKey::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[2; 32]),
            aes128: KerberosKey::from_bytes(EncryptionType::AES128_CTS_HMAC_SHA1_96, &[1; 16]),
        };
        let principal = KeytabPrincipal::account("CONTOSO.COM", "MIMSync$");
        keytab.push_keys(&principal, 300, 7, keys());
        keytab.push_keys(&principal, 299, 7, keys());
        keytab
    }

    #[test]
    fn both_keys_of_two_versions_are_written_as_mit_has_them() {
        let bytes = aes_keytab().to_bytes().unwrap();
        let first = concat!(
            "0502",
            "0000004a", // version, size
            "0001",
            "000b",
            "434f4e544f534f2e434f4d",
            "0008",
            "4d494d53796e6324", // 1 component, realm, component
            "00000001",
            "00000007",
            "2c", // name type, timestamp, low bits of the kvno
            "0012",
            "0020",
            "0202020202020202020202020202020202020202020202020202020202020202", // key
            "0000012c",                                                         // kvno
        );
        assert!(hex::encode(&*bytes).starts_with(first));
        let kvnos: Vec<u32> = Keytab::from_bytes(&bytes)
            .unwrap()
            .entries
            .iter()
            .map(|entry| entry.kvno)
            .collect();
        assert_eq!(kvnos, [300, 300, 299, 299]);
    }

    #[test]
    fn holes_short_kvnos_and_the_end_mark_are_understood() {
        let keytab = aes_keytab();
        let bytes = keytab.to_bytes().unwrap();
        let (header, entries) = bytes.split_at(2);
        let hole = [&(-5i32).to_be_bytes()[..], &[0xee; 5]].concat();
        let with_hole = [header, &hole, entries, &[0; 4], b"garbage"].concat();
        assert_eq!(Keytab::from_bytes(&with_hole), Ok(keytab));

        let without_long_kvno = [header, &[0, 0, 0, 0x46], &entries[4..4 + 0x46]].concat();
        let read = Keytab::from_bytes(&without_long_kvno).unwrap();
        assert_eq!(read.entries[0].kvno, 300 & 0xff);
        let mut zero_long_kvno = [header, &entries[..4 + 0x4a]].concat();
        let end = zero_long_kvno.len();
        zero_long_kvno[end - 4..].fill(0);
        assert_eq!(
            Keytab::from_bytes(&zero_long_kvno).unwrap().entries[0].kvno,
            300 & 0xff
        );
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(
            Keytab::from_bytes(&[5, 1]),
            Err(KeytabError::Version(0x0501))
        );
        assert!(matches!(
            Keytab::from_bytes(&[5]),
            Err(KeytabError::Truncated(_))
        ));
        assert!(matches!(
            Keytab::from_bytes(&[5, 2, 0x80, 0, 0, 0]),
            Err(KeytabError::Truncated(_))
        ));
        let mut long = aes_keytab();
        long.entries[0].principal.realm = "X".repeat(65_536);
        assert_eq!(long.to_bytes(), Err(KeytabError::TooLong));
    }

    proptest! {
        #[test]
        fn keytabs_round_trip(entries in proptest::collection::vec(any_entry(), 0..5)) {
            let keytab = Keytab { entries };
            let bytes = keytab.to_bytes().unwrap();
            prop_assert_eq!(bytes.len(), bytes.capacity());
            prop_assert_eq!(Keytab::from_bytes(&bytes), Ok(keytab));
        }

        #[test]
        fn hostile_bytes_are_answered(entries in proptest::collection::vec(any_entry(), 1..4), at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
            let mut bytes = Keytab { entries }.to_bytes().unwrap();
            let _ = Keytab::from_bytes(&bytes[..cut.index(bytes.len())]);
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(read) = Keytab::from_bytes(&bytes) {
                prop_assert_eq!(Keytab::from_bytes(&read.to_bytes().unwrap()), Ok(read));
            }
        }
    }
}
