//! The port to the journal: events, never updates.

use serde::{Deserialize, Serialize};

use crate::names::RunId;
use crate::run::{Event, Record};

/// Who holds an estate's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The person, as the operating system names them.
    pub user: String,
    /// The machine that they work on.
    pub machine: String,
    /// Process id on that machine.
    pub process: u32,
    /// Since when (RFC 3339, UTC).
    pub since: String,
}

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be opened or written: path, rights, disk.
    #[error("journal {path}: {what}")]
    Unusable {
        /// The file.
        path: String,
        /// What the system says.
        what: String,
    },
    /// The file is not a whole journal: cut off, overwritten, something else.
    #[error("journal {path} is damaged or no journal: {what}")]
    Damaged {
        /// The file.
        path: String,
        /// What was seen.
        what: String,
    },
    /// It was written by a newer gmsactl.
    #[error("journal {path} has format {found}, this gmsactl knows up to {known}")]
    TooNew {
        /// The file.
        path: String,
        /// Format found.
        found: i64,
        /// Newest format known.
        known: i64,
    },
    /// Somebody else is working on the estate.
    #[error("{} on {} (process {}) works on this estate since {}", .0.user, .0.machine, .0.process, .0.since)]
    Locked(LockHolder),
}

/// Held while a run writes; letting go of it frees the estate.
pub trait RunLock: Send + Sync {}

/// One journal for all runs of an operator.
///
/// INVARIANT: [`Journal::append`] returns only when the record is on disk.
/// Calls are short and block: the engine is the only writer and waits for each.
pub trait Journal: Send + Sync {
    /// Appends one event to a run, durably; returns the record's number, rising over the whole journal.
    fn append(&self, run: &RunId, event: &Event) -> Result<u64, JournalError>;

    /// All records of a run, oldest first; empty where there is no such run.
    fn records(&self, run: &RunId) -> Result<Vec<Record>, JournalError>;

    /// The ids of all runs, oldest first.
    fn runs(&self) -> Result<Vec<RunId>, JournalError>;

    /// Takes the lock of an estate (named by its domain SID); refused with the holder's name where it is taken.
    fn lock(&self, estate: &str, holder: &LockHolder) -> Result<Box<dyn RunLock>, JournalError>;
}
