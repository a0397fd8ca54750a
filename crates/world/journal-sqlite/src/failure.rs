//! What went wrong, sorted; the caller adds the path.

use std::path::Path;

use model::ports::JournalError;
use rusqlite::{Error, ErrorCode};

/// A [`JournalError`] without its path.
#[derive(Debug)]
pub enum Failure {
    Unusable(String),
    Damaged(String),
    TooNew { found: i64, known: i64 },
}

impl Failure {
    /// The failure as the port reports it, for the journal in `path`.
    pub fn of(self, path: &Path) -> JournalError {
        let path = path.display().to_string();
        match self {
            Failure::Unusable(what) => JournalError::Unusable { path, what },
            Failure::Damaged(what) => JournalError::Damaged { path, what },
            Failure::TooNew { found, known } => JournalError::TooNew { path, found, known },
        }
    }
}

/// What the system refuses is unusable; everything else that SQLite says of our few statements
/// means that the file does not hold what it should.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let refused = matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::NoLargeFileSupport
                    | ErrorCode::OutOfMemory
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::SystemIoFailure
            )
        );
        if refused {
            Failure::Unusable(error.to_string())
        } else {
            Failure::Damaged(error.to_string())
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Unusable(error.to_string())
    }
}
