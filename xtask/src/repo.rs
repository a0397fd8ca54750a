//! Where this repository and its data files are.

use std::path::{Path, PathBuf};

/// The repository's root folder: that of the `cargo xtask` that runs, also where several checkouts share a
/// target folder and so this program.
pub fn root() -> PathBuf {
    let compiled = || env!("CARGO_MANIFEST_DIR").into();
    let xtask: PathBuf =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(compiled, PathBuf::from);
    xtask.parent().map(Path::to_path_buf).unwrap_or(xtask)
}

/// A data file of the rig.
pub fn rig_data(name: &str) -> PathBuf {
    root().join("testsuite/rig").join(name)
}
