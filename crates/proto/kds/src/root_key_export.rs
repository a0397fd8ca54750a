//! A root key as GoldenGMSA writes it into one value.

use security::FileTime;
use security::wire::{Reader, Truncated};

use crate::error::KdsError;
use crate::root_key::{RootKey, RootKeyAttributes, RootKeyData, RootKeyId};

const STRUCTURE: &str = "exported root key";
/// Between the key lengths and the domain id: seven words that the tool writes and nobody has described.
const UNDESCRIBED: usize = 7 * 4;

impl RootKey {
    /// Reads a root key that Semperis GoldenGMSA printed (its `kdsinfo` output, decoded from base64).
    ///
    /// ```text
    /// u32 1 · GUID · u32 0 · u32 version · u32 0 · KDF algorithm · KDF parameters · u32 0 · secret agreement algorithm
    /// · its parameters · u32 private and u32 public key length · 7 words · domain id · FILETIME created
    /// · FILETIME effective · u64 0 · u64 length and bytes of the key
    /// ```
    /// Names and parameters are preceded by their u32 length in bytes; names are UTF-16LE without NUL. No
    /// specification describes this: the layout is that of the tool's published example.
    ///
    /// # Errors
    /// [`KdsError`] for bytes of another form and for keys that nobody can use.
    pub fn from_golden_gmsa(bytes: &[u8]) -> Result<Self, KdsError> {
        let mut reader = Reader::new(bytes);
        let mut fields = Fields(&mut reader);
        fields.skip(4 /* u32 1 */)?;
        let id = RootKeyId::new(fields.0.guid().map_err(truncated)?);
        fields.skip(4 /* u32 0 */)?;
        let version = fields.u32()?;
        fields.skip(4 /* u32 0 */)?;
        let kdf_algorithm = fields.text()?;
        let kdf_parameters = fields.counted()?;
        fields.skip(4 /* u32 0 */)?;
        let secret_agreement_algorithm = fields.text()?;
        fields.counted()?;
        let (private_key_length, public_key_length) = (fields.u32()?, fields.u32()?);
        fields.skip(UNDESCRIBED)?;
        let domain_id = fields.text()?;
        let (create_time, use_start_time) = (fields.time()?, fields.time()?);
        fields.skip(8 /* u64 0 */ + 8 /* u64 length */)?;
        let data = RootKeyData::from_bytes(fields.0.rest())?;
        let attributes = RootKeyAttributes {
            id,
            version,
            kdf_algorithm: &kdf_algorithm,
            kdf_parameters: Some(kdf_parameters).filter(|value| !value.is_empty()),
            secret_agreement_algorithm: &secret_agreement_algorithm,
            private_key_length,
            public_key_length,
            domain_id: &domain_id,
            use_start_time,
            create_time,
        };
        Ok(Self::new(attributes.describe()?, data))
    }
}

struct Fields<'r, 'a>(&'r mut Reader<'a>);

impl<'a> Fields<'_, 'a> {
    fn skip(&mut self, len: usize) -> Result<(), KdsError> {
        self.0.take(len).map(drop).map_err(truncated)
    }

    fn u32(&mut self) -> Result<u32, KdsError> {
        self.0.u32_le().map_err(truncated)
    }

    fn time(&mut self) -> Result<FileTime, KdsError> {
        self.0.u64_le().map(FileTime::from_ticks).map_err(truncated)
    }

    fn counted(&mut self) -> Result<&'a [u8], KdsError> {
        let len = self.0.len_u32_le().map_err(truncated)?;
        self.0.take(len).map_err(truncated)
    }

    fn text(&mut self) -> Result<String, KdsError> {
        let units = self.counted()?.chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .map_err(|_| KdsError::Field {
                structure: STRUCTURE,
                field: "name",
            })
    }
}

fn truncated(source: Truncated) -> KdsError {
    KdsError::Truncated {
        structure: STRUCTURE,
        source,
    }
}
