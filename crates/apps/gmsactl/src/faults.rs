//! For the testsuite: dies by SIGKILL right before or after a chosen record of the journal is written.
//!
//! `GMSACTL_DIE=before:N` dies when record N is about to be written (its step's change is made, not recorded),
//! `after:N` when it is on disk. Records are counted per process, from 1.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use model::names::RunId;
use model::ports::{Journal, JournalError, LockHolder, RunLock};
use model::run::{Event, Record};

struct Dying<J> {
    journal: J,
    before: u64,
    after: u64,
    written: AtomicU64,
}

/// The journal, with death where the environment asks for it.
pub fn around(journal: impl Journal + 'static) -> Box<dyn Journal> {
    let wish = std::env::var("GMSACTL_DIE").unwrap_or_default();
    let number = |prefix: &str| {
        wish.strip_prefix(prefix)
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    Box::new(Dying {
        journal,
        before: number("before:"),
        after: number("after:"),
        written: AtomicU64::new(0),
    })
}

fn die() -> ! {
    drop(
        Command::new("kill")
            .args(["-KILL", &std::process::id().to_string()])
            .status(),
    );
    std::process::abort()
}

impl<J: Journal> Journal for Dying<J> {
    fn append(&self, run: &RunId, event: &Event) -> Result<u64, JournalError> {
        let number = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.before {
            die();
        }
        let written = self.journal.append(run, event)?;
        if number == self.after {
            die();
        }
        Ok(written)
    }

    fn records(&self, run: &RunId) -> Result<Vec<Record>, JournalError> {
        self.journal.records(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.journal.runs()
    }

    fn lock(&self, estate: &str, holder: &LockHolder) -> Result<Box<dyn RunLock>, JournalError> {
        self.journal.lock(estate, holder)
    }
}
