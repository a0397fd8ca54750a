//! What of Microsoft Identity Manager is installed.

use std::path::PathBuf;

use clap::Args;

use crate::cmd::Done;
use crate::error::exit;
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `mim detect`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 1: a host did not answer\n\nExample:\n  gmsactl mim detect --estate estate.toml"
)]
pub struct Detect {
    /// Look into this inventory instead of asking directory and hosts now.
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
}

impl Detect {
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let session = Session::new(global)?;
        let inventory = match &self.inventory {
            Some(path) => inputs::inventory(path)?,
            None => session.discover(&session.world(&[]).await?, None).await?,
        };
        output.document(&session.detect(&inventory), human::detection);
        let coverage = &inventory.coverage;
        Ok(if coverage.answered.len() == coverage.asked.len() {
            0
        } else {
            exit::REFUSED
        })
    }
}
