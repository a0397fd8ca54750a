//! A writer that is killed: what it was told is on disk is there, and nobody waits for its lock.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use model::names::RunId;
use model::ports::{Journal, JournalError, LockHolder};
use model::run::{Event, RunChange};
use security::FileTime;

use crate::SqliteJournal;

/// Set for the child, which is this same test in a process of its own.
const CHILD: &str = "JOURNAL_OF_THE_CHILD";
const ESTATE: &str = "S-1-5-21-1-2-3";

#[test]
fn a_killed_writer_loses_no_record_and_holds_no_lock() {
    if let Some(path) = env::var_os(CHILD) {
        write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut written = 0;
    for round in 1..=5 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "killed::a_killed_writer_loses_no_record_and_holds_no_lock",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut last = || told.find_map(|line| line.strip_prefix("record ")?.parse::<u64>().ok());
        for _ in 0..20 * round {
            last().unwrap();
        }
        let other = SqliteJournal::open(&path).unwrap();
        let refused = other.lock(ESTATE, &holder()).err().unwrap();
        assert!(
            matches!(&refused, JournalError::Locked(by) if by.process == child.id()),
            "{refused}"
        );

        child.kill().unwrap();
        child.wait().unwrap();
        let told_last = std::iter::from_fn(last)
            .last()
            .unwrap_or(written + 20 * round);
        let after = SqliteJournal::open(&path).unwrap();
        drop(after.lock(ESTATE, &holder()).unwrap());
        let records = after.records(&run()).unwrap();
        assert!(
            records
                .iter()
                .map(|each| each.number)
                .eq(1..=records.len() as u64)
        );
        assert!(
            records.len() as u64 >= told_last,
            "{} of {told_last}",
            records.len()
        );
        written = records.len() as u64;
    }
}

fn write_until_killed(path: &Path) -> ! {
    let journal = SqliteJournal::open(path).unwrap();
    let _held = journal.lock(ESTATE, &holder()).unwrap();
    loop {
        let number = journal.append(&run(), &event()).unwrap();
        println!("\nrecord {number}");
    }
}

fn run() -> RunId {
    "run-1".parse().unwrap()
}

fn event() -> Event {
    Event::Run {
        change: RunChange::Resumed,
        at: FileTime::from_ticks(1),
        by: "anna".into(),
    }
}

fn holder() -> LockHolder {
    LockHolder {
        user: "anna".into(),
        machine: "ADMIN01".into(),
        process: std::process::id(),
        since: "2026-11-22T14:05:00Z".into(),
    }
}
