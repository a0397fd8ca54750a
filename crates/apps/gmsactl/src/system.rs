//! The machine that gmsactl runs on: its clock, its names.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use model::names::RunId;
use model::ports::{Clock, LockHolder};
use security::FileTime;

use crate::error::Failure;

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> FileTime {
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        i128::try_from(nanos)
            .ok()
            .and_then(FileTime::from_unix_nanos)
            .unwrap_or(FileTime::ZERO)
    }
}

/// Who works here, for journals and locks.
pub fn holder(now: FileTime) -> LockHolder {
    LockHolder {
        user: whoami::username().unwrap_or_else(|_| "somebody".to_owned()),
        machine: whoami::hostname().unwrap_or_else(|_| "unknown".to_owned()),
        process: std::process::id(),
        since: now.to_string(),
    }
}

/// A new run's id: when it began, and a tail that keeps two of one second apart.
pub fn new_run_id(now: FileTime) -> Result<RunId, Failure> {
    let time = now.to_string();
    let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, "0"));
    let tail = ((now.as_ticks() / 10) % 0x1_0000) ^ u64::from(std::process::id() % 0x1_0000);
    format!("{day}-{time}-{tail:04x}")
        .parse()
        .map_err(|error| Failure::new("internal", format!("{error}")))
}

/// Where the journal is when nobody says: the platform's folder for data of this user.
pub fn default_journal() -> Option<PathBuf> {
    let var = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = if cfg!(windows) {
        var("LOCALAPPDATA")
    } else {
        var("XDG_DATA_HOME").or_else(|| var("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("gmsactl").join("journal.sqlite"))
}
