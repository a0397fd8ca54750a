//! Files and folders, written whole or not at all.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;

/// Creates a folder and its parents; only their owner can enter them.
pub fn create_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create {}", path.display()))
}

/// Writes a file.
pub fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    write_with_mode(path, content, 0o644)
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, content: &str) -> anyhow::Result<()> {
    write_with_mode(path, content, 0o600)
}

/// Writes a file that anyone can run.
pub fn write_program(path: &Path, content: &str) -> anyhow::Result<()> {
    write_with_mode(path, content, 0o755)
}

/// Copies a file, also over one that runs at the moment.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let unfinished = to.with_added_extension("new");
    std::fs::copy(from, &unfinished)
        .and_then(|_| std::fs::rename(&unfinished, to))
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Removes a file, if there is one.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn write_with_mode(path: &Path, content: &str, mode: u32) -> anyhow::Result<()> {
    let unfinished = path.with_added_extension("new");
    let _ = std::fs::remove_file(&unfinished); // A mode is given to new files only.
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_replaces_a_public_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write(&file, "open").unwrap();
        write_private(&file, "closed").unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "closed");
    }
}
