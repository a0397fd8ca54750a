//! Which services have a key set, and what was exported.

use clap::Args;

use super::{exports, saved_by_setup, services};
use crate::cmd::Done;
use crate::documents::keyset::KeysetDocument;
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `keyset inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl keyset inspect --estate estate.toml")]
pub struct Inspect {}

impl Inspect {
    /// Asks directory, hosts and journal.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let session = Session::new(global)?;
        let journal = session::journal(global)?;
        let world = session.world(&[]).await?;
        let inventory = session.discover(&world, None).await?;
        let (hosts, journal) = (world.hosts.as_ref(), journal.as_ref());
        let document = KeysetDocument {
            services: services(&session, &inventory),
            exports: exports(&session, hosts, journal).await?,
            saved_by_setup: saved_by_setup(&session, hosts, journal).await?,
        };
        output.document(&document, human::keysets);
        Ok(0)
    }
}
