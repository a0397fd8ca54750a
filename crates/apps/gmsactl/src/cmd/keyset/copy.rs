//! A copy of an exported key set on this machine: read, opened where it is sealed, and found in the journal.

use std::path::Path;

use engine::ExportedKeySet;
use model::ports::FileFacts;
use sealed_file::Identities;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::documents::keyset::CopyFacts;
use crate::error::Failure;

/// A file that may be a copy.
pub struct Copy {
    bytes: Zeroizing<Vec<u8>>,
}

impl Copy {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes =
            std::fs::read(path).map_err(|error| Failure::file("copy", "the copy", path, &error))?;
        Ok(Self {
            bytes: Zeroizing::new(bytes),
        })
    }

    /// Its content, decrypted here.
    pub fn open(
        &self,
        path: &Path,
        identities: &Identities,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        sealed_file::open(&self.bytes, identities).map_err(|error| {
            Failure::new("copy", format!("{} cannot be opened", path.display()))
                .caused_by(&error)
                .hint("name the sealed copy, and the identity of one of its recipients: gmsactl keyset inspect shows them")
        })
    }

    /// What it is, and the newest export that it is a copy of: by the content that an identity opened, else by its own
    /// hash.
    pub fn compared<'a>(
        &self,
        path: &Path,
        content: Option<&[u8]>,
        exports: impl DoubleEndedIterator<Item = &'a ExportedKeySet>,
    ) -> CopyFacts {
        let facts = facts_of(&self.bytes);
        let content = content.map(facts_of);
        let is_copy = |export: &&ExportedKeySet| match &content {
            Some(content) => export.facts == *content,
            None => {
                let sealed = export.sealed.as_ref();
                export.facts == facts || sealed.is_some_and(|sealed| sealed.facts == facts)
            }
        };
        CopyFacts {
            path: path.display().to_string(),
            copy_of: exports.rev().find(is_copy).cloned(),
            sealed: sealed_file::is_sealed(&self.bytes),
            content,
            facts,
        }
    }
}

/// The identities of a file: read here, and sent nowhere.
pub fn identities(path: &Path) -> Result<Identities, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::file("identity", "the identity file", path, &error))?;
    let text = Zeroizing::new(text);
    Identities::parse(&text).map_err(|error| {
        Failure::new(
            "identity",
            format!("{} is no identity file", path.display()),
        )
        .caused_by(&error)
        .hint("name the file that age-keygen wrote; it is needed here only, never on a host")
    })
}

/// Size and hash.
pub fn facts_of(content: &[u8]) -> FileFacts {
    FileFacts {
        size: content.len() as u64,
        sha256: hex::encode(Sha256::digest(content)),
    }
}

#[cfg(test)]
mod tests {
    use engine::SealedKeySet;

    use super::*;

    const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
    const IDENTITY: &str =
        "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";

    fn export(run: &str, content: &[u8], sealed: Option<&[u8]>) -> ExportedKeySet {
        ExportedKeySet {
            run: run.parse().unwrap(),
            host: "MIMSYNC01".parse().unwrap(),
            file: r"C:\MIMBackup\miiskeys-1.bin".to_owned(),
            facts: facts_of(content),
            removed: sealed.is_some(),
            sealed: sealed.map(|sealed| SealedKeySet {
                file: r"C:\MIMBackup\miiskeys-1.bin.age".to_owned(),
                facts: facts_of(sealed),
                recipients: vec![RECIPIENT.parse().unwrap()],
            }),
        }
    }

    fn run_of(copy: &CopyFacts) -> Option<&str> {
        copy.copy_of.as_ref().map(|of| of.run.as_str())
    }

    #[test]
    fn a_copy_is_that_of_the_newest_export_with_its_content() {
        let exports = [
            export("20261122-231500-1a2b", b"keys", None),
            export("20261123-231500-1a2b", b"keys", None),
            export("20261124-231500-1a2b", b"newer keys", None),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.bin");
        for (content, run) in [(&b"keys"[..], Some("20261123-231500-1a2b")), (b"key", None)] {
            std::fs::write(&path, content).unwrap();
            let copy = Copy::read(&path).unwrap();
            let compared = copy.compared(&path, None, exports.iter());
            assert_eq!((run_of(&compared), compared.sealed), (run, false));
        }
        assert!(Copy::read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_sealed_copy_is_told_by_its_own_hash_and_by_what_an_identity_opens() {
        let recipients = [RECIPIENT.parse().unwrap()];
        let sealed = sealed_file::seal(b"keys", &recipients).unwrap();
        let again = sealed_file::seal(b"keys", &recipients).unwrap();
        let other = sealed_file::seal(b"other", &recipients).unwrap();
        let exports = [export("20261122-231500-1a2b", b"keys", Some(&sealed))];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.age");
        let identities = Identities::parse(IDENTITY).unwrap();
        for (copy, by_hash, by_content) in [
            (&sealed, true, true),
            (&again, false, true), // Sealed anew, by somebody else.
            (&other, false, false),
        ] {
            std::fs::write(&path, copy).unwrap();
            let copy = Copy::read(&path).unwrap();
            let compared = copy.compared(&path, None, exports.iter());
            assert_eq!(
                (run_of(&compared).is_some(), compared.sealed),
                (by_hash, true)
            );
            let content = copy.open(&path, &identities).unwrap();
            let compared = copy.compared(&path, Some(&content), exports.iter());
            assert_eq!(run_of(&compared).is_some(), by_content);
        }
        std::fs::write(&path, b"keys").unwrap();
        let copy = Copy::read(&path).unwrap();
        assert!(copy.open(&path, &identities).is_err());
    }
}
