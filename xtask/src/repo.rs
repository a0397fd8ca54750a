//! Where this repository and its data files are.

use std::path::{Path, PathBuf};

/// The repository's root folder.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// A data file of the rig.
pub fn rig_data(name: &str) -> PathBuf {
    root().join("testsuite/rig").join(name)
}
