//! The workspace as its manifests describe it: each crate, its place, its direct dependencies.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

/// The folder of each floor; the index is the floor.
#[rustfmt::skip]
const FOLDERS: [&str; 5] = [
    "crates/proto", "crates/model", "crates/logic", "crates/world", "crates/apps",
];

/// Folders whose crates stand beside the floors.
const OUTSIDE: [&str; 2] = ["testsuite", "xtask"];

/// One crate of the workspace and what its manifest names directly.
#[derive(Debug)]
pub struct Crate {
    pub name: String,
    pub place: Place,
    pub dependencies: Vec<Dependency>,
}

/// Where a crate stands, as its folder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Floor(usize),
    Outside,
}

#[derive(Debug)]
pub struct Dependency {
    pub name: String,
    /// A dev-dependency: tests may use a runtime and a neighbour, but may not look upward either.
    pub for_tests: bool,
}

/// The crates of the workspace in `root`.
///
/// # Errors
/// Fails if cargo cannot read the manifests, or if a crate stands in no known folder.
pub fn read(root: &Path) -> anyhow::Result<Vec<Crate>> {
    let metadata: Metadata = serde_json::from_slice(&cargo_metadata(root)?)
        .context("cannot understand the answer of cargo metadata")?;
    let root = Path::new(&metadata.workspace_root);
    let crates = metadata.packages.into_iter();
    crates.map(|package| to_crate(root, package)).collect()
}

/// What is read of `cargo metadata`'s answer.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: String,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<PackageDependency>,
}

#[derive(Deserialize)]
struct PackageDependency {
    name: String,
    /// `None` for normal dependencies, else "dev" or "build".
    kind: Option<String>,
}

fn cargo_metadata(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("cargo")
        .args("metadata --no-deps --offline --format-version 1".split(' '))
        .current_dir(folder)
        .output()
        .context("cannot start cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}

fn to_crate(root: &Path, package: Package) -> anyhow::Result<Crate> {
    let manifest = Path::new(&package.manifest_path);
    let folder = manifest.strip_prefix(root).unwrap_or(manifest);
    let dependency = |each: PackageDependency| Dependency {
        name: each.name,
        for_tests: each.kind.as_deref() == Some("dev"),
    };
    Ok(Crate {
        place: place(folder).with_context(|| format!("cannot place `{}`", package.name))?,
        name: package.name,
        dependencies: package.dependencies.into_iter().map(dependency).collect(),
    })
}

/// `folder` is relative to the workspace root.
fn place(folder: &Path) -> anyhow::Result<Place> {
    if let Some(floor) = FOLDERS.iter().position(|known| folder.starts_with(known)) {
        return Ok(Place::Floor(floor));
    }
    if OUTSIDE.iter().any(|known| folder.starts_with(known)) {
        return Ok(Place::Outside);
    }
    bail!(
        "{} is on no floor: move it to one of {}",
        folder.display(),
        FOLDERS.join(", ")
    )
}

/// Copies every manifest, with an empty file for each target, so that cargo reads the copy.
#[cfg(test)]
pub fn copy_manifests(from: &Path, to: &Path) {
    use std::fs;

    let metadata: serde_json::Value =
        serde_json::from_slice(&cargo_metadata(from).unwrap()).unwrap();
    let moved = |path: &serde_json::Value| {
        let below = Path::new(path.as_str().unwrap())
            .strip_prefix(from)
            .unwrap();
        fs::create_dir_all(to.join(below).parent().unwrap()).unwrap();
        to.join(below)
    };
    fs::copy(from.join("Cargo.toml"), to.join("Cargo.toml")).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = &package["manifest_path"];
        fs::copy(manifest.as_str().unwrap(), moved(manifest)).unwrap();
        for target in package["targets"].as_array().unwrap() {
            fs::write(moved(&target["src_path"]), "").unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_says_the_floor() {
        let of = |folder: &str| place(Path::new(folder)).unwrap();
        assert_eq!(of("crates/proto/kds/Cargo.toml"), Place::Floor(0));
        assert_eq!(of("crates/apps/gmsactl/Cargo.toml"), Place::Floor(4));
        assert_eq!(of("testsuite/stand-in-sync/Cargo.toml"), Place::Outside);
    }

    #[test]
    fn a_crate_in_no_known_folder_is_refused() {
        let error = place(Path::new("crates/attic/old/Cargo.toml"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("crates/attic/old/Cargo.toml is on no floor"),
            "{error}"
        );
    }
}
