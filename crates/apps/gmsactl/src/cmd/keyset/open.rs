//! A sealed copy, decrypted on this machine.

use std::path::PathBuf;

use clap::Args;
use engine::exported_key_sets;

use super::copy::{Copy, facts_of, identities};
use crate::cmd::Done;
use crate::documents::keyset::OpenedKeySet;
use crate::error::Failure;
use crate::inputs::write_secret;
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `keyset open`.
#[derive(Debug, Args)]
#[command(
    after_help = "Neither directory nor hosts are asked. What is written is as secret as the key set itself: put it where \
                  it is needed, and delete it then.\n\n\
                  Example:\n  gmsactl keyset open --copy safe/miiskeys-1.bin.age --identity key.txt --out \
                  miiskeys-1.bin --estate estate.toml"
)]
pub struct Open {
    /// The sealed copy on this machine.
    #[arg(long, value_name = "FILE")]
    copy: PathBuf,
    /// The file with the identity of one of its recipients, as age-keygen writes it.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// The file to write; must not be there yet, and is for you only.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Open {
    /// Opens it, and writes it where it is an export of this journal.
    pub fn run(&self, global: &Global, output: &Output) -> Done {
        let identities = identities(&self.identity)?;
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let known = exported_key_sets(journal.as_ref(), &session.estate.domain.name)?;
        let copy = Copy::read(&self.copy)?;
        let content = copy.open(&self.copy, &identities)?;
        let compared = copy.compared(&self.copy, Some(&content), known.iter());
        let Some(copy_of) = compared.copy_of else {
            let what = format!(
                "{} holds no key set that this journal knows as exported",
                self.copy.display()
            );
            return Err(Failure::new("copy", what).hint(
                "with another key set the service would not start; age --decrypt opens any file",
            ));
        };
        write_secret(&self.out, &content)?;
        let opened = OpenedKeySet {
            file: self.out.display().to_string(),
            facts: facts_of(&content),
            copy_of,
        };
        output.document(&opened, human::opened_keyset);
        Ok(0)
    }
}
