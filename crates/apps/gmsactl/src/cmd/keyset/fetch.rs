//! Sealed copies, brought from their hosts to this machine.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::{ExportedKeySet, SealedKeySet, exported_key_sets};
use model::names::HostName;
use model::ports::Hosts;

use super::copy::facts_of;
use crate::cmd::Done;
use crate::documents::keyset::{FetchedCopies, FetchedCopy};
use crate::error::{Failure, exit};
use crate::inputs::write_secret;
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `keyset fetch`.
#[derive(Debug, Args)]
#[command(
    after_help = "Only sealed copies are fetched, and only those that the journal knows; a file in their place that is \
                  another one is not. They can be read by the holder of an identity alone: keep that elsewhere.\n\
                  Exit code 1: one could not be fetched, or there is none.\n\n\
                  Example:\n  gmsactl keyset fetch --to safe --estate estate.toml"
)]
pub struct Fetch {
    /// The folder to put them into, each under the names of its host and run; it must be there.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Only those of this host.
    #[arg(long, value_name = "HOST")]
    host: Option<HostName>,
}

impl Fetch {
    /// Asks each host for its own; what is here already as it was sealed is not asked for.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        if !self.to.is_dir() {
            let what = format!("{} is no folder", self.to.display());
            return Err(Failure::new("output", what).hint("make it first, where it is backed up"));
        }
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let hosts = session.hosts()?;
        let mut exports = exported_key_sets(journal.as_ref(), &session.estate.domain.name)?;
        let wanted = |host: &HostName| self.host.as_ref().is_none_or(|only| only == host);
        exports.retain(|export| wanted(&export.host));
        let mut copies = Vec::new();
        for export in &exports {
            if let Some(sealed) = &export.sealed {
                copies.push(self.fetch(hosts.as_ref(), export, sealed).await);
            }
        }
        let document = FetchedCopies {
            all: !copies.is_empty() && copies.iter().all(|copy| copy.failed.is_none()),
            copies,
        };
        output.document(&document, human::fetched_copies);
        Ok(if document.all { 0 } else { exit::REFUSED })
    }

    async fn fetch(
        &self,
        hosts: &dyn Hosts,
        export: &ExportedKeySet,
        sealed: &SealedKeySet,
    ) -> FetchedCopy {
        let name = sealed.file.rsplit(['\\', '/']).next().unwrap_or_default();
        let name = format!("{}-{}-{name}", export.host, export.run);
        let path = self.to.join(name);
        let outcome = match here(&path, sealed) {
            Ok(true) => Ok(false),
            Ok(false) => get(hosts, export, sealed, &path).await.map(|()| true),
            Err(failure) => Err(failure),
        };
        FetchedCopy {
            host: export.host.clone(),
            run: export.run.clone(),
            copy: sealed.clone(),
            path: path.display().to_string(),
            fetched: *outcome.as_ref().unwrap_or(&false),
            failed: outcome.err().map(|failure| failure.message),
        }
    }
}

/// Whether it is here already; another file in its place is nothing to write over.
fn here(path: &Path, sealed: &SealedKeySet) -> Result<bool, Failure> {
    match std::fs::read(path) {
        Ok(content) if facts_of(&content) == sealed.facts => Ok(true),
        Ok(_) => Err(Failure::new(
            "output",
            format!("{} is there, and is another file", path.display()),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::file("output", "the copy", path, &error)),
    }
}

async fn get(
    hosts: &dyn Hosts,
    export: &ExportedKeySet,
    sealed: &SealedKeySet,
    path: &Path,
) -> Result<(), Failure> {
    let host = hosts.host(&export.host).await?;
    let content = host.fetch_sealed(&sealed.file).await?;
    if facts_of(&content) != sealed.facts {
        let what = format!(
            "{} on {} is not the copy that was made any more",
            sealed.file, export.host
        );
        return Err(Failure::new("copy", what));
    }
    write_secret(path, &content)
}
