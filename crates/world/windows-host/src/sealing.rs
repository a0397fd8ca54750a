//! A copy of a file that only the holders of the recipients' identities can read. The plain content stays on the host.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};

use agent_protocol::{
    Failure, FailureKind, FileDigest, HostPath, Recipient, SealedContent, SealedDigest,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::failures::from_io;
use crate::files;

/// Largest file that is sealed or fetched: it is held in memory as a whole, and fits into a frame. A key set has some
/// hundred bytes to some kilobytes.
const LIMIT: u64 = 8 << 20;

/// Seals a file, flushes the copy to the disk, and digests what is there then. A copy that fails half-way is removed.
pub fn seal(
    from: &HostPath,
    to: &HostPath,
    recipients: &[Recipient],
) -> Result<SealedDigest, Failure> {
    let plain = read(from)?;
    let sealed = sealed_file::seal(&plain, recipients)
        .map_err(|error| Failure::new(FailureKind::Invalid, format!("seal {from}: {error}")))?;
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to.as_str())
        .map_err(|error| from_io(&error, format!("create {to}")))?;
    if let Err(error) = copy.write_all(&sealed).and_then(|()| copy.sync_all()) {
        drop(copy);
        let rest = match fs::remove_file(to.as_str()) {
            Ok(()) => "",
            Err(_) => " (a part of it is left)",
        };
        return Err(from_io(&error, format!("write {to}{rest}")));
    }
    drop(copy);
    Ok(SealedDigest {
        plain: FileDigest {
            path: from.clone(),
            size: plain.len() as u64,
            sha256: hex::encode(Sha256::digest(&*plain)),
        },
        sealed: files::digest(to)?,
    })
}

/// The content of a sealed file. Any other file stays where it is: its content is nobody's business.
pub fn fetch(path: &HostPath) -> Result<SealedContent, Failure> {
    let content = read(path)?;
    match sealed_file::is_sealed(&content) {
        true => Ok(SealedContent(content.to_vec())),
        false => Err(Failure::new(
            FailureKind::Invalid,
            format!("fetch {path}: it is no sealed file"),
        )),
    }
}

/// The whole file, in a buffer that does not grow and is wiped.
fn read(path: &HostPath) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| from_io(&error, format!("read {path}"));
    let file = File::open(path.as_str()).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > LIMIT {
        let what = format!("{path} has {size} bytes, and {LIMIT} are the most");
        return Err(Failure::new(FailureKind::Invalid, what));
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(
        usize::try_from(size).unwrap_or_default(),
    ));
    file.take(size).read_to_end(&mut plain).map_err(failed)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use sealed_file::Identities;

    use super::*;

    const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
    const IDENTITY: &str =
        "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";

    fn path(directory: &tempfile::TempDir, name: &str) -> HostPath {
        HostPath::parse(directory.path().join(name).to_str().unwrap()).unwrap()
    }

    #[test]
    fn a_sealed_copy_opens_to_the_original_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (path(&directory, "keys"), path(&directory, "keys.age"));
        fs::write(from.as_str(), "abc").unwrap();
        let recipients = [RECIPIENT.parse().unwrap()];

        let done = seal(&from, &to, &recipients).unwrap();
        assert_eq!(done.plain, files::digest(&from).unwrap());
        assert_eq!(done.sealed, files::digest(&to).unwrap());
        let sealed = fs::read(to.as_str()).unwrap();
        let opened = sealed_file::open(&sealed, &Identities::parse(IDENTITY).unwrap());
        assert_eq!(**opened.unwrap(), *b"abc");

        let again = seal(&from, &to, &recipients).unwrap_err();
        assert_eq!(again.kind, FailureKind::Exists);
        assert_eq!(fs::read(to.as_str()).unwrap(), sealed);
    }

    #[test]
    fn what_cannot_be_sealed_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (path(&directory, "keys"), path(&directory, "keys.age"));
        let recipients = [RECIPIENT.parse().unwrap()];
        assert_eq!(
            seal(&from, &to, &recipients).unwrap_err().kind,
            FailureKind::NotFound
        );
        fs::write(from.as_str(), "abc").unwrap();
        assert_eq!(
            seal(&from, &to, &[]).unwrap_err().kind,
            FailureKind::Invalid
        );
        File::create(from.as_str())
            .unwrap()
            .set_len(LIMIT + 1)
            .unwrap();
        assert_eq!(
            seal(&from, &to, &recipients).unwrap_err().kind,
            FailureKind::Invalid
        );
        assert_eq!(files::metadata(&to).unwrap(), None);
    }
}
