//! Whether exported files are still what was exported.

use std::path::PathBuf;

use clap::Args;

use super::copy::{self, Copy};
use super::exports;
use crate::cmd::Done;
use crate::documents::keyset::KeysetVerification;
use crate::error::exit;
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `keyset verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: a file is missing or differs, the copy is none, or nothing was exported\n\n\
                  Example:\n  gmsactl keyset verify --copy safe/miiskeys-1.bin.age --identity key.txt --estate estate.toml"
)]
pub struct Verify {
    /// A copy of an exported file on this machine, sealed or not.
    #[arg(long, value_name = "FILE")]
    copy: Option<PathBuf>,
    /// Opens the sealed copy, here and in memory only: tells whether it holds the key set that was exported.
    #[arg(long, value_name = "FILE", requires = "copy")]
    identity: Option<PathBuf>,
}

impl Verify {
    /// Asks the hosts, and hashes the copy.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let identities = match &self.identity {
            Some(path) => Some(copy::identities(path)?),
            None => None,
        };
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let hosts = session.hosts()?;
        let exports = exports(&session, hosts.as_ref(), journal.as_ref()).await?;
        let copy = match &self.copy {
            Some(path) => {
                let copy = Copy::read(path)?;
                let content = match &identities {
                    Some(identities) => Some(copy.open(path, identities)?),
                    None => None,
                };
                let content = content.as_ref().map(|content| content.as_slice());
                let known = exports.iter().map(|export| &export.exported);
                Some(copy.compared(path, content, known))
            }
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
