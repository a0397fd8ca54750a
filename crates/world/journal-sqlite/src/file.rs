//! The file itself: made whole or not at all, and checked before it is used.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::failure::Failure;

/// The newest format that this gmsactl knows; in the file: `user_version`.
pub const FORMAT: i64 = 1;

/// "gmsa" as a number; in the file: `application_id`.
const APPLICATION: i64 = 0x676D_7361;

const SCHEMA: &str = "
    CREATE TABLE record (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL,
        event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX record_by_run ON record (run, number);
    CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER record_is_never_removed BEFORE DELETE ON record
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER record_is_never_replaced BEFORE INSERT ON record
        WHEN EXISTS (SELECT 1 FROM record WHERE number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

/// Names of what [`SCHEMA`] makes, in alphabetical order.
const OBJECTS: &str = "record,record_by_run,record_is_never_changed,record_is_never_removed,\
                       record_is_never_replaced";

/// Of an SQLite file ("Database File Format", 1.3 The Database Header).
const HEADER_LEN: u64 = 100;

/// How long another process may hold the file for one write.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the journal in `path`, making it first if there is none.
pub fn open(path: &Path) -> Result<Connection, Failure> {
    if !path.try_exists()? {
        create(path)?;
    }
    refuse_cut_off(path)?;
    let connection = connect(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// SQLite fills what is missing of the last page with zeros, and takes no bytes for no tables.
///
/// While `-wal` holds pages the file may be shorter than it says: then SQLite's own check decides,
/// but not without a whole header, since SQLite would take the file for new and remove `-wal`.
fn refuse_cut_off(path: &Path) -> Result<(), Failure> {
    let mut header = Vec::new();
    let mut file = File::open(path)?;
    file.by_ref().take(HEADER_LEN).read_to_end(&mut header)?;
    let length = file.metadata()?.len();
    let log = fs::metadata(suffixed(path, "-wal")).map_or(0, |log| log.len());
    let expected = length_in(&header).unwrap_or(HEADER_LEN);
    if length < HEADER_LEN || log == 0 && length < expected {
        return Err(Failure::Damaged(format!(
            "it is cut off: {length} bytes of {expected}"
        )));
    }
    Ok(())
}

/// The length in bytes that a whole header states: page size times page count.
fn length_in(header: &[u8]) -> Option<u64> {
    let page_size = match u16::from_be_bytes(header.get(16..18)?.try_into().ok()?) {
        1 => 65_536,
        size => u64::from(size),
    };
    let page_count = u32::from_be_bytes(header.get(28..32)?.try_into().ok()?);
    let is_sqlite = header.starts_with(b"SQLite format 3\0");
    is_sqlite.then_some(page_size * u64::from(page_count))
}

pub fn connect(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Reads only, and lets SQLite write nothing back, so that a refused file is left as it was.
fn check(connection: &Connection) -> Result<(), Failure> {
    if number(connection, "application_id")? != APPLICATION {
        return Err(Failure::Damaged(
            "it is an SQLite file of another program".into(),
        ));
    }
    match number(connection, "user_version")? {
        FORMAT => {}
        found if found > FORMAT => {
            return Err(Failure::TooNew {
                found,
                known: FORMAT,
            });
        }
        found => return Err(Failure::Damaged(format!("it has format {found}"))),
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Failure::Damaged(verdict));
    }
    let objects: String = connection.query_row(
        "SELECT group_concat(name, ',') FROM
         (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name)",
        [],
        |row| row.get(0),
    )?;
    if objects != OBJECTS {
        return Err(Failure::Damaged(format!("it holds {objects}")));
    }
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> Result<i64, Failure> {
    Ok(connection.pragma_query_value(None, pragma, |row| row.get(0))?)
}

/// Makes an empty journal beside `path` and links it there when it is whole.
///
/// So nobody ever sees half a journal, and of two that do this at once one wins.
fn create(path: &Path) -> Result<(), Failure> {
    let draft = suffixed(path, &format!(".new-{}", std::process::id()));
    let made = fill(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => Ok(linked?),
    });
    let removed = fs::remove_file(&draft);
    made?;
    removed?;
    sync_folder(path)?;
    Ok(())
}

fn fill(draft: &Path) -> Result<(), Failure> {
    private().create(true).truncate(true).open(draft)?;
    let connection = connect(draft)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         BEGIN;
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {FORMAT};
         {SCHEMA}
         COMMIT;"
    ))?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error.into())
}

/// The path with `suffix` behind its file name.
pub fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens for writing; a file that this makes is for its owner only.
pub fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the new name in the folder durable. On Windows the file system's own log does.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let here = Path::new(".");
        File::open(if folder.as_os_str().is_empty() {
            here
        } else {
            folder
        })?
        .sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_missing_folder_is_unusable() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            folder.path().to_owned(),
            folder.path().join("missing/journal"),
        ] {
            let error = open(&path).unwrap_err();
            assert!(matches!(error, Failure::Unusable(_)), "{error:?}");
        }
    }

    #[test]
    fn writes_wait_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("journal")).unwrap();
        assert_eq!(
            number(&connection, "synchronous").unwrap(),
            2 /* FULL */
        );
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let connection = open(&path).unwrap();
        connection
            .execute("INSERT INTO record (run, event) VALUES ('a', '')", [])
            .unwrap();
        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|each| each.unwrap().path())
            .collect();
        assert_eq!(names.len(), 3, "{names:?}");
        for name in names {
            let mode = fs::metadata(&name).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", name.display());
        }
    }
}
