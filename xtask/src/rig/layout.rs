//! Where the rig keeps its files: everything stands in `target/rig`.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The rig's folder.
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The rig of this repository, wherever cargo builds.
    pub fn of_this_repository() -> Self {
        Self {
            root: crate::repo::root().join("target/rig"),
        }
    }

    /// A file or folder of the rig.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The log of one server or one tool.
    pub fn log(&self, name: &str) -> PathBuf {
        self.path("log").join(format!("{name}.log"))
    }

    /// The file that says a part of the rig is complete and need not be made again.
    pub fn done(&self, part: &str) -> PathBuf {
        self.path("done").join(part)
    }

    /// Creates the folders that every part needs.
    pub fn create(&self) -> anyhow::Result<()> {
        for folder in ["", "log", "pid", "done", "tls", "ssh", "hosts", "wine"] {
            create_folder(&self.path(folder))?;
        }
        Ok(())
    }
}

/// Data files of the rig that are part of the repository.
pub fn data(name: &str) -> PathBuf {
    crate::repo::root().join("testsuite/rig").join(name)
}

/// Creates a folder and its parents; only their owner can enter them.
pub fn create_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create {}", path.display()))
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    write_with_mode(path, content, 0o644)
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, content: &str) -> anyhow::Result<()> {
    write_with_mode(path, content, 0o600)
}

fn write_with_mode(path: &Path, content: &str, mode: u32) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    let unfinished = path.with_added_extension("new");
    let _ = std::fs::remove_file(&unfinished); // A mode is given to new files only.
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(context)
}
