//! Where this repository and its data files are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root folder: that of the `cargo xtask` that runs, also where several checkouts share a
/// target folder and so this program.
pub fn root() -> PathBuf {
    let compiled = || env!("CARGO_MANIFEST_DIR").into();
    let xtask: PathBuf =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(compiled, PathBuf::from);
    xtask.parent().map(Path::to_path_buf).unwrap_or(xtask)
}

/// The cargo that runs this program, in the repository's root folder. What cargo said about this package is taken out of
/// the environment: build scripts that look at it would run again, and what rests on them would be compiled again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// A data file of the rig.
pub fn rig_data(name: &str) -> PathBuf {
    root().join("testsuite/rig").join(name)
}
