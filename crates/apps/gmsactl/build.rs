//! Takes the Windows agent in, where `GMSACTL_AGENT_EXE` names it; without that gmsactl is built without one.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=GMSACTL_AGENT_EXE");
    let agent = std::env::var_os("GMSACTL_AGENT_EXE").filter(|path| !path.is_empty());
    let source = match agent {
        None => "None".to_owned(),
        Some(path) => {
            // Relative to the repository, from where cargo is called.
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
            let path = root.join(PathBuf::from(path));
            match path.canonicalize() {
                Ok(path) => {
                    println!("cargo::rerun-if-changed={}", path.display());
                    format!("Some(include_bytes!({:?}))", path.display().to_string())
                }
                Err(error) => {
                    let path = path.display();
                    println!("cargo::error=GMSACTL_AGENT_EXE names {path}: {error}");
                    return;
                }
            }
        }
    };
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let file = PathBuf::from(out).join("carried_agent.rs");
    if let Err(error) = std::fs::write(&file, source) {
        println!("cargo::error=cannot write {}: {error}", file.display());
    }
}
