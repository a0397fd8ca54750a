//! A host's files: one drive, absolute Windows paths, bounded free space.

mod place;
mod sealing;

use std::collections::BTreeMap;

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FileDigest, FileKind, FileMetadata, HostPath, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::place::Place;
use super::programs::Program;

const FILE_NOT_FOUND: Win32Code = Win32Code(2);
const PATH_NOT_FOUND: Win32Code = Win32Code(3);
const ACCESS_DENIED: Win32Code = Win32Code(5);
const FILE_EXISTS: Win32Code = Win32Code(80);
const DISK_FULL: Win32Code = Win32Code(112);
const DIR_NOT_EMPTY: Win32Code = Win32Code(145);
const ALREADY_EXISTS: Win32Code = Win32Code(183);
/// ERROR_DIRECTORY: "The directory name is invalid."
const DIRECTORY: Win32Code = Win32Code(267);

/// Free space of a new host: enough for anything the lab writes, little enough to be bounded.
pub const FREE: u64 = 64 << 20;

/// Files and directories by their path in lower case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Files {
    entries: BTreeMap<String, Entry>,
    /// Bytes that can still be written.
    free: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    content: Content,
    modified: UnixMillis,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// A directory.
    Directory,
    /// A file.
    Bytes(Vec<u8>),
    /// A file that can be run.
    Program(Program),
}

impl Content {
    fn bytes(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        match self {
            Self::Directory => None,
            Self::Bytes(bytes) => Some(bytes.into()),
            Self::Program(program) => Some(format!("MZ {program:?}").into_bytes().into()),
        }
    }
}

