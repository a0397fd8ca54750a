//! The Synchronization Service's key set and the file that it is exported to.

use security::Guid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"MIISKEYS";
const ID_LEN: usize = 16;
const KEY_LEN: usize = 32; // one SHA-256
const CHECKSUM_LEN: usize = 32; // SHA-256 over everything before it
const FILE_LEN: usize = MAGIC.len() + ID_LEN + KEY_LEN + CHECKSUM_LEN;

/// Names a key set. The keys themselves follow from it: a lab has no secret to keep, and the same seed
/// gives the same lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeySetId(Guid);

impl KeySetId {
    /// The key set that a setup makes; another seed, another key set.
    pub fn of_seed(seed: &str) -> Self {
        let hash = Sha256::digest(seed.as_bytes());
        let mut id = [0; ID_LEN];
        id.iter_mut()
            .zip(hash)
            .for_each(|(byte, random)| *byte = random);
        Self(Guid::from_bytes(id))
    }

    /// The key set that follows when this one is given up.
    #[must_use]
    pub fn successor(self) -> Self {
        Self::of_seed(&self.0.to_string())
    }

    /// The identifier that `miiskmu /c` and `/i` take.
    pub fn guid(self) -> Guid {
        self.0
    }

    /// The content of an export.
    pub fn to_file(self) -> Vec<u8> {
        let mut file = Vec::with_capacity(FILE_LEN);
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&self.0.to_bytes());
        file.extend_from_slice(&Sha256::digest(
            [b"lab key set".as_slice(), &self.0.to_bytes()].concat(),
        ));
        let checksum = Sha256::digest(&file);
        file.extend_from_slice(&checksum);
        file
    }

    /// Reads an export; `None` when it is not one, or damaged.
    pub fn from_file(file: &[u8]) -> Option<Self> {
        let id = file.strip_prefix(MAGIC)?.first_chunk::<ID_LEN>()?;
        let id = Self(Guid::from_bytes(*id));
        (id.to_file() == file).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_comes_back_whole_and_damage_anywhere_is_noticed() {
        let keys = KeySetId::of_seed("lab");
        let file = keys.to_file();
        assert_eq!(file.len(), FILE_LEN);
        assert_eq!(KeySetId::from_file(&file), Some(keys));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert_eq!(KeySetId::from_file(&damaged), None, "byte {at}");
            assert_eq!(KeySetId::from_file(&file[..at]), None, "cut at {at}");
        }
        assert_ne!(keys, keys.successor());
    }
}
