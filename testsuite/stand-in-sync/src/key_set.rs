//! The key set and the file it is exported to.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"MIISKEYS";
const ID_LEN: usize = 16;
const KEY_LEN: usize = 32;
const CHECKSUM_LEN: usize = 32; // SHA-256 over everything before it
const FILE_LEN: usize = MAGIC.len() + ID_LEN + KEY_LEN + CHECKSUM_LEN;

/// The keys that encrypt the management agents' credentials; wiped on drop.
#[derive(PartialEq, Eq)]
pub struct KeySet {
    id: [u8; ID_LEN],
    key: Box<Zeroizing<[u8; KEY_LEN]>>,
}

impl KeySet {
    /// A new key set.
    pub fn random() -> Result<Self, getrandom::Error> {
        let (mut id, mut key) = ([0; ID_LEN], Box::new(Zeroizing::new([0; KEY_LEN])));
        getrandom::fill(&mut id)?;
        getrandom::fill(key.as_mut_slice())?;
        Ok(Self { id, key })
    }

    /// Its identifier.
    pub fn id(&self) -> &[u8; ID_LEN] {
        &self.id
    }

    /// The content of an export.
    pub fn expose_file(&self) -> Zeroizing<Vec<u8>> {
        let mut file = Zeroizing::new(Vec::with_capacity(FILE_LEN));
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&self.id);
        file.extend_from_slice(self.key.as_slice());
        let checksum = Sha256::digest(file.as_slice());
        file.extend_from_slice(&checksum);
        file
    }

    /// Reads an export; `None` when it is not one, or damaged.
    pub fn from_file(file: &[u8]) -> Option<Self> {
        let (content, checksum) = file.split_at_checked(FILE_LEN - CHECKSUM_LEN)?;
        if Sha256::digest(content).as_slice() != checksum {
            return None;
        }
        let (id, key) = content.strip_prefix(MAGIC)?.split_at_checked(ID_LEN)?;
        let mut own = Box::new(Zeroizing::new([0; KEY_LEN]));
        own.as_mut_slice().copy_from_slice(key); // The checked lengths leave KEY_LEN bytes.
        Some(Self {
            id: id.try_into().ok()?,
            key: own,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_comes_back_whole() {
        let keys = KeySet::random().unwrap();
        let file = keys.expose_file();
        assert_eq!(file.len(), FILE_LEN);
        assert!(KeySet::from_file(&file) == Some(keys));
    }

    #[test]
    fn damage_anywhere_is_noticed() {
        let file = KeySet::random().unwrap().expose_file();
        for at in 0..file.len() {
            let mut damaged = file.to_vec();
            damaged[at] ^= 1;
            assert!(KeySet::from_file(&damaged).is_none(), "byte {at}");
            assert!(KeySet::from_file(&file[..at]).is_none(), "cut at {at}");
        }
        let longer = [file.as_slice(), b"x"].concat();
        assert!(KeySet::from_file(&longer).is_none());
    }
}
