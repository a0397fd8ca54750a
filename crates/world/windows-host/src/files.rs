//! Files and directories.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_protocol::{Failure, FileDigest, FileKind, FileMetadata, HostPath, UnixMillis};
use sha2::{Digest, Sha256};

use crate::failures::from_io;

/// Copies a file, flushes the copy to the disk, and digests what is there then.
///
/// A copy that fails half-way is removed, unless it had replaced a file: then the rest is left to see.
pub fn copy(from: &HostPath, to: &HostPath, overwrite: bool) -> Result<FileDigest, Failure> {
    let mut source = File::open(from.as_str()).map_err(|e| from_io(&e, format!("open {from}")))?;
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut copy = options
        .open(to.as_str())
        .map_err(|e| from_io(&e, format!("create {to}")))?;

    if let Err(error) = io::copy(&mut source, &mut copy).and_then(|_| copy.sync_all()) {
        drop(copy);
        let removed = !overwrite && fs::remove_file(to.as_str()).is_ok();
        let rest = if removed {
            ""
        } else {
            " (a partial copy is left)"
        };
        return Err(from_io(&error, format!("copy {from} to {to}{rest}")));
    }
    drop(copy);
    digest(to)
}

/// Size and SHA-256 of a file.
pub fn digest(path: &HostPath) -> Result<FileDigest, Failure> {
    let read = |error: io::Error| from_io(&error, format!("read {path}"));
    let mut file = File::open(path.as_str()).map_err(read)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut buffer).map_err(read)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
            break;
        };
        hash.update(part);
        size += part.len() as u64;
    }
    Ok(FileDigest {
        path: path.clone(),
        size,
        sha256: hex::encode(hash.finalize()),
    })
}

/// What is at a path, `None` for nothing.
pub fn metadata(path: &HostPath) -> Result<Option<FileMetadata>, Failure> {
    let found = match fs::metadata(path.as_str()) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(from_io(&error, format!("look at {path}"))),
    };
    let kind = match () {
        () if found.is_file() => FileKind::File,
        () if found.is_dir() => FileKind::Directory,
        () => FileKind::Other,
    };
    Ok(Some(FileMetadata {
        kind,
        size: found.len(),
        modified: found.modified().ok().and_then(unix_millis),
    }))
}

/// Creates a directory and its missing parents; whether it was there.
pub fn create_directory(path: &HostPath) -> Result<bool, Failure> {
    let existed = Path::new(path.as_str()).is_dir();
    fs::create_dir_all(path.as_str())
        .map_err(|e| from_io(&e, format!("create directory {path}")))?;
    Ok(existed)
}

/// Deletes a file; whether it was there.
pub fn delete(path: &HostPath) -> Result<bool, Failure> {
    deleted(fs::remove_file(path.as_str()), path)
}

/// Deletes a directory with nothing in it; whether it was there.
pub fn delete_empty_directory(path: &HostPath) -> Result<bool, Failure> {
    deleted(fs::remove_dir(path.as_str()), path)
}

fn deleted(result: io::Result<()>, path: &HostPath) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(from_io(&error, format!("delete {path}"))),
    }
}

/// A system time as the protocol writes it; `None` beyond the range.
pub fn unix_millis(time: SystemTime) -> Option<UnixMillis> {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_millis()).ok()?,
    };
    Some(UnixMillis(millis))
}

#[cfg(test)]
mod tests {
    use agent_protocol::FailureKind;

    use super::*;

    fn path(directory: &tempfile::TempDir, name: &str) -> HostPath {
        HostPath::parse(directory.path().join(name).to_str().unwrap()).unwrap()
    }

    #[test]
    fn a_copy_has_the_digest_of_the_original_and_replaces_only_when_asked() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (path(&directory, "from"), path(&directory, "to"));
        fs::write(from.as_str(), "abc").unwrap();

        let copied = copy(&from, &to, false).unwrap();
        assert_eq!(copied.size, 3);
        // FIPS 180-4 example: SHA-256 of "abc".
        assert_eq!(
            copied.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );

        fs::write(from.as_str(), "xy").unwrap();
        assert_eq!(
            copy(&from, &to, false).unwrap_err().kind,
            FailureKind::Exists
        );
        assert_eq!(fs::read(to.as_str()).unwrap(), b"abc");
        assert_eq!(copy(&from, &to, true).unwrap().size, 2);
        assert_eq!(fs::read(to.as_str()).unwrap(), b"xy");
    }

    #[test]
    fn absence_is_an_answer_where_it_can_be_one() {
        let directory = tempfile::tempdir().unwrap();
        let missing = path(&directory, "missing");
        assert_eq!(metadata(&missing).unwrap(), None);
        assert!(!delete(&missing).unwrap());
        assert_eq!(digest(&missing).unwrap_err().kind, FailureKind::NotFound);
        assert_eq!(
            copy(&missing, &path(&directory, "to"), false)
                .unwrap_err()
                .kind,
            FailureKind::NotFound
        );
        assert_eq!(metadata(&path(&directory, "to")).unwrap(), None);
    }

    #[test]
    fn directories_and_files_come_and_go() {
        let directory = tempfile::tempdir().unwrap();
        let deep = path(&directory, "a/b");
        assert!(!create_directory(&deep).unwrap());
        assert!(create_directory(&deep).unwrap());
        assert_eq!(metadata(&deep).unwrap().unwrap().kind, FileKind::Directory);

        let file = path(&directory, "a/b/file");
        fs::write(file.as_str(), "1234").unwrap();
        let found = metadata(&file).unwrap().unwrap();
        assert_eq!((found.kind, found.size), (FileKind::File, 4));
        assert!(found.modified.is_some());
        assert!(create_directory(&file).is_err());
        assert_eq!(
            delete_empty_directory(&deep).unwrap_err().kind,
            FailureKind::Busy
        );
        assert!(delete(&file).unwrap());
        assert!(delete_empty_directory(&deep).unwrap());
        assert!(!delete_empty_directory(&deep).unwrap());
    }

    #[test]
    fn times_before_1970_are_negative() {
        let second = std::time::Duration::from_secs(1);
        assert_eq!(unix_millis(UNIX_EPOCH - second), Some(UnixMillis(-1000)));
        assert_eq!(unix_millis(UNIX_EPOCH + second), Some(UnixMillis(1000)));
    }
}
