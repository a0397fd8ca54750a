//! The [`Journal`] port on SQLite: one file for all runs, events, never updates.
//!
//! | beside the file `J`    | what                                                            |
//! |------------------------|-----------------------------------------------------------------|
//! | `J-wal`, `J-shm`       | SQLite's own: belong to `J` until the last process closes it    |
//! | `J.ESTATE.lock`        | locked by whoever works on the estate; stays behind, empty      |
//! | `J.ESTATE.holder`      | who that is, for those who are refused                          |
//!
//! INVARIANT: a record that [`Journal::append`] returned for is on disk (`synchronous = FULL`).
//! INVARIANT: no record is ever changed or removed; triggers in the file see to it.
//! INVARIANT: a file that is damaged, newer or something else is refused and left as it was.
//!
//! Other processes may read while one writes. To copy a journal, copy it when no gmsactl runs, or
//! take `J-wal` along. It knows nothing of which events are legal after which: that is `engine`.

#[cfg(test)]
mod damaged;
mod failure;
mod file;
#[cfg(test)]
mod killed;
mod lock;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::names::RunId;
use model::ports::{Journal, JournalError, LockHolder, RunLock};
use model::run::{Event, Record};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use failure::Failure;

/// A journal in a file.
pub struct SqliteJournal {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteJournal {
    /// Opens the journal in `path`, or makes an empty one there; its folder must exist.
    ///
    /// The whole file is checked first: that takes about a second for a gigabyte.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the file is cut off, overwritten, or not a journal,
    /// [`JournalError::TooNew`] if a newer gmsactl wrote it; in both cases the file is left as it
    /// was. [`JournalError::Unusable`] if it cannot be read or written.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let connection = file::open(path).map_err(|failure| failure.of(path))?;
        let path = path.to_owned();
        Ok(Self {
            path,
            connection: Mutex::new(connection),
        })
    }

    /// Every statement is a transaction of its own, so a panicked holder left nothing half-done.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for SqliteJournal {
    fn append(&self, run: &RunId, event: &Event) -> Result<u64, JournalError> {
        append(&mut self.connection(), run, event).map_err(|failure| failure.of(&self.path))
    }

    fn records(&self, run: &RunId) -> Result<Vec<Record>, JournalError> {
        records(&self.connection(), run).map_err(|failure| failure.of(&self.path))
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        runs(&self.connection()).map_err(|failure| failure.of(&self.path))
    }

    fn lock(&self, estate: &str, holder: &LockHolder) -> Result<Box<dyn RunLock>, JournalError> {
        Ok(Box::new(lock::take(&self.path, estate, holder)?))
    }
}

fn append(connection: &mut Connection, run: &RunId, event: &Event) -> Result<u64, Failure> {
    let event = serde_json::to_string(event)
        .map_err(|error| Failure::Unusable(format!("cannot write the event: {error}")))?;
    // Immediate: waits for another writer here, where nothing is half-done yet.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction
        .prepare_cached("INSERT INTO record (run, event) VALUES (?1, ?2)")?
        .execute(params![run.as_str(), event])?;
    let number = number(transaction.last_insert_rowid())?;
    transaction.commit()?;
    Ok(number)
}

fn records(connection: &Connection, run: &RunId) -> Result<Vec<Record>, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT number, event FROM record WHERE run = ?1 ORDER BY number")?;
    let rows = statement.query_and_then([run.as_str()], |row| record(run, row))?;
    rows.collect()
}

fn record(run: &RunId, row: &Row<'_>) -> Result<Record, Failure> {
    let number = number(row.get(0)?)?;
    let damaged =
        |what: &dyn std::fmt::Display| Failure::Damaged(format!("record {number}: {what}"));
    let event: String = row.get(1).map_err(|error| damaged(&error))?;
    let event = serde_json::from_str(&event).map_err(|error| damaged(&error))?;
    Ok(Record {
        number,
        run: run.clone(),
        event,
    })
}

