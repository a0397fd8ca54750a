//! One writer per estate, by a file lock of the operating system.
//!
//! The system lets go of the lock when its holder ends, however it ends: a killed run blocks nobody.
//! Who holds it stands in a second file, since on Windows nobody else can read a locked one.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use model::ports::{JournalError, LockHolder, RunLock};

use crate::failure::Failure;
use crate::file::{private, suffixed};

/// A new holder writes its name right after it took the lock: this long we wait for it.
const NAMED_WITHIN: Duration = Duration::from_secs(1);

/// A held lock.
pub struct EstateLock {
    holder: PathBuf,
    _locked: File,
}

impl RunLock for EstateLock {}

impl Drop for EstateLock {
    fn drop(&mut self) {
        // Only tidiness: the name means nothing without the lock.
        let _ = fs::remove_file(&self.holder);
    }
}

/// Takes the lock of `estate` for `holder`, beside the journal in `path`.
pub fn take(path: &Path, estate: &str, holder: &LockHolder) -> Result<EstateLock, JournalError> {
    let estate = file_name(estate);
    let lock = suffixed(path, &format!(".{estate}.lock"));
    let name = suffixed(path, &format!(".{estate}.holder"));
    let waiting = Instant::now();
    loop {
        if let Some(locked) = try_lock(&lock).map_err(|failure| failure.of(&lock))? {
            write(&name, holder).map_err(|failure| failure.of(&name))?;
            return Ok(EstateLock {
                holder: name,
                _locked: locked,
            });
        }
        if let Some(other) = read(&name) {
            return Err(JournalError::Locked(other));
        }
        if waiting.elapsed() > NAMED_WITHIN {
            return Err(JournalError::Locked(nobody_known()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `None` if somebody else holds it.
fn try_lock(lock: &Path) -> Result<Option<File>, Failure> {
    let file = private().create(true).truncate(false).open(lock)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn write(name: &Path, holder: &LockHolder) -> Result<(), Failure> {
    let text = serde_json::to_vec(holder).map_err(|error| Failure::Unusable(error.to_string()))?;
    Ok(private()
        .create(true)
        .truncate(true)
        .open(name)?
        .write_all(&text)?)
}

/// `None` while the file is missing or half-written.
fn read(name: &Path) -> Option<LockHolder> {
    serde_json::from_slice(&fs::read(name).ok()?).ok()
}

fn nobody_known() -> LockHolder {
    let unknown = || "(unknown)".to_owned();
    LockHolder {
        user: unknown(),
        machine: unknown(),
        process: 0,
        since: unknown(),
    }
}

/// The estate's name with all but letters, digits, `.` and `-` written as `%` and two hex digits.
fn file_name(estate: &str) -> String {
    let escaped = estate.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02x}"),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(user: &str) -> LockHolder {
        LockHolder {
            user: user.into(),
            machine: "ADMIN01".into(),
            process: 4711,
            since: "2026-11-22T14:05:00Z".into(),
        }
    }

    fn refused(path: &Path, estate: &str) -> LockHolder {
        match take(path, estate, &holder("ben")) {
            Err(JournalError::Locked(holder)) => holder,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("taken twice"),
        }
    }

    #[test]
    fn one_at_a_time_and_the_next_after_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let held = take(&path, "S-1-5-21-1", &holder("anna")).unwrap();
        assert_eq!(refused(&path, "S-1-5-21-1"), holder("anna"));
        take(&path, "S-1-5-21-2", &holder("ben")).unwrap();
        drop(held);
        let _held = take(&path, "S-1-5-21-1", &holder("ben")).unwrap();
        assert_eq!(refused(&path, "S-1-5-21-1"), holder("ben"));
    }

    #[test]
    fn a_name_left_behind_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        write(&suffixed(&path, ".S-1-5-21-1.holder"), &holder("anna")).unwrap();
        take(&path, "S-1-5-21-1", &holder("ben")).unwrap();
    }

    #[test]
    fn a_holder_that_never_gave_its_name_still_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let _held = try_lock(&suffixed(&path, ".S-1-5-21-1.lock"))
            .unwrap()
            .unwrap();
        assert_eq!(refused(&path, "S-1-5-21-1"), nobody_known());
    }

    #[test]
    fn an_estate_cannot_leave_the_folder() {
        assert_eq!(file_name("S-1-5-21-1"), "S-1-5-21-1");
        assert_eq!(file_name("../a b"), "..%2fa%20b");
    }
}
