//! Whether exported files are still what was exported.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use model::ports::FileFacts;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::exports;
use crate::cmd::Done;
use crate::documents::keyset::{CopyFacts, ExportNow, KeysetVerification};
use crate::error::{Failure, exit};
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `keyset verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: a file is missing or differs, the copy is none, or nothing was exported\n\n\
                  Example:\n  gmsactl keyset verify --copy safe/miiskeys-1.bin --estate estate.toml"
)]
pub struct Verify {
    /// A copy of an exported file on this machine.
    #[arg(long, value_name = "FILE")]
    copy: Option<PathBuf>,
}

impl Verify {
    /// Asks the hosts, and hashes the copy.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let hosts = session.hosts()?;
        let exports = exports(&session, hosts.as_ref(), journal.as_ref()).await?;
        let copy = match &self.copy {
            Some(path) => Some(compared(path, &exports)?),
            None => None,
        };
        let is_copy = copy.as_ref().is_none_or(|copy| copy.copy_of.is_some());
        let verification = KeysetVerification {
            holds: is_copy && !exports.is_empty() && exports.iter().all(|export| export.holds),
            exports,
            copy,
        };
        output.document(&verification, human::keyset_verification);
        Ok(if verification.holds { 0 } else { exit::REFUSED })
    }
}

/// The copy, and the newest export that it is one of.
fn compared(path: &Path, exports: &[ExportNow]) -> Result<CopyFacts, Failure> {
    let facts = facts(path).map_err(|error| Failure::file("copy", "the copy", path, &error))?;
    let mut newest_first = exports.iter().rev().map(|export| &export.exported);
    Ok(CopyFacts {
        path: path.display().to_string(),
        copy_of: newest_first.find(|export| export.facts == facts).cloned(),
        facts,
    })
}

fn facts(path: &Path) -> io::Result<FileFacts> {
    let content = Zeroizing::new(std::fs::read(path)?);
    Ok(FileFacts {
        size: content.len() as u64,
        sha256: hex::encode(Sha256::digest(&content)),
    })
}

#[cfg(test)]
mod tests {
    use engine::ExportedKeySet;

    use super::*;

    fn export(run: &str, content: &[u8]) -> ExportNow {
        let exported = ExportedKeySet {
            run: run.parse().unwrap(),
            host: "MIMSYNC01".parse().unwrap(),
            file: r"C:\MIMBackup\miiskeys-1.bin".to_owned(),
            facts: FileFacts {
                size: content.len() as u64,
                sha256: hex::encode(Sha256::digest(content)),
            },
        };
        ExportNow {
            exported,
            holds: false,
            now: None,
            detail: String::new(),
        }
    }

    #[test]
    fn a_copy_is_that_of_the_newest_export_with_its_content() {
        let exports = [
            export("20261122-231500-1a2b", b"keys"),
            export("20261123-231500-1a2b", b"keys"),
            export("20261124-231500-1a2b", b"newer keys"),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.bin");
        for (content, run) in [(&b"keys"[..], Some("20261123-231500-1a2b")), (b"key", None)] {
            std::fs::write(&path, content).unwrap();
            let copy = compared(&path, &exports).unwrap();
            assert_eq!(copy.copy_of.as_ref().map(|of| of.run.as_str()), run);
        }
        assert!(compared(&folder.path().join("none"), &exports).is_err());
    }
}