fn runs(connection: &Connection) -> Result<Vec<RunId>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT run, min(number) AS first FROM record GROUP BY run ORDER BY first",
    )?;
    let rows = statement.query_and_then([], |row| {
        let (run, first): (String, i64) = (row.get(0)?, row.get(1)?);
        run.parse()
            .map_err(|error| Failure::Damaged(format!("record {first}: {error}")))
    })?;
    rows.collect()
}

fn number(rowid: i64) -> Result<u64, Failure> {
    u64::try_from(rowid).map_err(|_| Failure::Damaged(format!("record {rowid} has no such number")))
}

#[cfg(test)]
mod tests {
    use model::run::{RunChange, StepChange};
    use security::FileTime;

    use super::*;

    fn run(id: &str) -> RunId {
        id.parse().unwrap()
    }

    fn resumed(by: &str) -> Event {
        Event::Run {
            change: RunChange::Resumed,
            at: FileTime::from_ticks(7),
            by: by.into(),
        }
    }

    fn observed(prior: &str) -> Event {
        Event::Step {
            step: "set-logon-account".parse().unwrap(),
            change: StepChange::Observed {
                prior: prior.into(),
            },
            at: FileTime::from_ticks(8),
        }
    }

    #[test]
    fn records_come_back_in_order_also_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(journal.runs().unwrap(), []);
        let events = [
            resumed("anna"),
            observed("CONTOSO\\svc-mimsync \u{1f511} '; --"),
            resumed(""),
        ];
        let first = journal.append(&run("b"), &events[0]).unwrap();
        journal
            .append(&run("a"), &resumed("somebody else"))
            .unwrap();
        let second = journal.append(&run("b"), &events[1]).unwrap();
        drop(journal);

        let journal = SqliteJournal::open(&path).unwrap();
        let third = journal.append(&run("b"), &events[2]).unwrap();
        assert!(first < second && second < third);
        let records = journal.records(&run("b")).unwrap();
        assert_eq!(
            records.iter().map(|each| each.number).collect::<Vec<_>>(),
            [first, second, third]
        );
        assert!(records.iter().map(|each| &each.event).eq(&events));
        assert_eq!(journal.runs().unwrap(), [run("b"), run("a")]);
        assert_eq!(journal.records(&run("c")).unwrap(), []);
    }

    #[test]
    fn others_read_while_one_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let writer = SqliteJournal::open(&path).unwrap();
        writer.append(&run("a"), &resumed("anna")).unwrap();
        let mut held = writer.connection();
        let unfinished = held
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        unfinished
            .execute("INSERT INTO record (run, event) VALUES ('b', '')", [])
            .unwrap();

        let reader = SqliteJournal::open(&path).unwrap();
        assert_eq!(reader.records(&run("a")).unwrap().len(), 1);
        assert_eq!(reader.runs().unwrap(), [run("a")]);
    }

    #[test]
    fn the_file_refuses_every_change_but_an_append() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(&folder.path().join("journal")).unwrap();
        journal.append(&run("a"), &resumed("anna")).unwrap();
        for statement in [
            "UPDATE record SET event = ''",
            "DELETE FROM record",
            "REPLACE INTO record (number, run, event) VALUES (1, 'b', '')",
        ] {
            let error = journal.connection().execute(statement, []).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the journal is append-only",
                "{statement}"
            );
        }
        assert_eq!(journal.records(&run("a")).unwrap().len(), 1);
    }

    #[test]
    fn a_record_that_is_no_event_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(&folder.path().join("journal")).unwrap();
        journal.append(&run("a"), &resumed("anna")).unwrap();
        let insert = "INSERT INTO record (run, event) VALUES ('a', '{\"event\":\"tea\"}')";
        journal.connection().execute(insert, []).unwrap();
        let error = journal.records(&run("a")).unwrap_err();
        assert!(
            matches!(&error, JournalError::Damaged { what, .. } if what.starts_with("record 2: ")),
            "{error}"
        );
    }
}
