//! What is left of a journal, or was never one: refused, left as it was, never a panic.

use std::fs;
use std::path::{Path, PathBuf};

use model::ports::{Journal, JournalError};
use model::run::{Event, RunChange};
use rusqlite::Connection;
use security::FileTime;
use tempfile::TempDir;

use crate::SqliteJournal;
use crate::file::{FORMAT, connect, open, suffixed};

/// A journal with records on some dozen pages, closed; and its bytes.
fn journal() -> (TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let connection = open(&path).unwrap();
    let event = "\"resumed\"".repeat(50);
    for number in 0..100 {
        let run = format!("run-{}", number % 3);
        connection
            .execute(
                "INSERT INTO record (run, event) VALUES (?1, ?2)",
                [&run, &event],
            )
            .unwrap();
    }
    drop(connection);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 10 * 4096);
    (folder, path, bytes)
}

/// Opening the file fails and leaves it as it is; returns what is said about it.
fn refusal(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    let error = match SqliteJournal::open(path) {
        Ok(_) => panic!("{} bytes were taken for a journal", bytes.len()),
        Err(error) => error,
    };
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    assert!(fs::read(path).unwrap() == bytes, "the file was changed");
    error.to_string()
}

#[test]
fn a_journal_cut_off_anywhere_is_refused() {
    let (_folder, path, bytes) = journal();
    let pages = (0..bytes.len()).step_by(4096);
    for length in [1, 15, 16, 99, 100, 511, 4095, bytes.len() - 1]
        .into_iter()
        .chain(pages)
    {
        let message = refusal(&path, &bytes[..length]);
        assert!(
            message.contains(&format!("it is cut off: {length} bytes of ")),
            "{message}"
        );
    }
}

/// As a killed writer leaves it: most of the pages still in `-wal`.
#[test]
fn a_file_with_its_log_is_read_whole_or_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (from, path) = (folder.path().join("from"), folder.path().join("journal"));
    let writer = SqliteJournal::open(&from).unwrap();
    let run = "run-1".parse().unwrap();
    let event = Event::Run {
        change: RunChange::Resumed,
        at: FileTime::from_ticks(1),
        by: "anna".repeat(100),
    };
    for _ in 0..50 {
        writer.append(&run, &event).unwrap();
    }
    let (log, index) = (suffixed(&path, "-wal"), suffixed(&path, "-shm"));
    let (bytes, pages) = (
        fs::read(&from).unwrap(),
        fs::read(suffixed(&from, "-wal")).unwrap(),
    );

    for length in [0, 1, 99, 100, 511, 512, 4096, 8192, bytes.len()] {
        let _ = fs::remove_file(&index);
        fs::write(&path, &bytes[..length]).unwrap();
        fs::write(&log, &pages).unwrap();
        match SqliteJournal::open(&path) {
            // What the file lacks stands in the log.
            Ok(journal) => assert_eq!(journal.records(&run).unwrap().len(), 50, "{length}"),
            Err(error) => {
                assert!(length < bytes.len(), "{error}");
                assert!(
                    fs::read(&path).unwrap() == bytes[..length],
                    "{length}: changed"
                );
                assert!(fs::read(&log).unwrap() == pages, "{length}: log changed");
            }
        }
    }
}

#[test]
fn something_else_is_refused() {
    let (_folder, path, _) = journal();
    assert!(refusal(&path, &b"[run]\nid = 1\n".repeat(1000)).contains("not a database"));
    let other = path.with_file_name("other");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE record (run)")
        .unwrap();
    let bytes = fs::read(&other).unwrap();
    assert!(refusal(&path, &bytes).contains("an SQLite file of another program"));
}

#[test]
fn a_newer_format_is_refused() {
    let (_folder, path, _) = journal();
    connect(&path)
        .unwrap()
        .pragma_update(None, "user_version", FORMAT + 1)
        .unwrap();
    let error = SqliteJournal::open(&path).err().unwrap();
    assert!(
        matches!(
            error,
            JournalError::TooNew {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_journal_without_its_triggers_is_refused() {
    let (_folder, path, _) = journal();
    connect(&path)
        .unwrap()
        .execute_batch("DROP TRIGGER record_is_never_changed")
        .unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(refusal(&path, &bytes).contains("it holds record,"));
}

/// Overwrites stretches of the file, at places and with bytes from a fixed generator.
#[test]
fn a_journal_overwritten_anywhere_is_refused_or_read_but_never_a_panic() {
    let (_folder, path, whole) = journal();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut refused = 0;
    for _ in 0..300 {
        let mut bytes = whole.clone();
        let (start, length) = (random() % bytes.len(), 1 + random() % 600);
        bytes
            .iter_mut()
            .skip(start)
            .take(length)
            .for_each(|byte| *byte = random() as u8);
        fs::write(&path, &bytes).unwrap();
        let Ok(journal) = SqliteJournal::open(&path) else {
            refused += 1;
            assert!(fs::read(&path).unwrap() == bytes, "the file was changed");
            continue;
        };
        // Damage inside a record's text is found by who reads the record.
        for run in journal.runs().unwrap_or_default() {
            let _ = journal.records(&run);
        }
    }
    assert!(refused > 50, "only {refused} of 300 refused");
}
