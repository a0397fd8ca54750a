//! `gmsactl mim`: what concerns Microsoft Identity Manager alone.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Done;
use crate::error::exit;
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// The verbs below `mim`.
#[derive(Debug, Subcommand)]
pub enum MimVerb {
    /// Find what of it is installed on the estate's hosts: components that can be converted, with build, account and
    /// role; what keeps its passwords, and why; and what is not known.
    Detect(Detect),
}

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

/// Does one.
pub async fn run(verb: &MimVerb, global: &Global, output: &Output) -> Done {
    match verb {
        MimVerb::Detect(args) => detect(args, global, output).await,
    }
}

async fn detect(args: &Detect, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let inventory = match &args.inventory {
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
