//! Random passwords, each in a file of its own that only its owner can read.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use crate::system::files;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Makes sure that `file` holds a password; an existing one stays.
pub fn ensure(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    files::write_private(file, &random()?)
}

/// 32 characters: 168 random bits behind a prefix that satisfies Windows' complexity rule.
fn random() -> anyhow::Result<String> {
    let mut noise = [0_u8; 28];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut noise))
        .context("cannot read /dev/urandom")?;
    let letters = noise
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
    Ok("Rig-"
        .chars()
        .chain(letters.map(|&letter| char::from(letter)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_complex_and_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