impl Default for Files {
    fn default() -> Self {
        let root = Entry {
            content: Content::Directory,
            modified: UnixMillis(0),
        };
        Self {
            entries: BTreeMap::from([(r"c:\".to_owned(), root)]),
            free: FREE,
        }
    }
}

impl Files {
    /// Puts something there while a host is built, with its directories; the path must be sound.
    pub fn put(&mut self, path: &str, content: Content) {
        let Some(place) = HostPath::parse(path)
            .ok()
            .and_then(|path| Place::of(&path).ok())
        else {
            return;
        };
        let mut parent = place.parent();
        while let Some(folder) = parent {
            let directory = || Entry {
                content: Content::Directory,
                modified: UnixMillis(0),
            };
            self.entries
                .entry(folder.key().to_owned())
                .or_insert_with(directory);
            parent = folder.parent();
        }
        self.entries.insert(
            place.key().to_owned(),
            Entry {
                content,
                modified: UnixMillis(0),
            },
        );
    }

    /// What stands at a path, if anything.
    pub fn get(&self, path: &HostPath) -> Option<&Content> {
        let place = Place::of(path).ok()?;
        self.entries.get(place.key()).map(|entry| &entry.content)
    }

    /// Sets how many bytes can still be written.
    pub fn set_free(&mut self, bytes: u64) {
        self.free = bytes;
    }

    /// Writes a file over whatever file is there.
    ///
    /// # Errors
    /// 3 without its directory, 5 where a directory stands, 112 when the disk is full: then an empty file is left.
    pub fn write(
        &mut self,
        path: &HostPath,
        content: Content,
        now: UnixMillis,
    ) -> Result<(), Win32Code> {
        let place = Place::of(path)?;
        self.writable(&place)?;
        let old = self
            .entries
            .get(place.key())
            .and_then(|entry| entry.content.bytes())
            .map_or(0, |old| old.len() as u64);
        let new = content.bytes().map_or(0, |new| new.len() as u64);
        self.free += old;
        let full = new > self.free;
        let content = if full {
            Content::Bytes(Vec::new())
        } else {
            content
        };
        self.free -= if full { 0 } else { new };
        self.entries.insert(
            place.key().to_owned(),
            Entry {
                content,
                modified: now,
            },
        );
        if full { Err(DISK_FULL) } else { Ok(()) }
    }

    /// Copies a file and digests the copy; a copy that fails is removed unless it replaced a file.
    pub fn copy(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        overwrite: bool,
        now: UnixMillis,
    ) -> Result<FileDigest, Failure> {
        let source = self
            .file(from)
            .map_err(|code| Failure::from_code(code, format!("open {from}")))?
            .clone();
        let create = |code| Failure::from_code(code, format!("create {to}"));
        let place = Place::of(to).map_err(create)?;
        self.writable(&place).map_err(create)?;
        if !overwrite && self.entries.contains_key(place.key()) {
            return Err(create(FILE_EXISTS));
        }
        if let Err(code) = self.write(to, source, now) {
            let rest = if overwrite {
                " (a partial copy is left)"
            } else {
                ""
            };
            if !overwrite {
                self.entries.remove(place.key());
            }
            return Err(Failure::from_code(
                code,
                format!("copy {from} to {to}{rest}"),
            ));
        }
        self.digest(to)
    }

    /// Size and SHA-256 of a file.
    pub fn digest(&self, path: &HostPath) -> Result<FileDigest, Failure> {
        let read = |code| Failure::from_code(code, format!("read {path}"));
        let bytes = self.file(path).map_err(read)?.bytes().unwrap_or_default();
        Ok(FileDigest {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
        })
    }

    /// What is at a path, `None` for nothing.
    pub fn metadata(&self, path: &HostPath) -> Result<Option<FileMetadata>, Failure> {
        let place =
            Place::of(path).map_err(|code| Failure::from_code(code, format!("look at {path}")))?;
        Ok(self.entries.get(place.key()).map(|entry| FileMetadata {
            kind: if entry.content == Content::Directory {
                FileKind::Directory
            } else {
                FileKind::File
            },
            size: entry.content.bytes().map_or(0, |bytes| bytes.len() as u64),
            modified: Some(entry.modified),
        }))
    }

    /// Creates a directory and its missing parents; whether it was there.
    pub fn create_directory(&mut self, path: &HostPath, now: UnixMillis) -> Result<bool, Failure> {
        let failed = |code| Failure::from_code(code, format!("create directory {path}"));
        let place = Place::of(path).map_err(failed)?;
        let mut missing = Vec::new();
        let mut next = Some(place);
        while let Some(folder) = next {
            match self.entries.get(folder.key()).map(|entry| &entry.content) {
                Some(Content::Directory) => break,
                Some(_) => {
                    return Err(failed(if missing.is_empty() {
                        ALREADY_EXISTS
                    } else {
                        PATH_NOT_FOUND
                    }));
                }
                None => {}
            }
            next = folder.parent();
            if next.is_none() {
                return Err(failed(PATH_NOT_FOUND)); // There is no such drive.
            }
            missing.push(folder.key().to_owned());
        }
        let existed = missing.is_empty();
        let entry = |path| {
            (
                path,
                Entry {
                    content: Content::Directory,
                    modified: now,
                },
            )
        };
        self.entries.extend(missing.into_iter().map(entry));
        Ok(existed)
    }

    /// Deletes a file; whether it was there.
    pub fn delete(&mut self, path: &HostPath) -> Result<bool, Failure> {
        let failed = |code| Failure::from_code(code, format!("delete {path}"));
        let place = Place::of(path).map_err(failed)?;
        match self
            .entries
            .get(place.key())
            .map(|entry| entry.content.bytes())
        {
            None => Ok(false),
            Some(None) => Err(failed(ACCESS_DENIED)),
            Some(Some(bytes)) => {
                self.free += bytes.len() as u64;
                drop(bytes);
                self.entries.remove(place.key());
                Ok(true)
            }
        }
    }

    /// Deletes a directory with nothing in it; whether it was there.
    pub fn delete_empty_directory(&mut self, path: &HostPath) -> Result<bool, Failure> {
        let failed = |code| Failure::from_code(code, format!("delete {path}"));
        let place = Place::of(path).map_err(failed)?;
        let below = format!("{}\\", place.key().trim_end_matches('\\'));
        match self.entries.get(place.key()).map(|entry| &entry.content) {
            None => return Ok(false),
            Some(Content::Directory) => {}
            Some(_) => return Err(failed(DIRECTORY)),
        }
        let mut inside = self.entries.range(below.clone()..);
        if inside.any(|(path, _)| path.starts_with(&below) && *path != place.key())
            || place.parent().is_none()
        {
            return Err(failed(DIR_NOT_EMPTY));
        }
        self.entries.remove(place.key());
        Ok(true)
    }

    /// The file at a path.
    ///
    /// # Errors
    /// 2 and 3 where it or its directory is not there, 5 where a directory stands.
    pub fn file(&self, path: &HostPath) -> Result<&Content, Win32Code> {
        let place = Place::of(path)?;
        match self.entries.get(place.key()).map(|entry| &entry.content) {
            Some(Content::Directory) => Err(ACCESS_DENIED),
            Some(file) => Ok(file),
            None => {
                self.writable(&place)?;
                Err(FILE_NOT_FOUND)
            }
        }
    }

    /// Whether a file can stand there.
    fn writable(&self, place: &Place) -> Result<(), Win32Code> {
        let content = |place: &Place| self.entries.get(place.key()).map(|entry| &entry.content);
        if content(place) == Some(&Content::Directory) {
            return Err(ACCESS_DENIED);
        }
        match place.parent().as_ref().and_then(content) {
            Some(Content::Directory) => Ok(()),
            _ => Err(PATH_NOT_FOUND),
        }
    }
}

#[cfg(test)]
mod tests;
