//! `gmsactl verify`: whether everything that a run brought about still holds.

use clap::Args;
use model::names::RunId;

use super::Done;
use crate::error::exit;
use crate::options::Global;
use crate::session::{self, Session};
use crate::view::{Output, human};

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl verify 20261122-231500-1a2b --estate estate.toml")]
pub struct Verify {
    /// The run, as gmsactl runs lists it.
    #[arg(value_name = "RUN")]
    run: RunId,
}

/// Looks; exit code 1 if something does not hold.
pub async fn run(args: &Verify, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let journal = session::journal(global)?;
    let world = session.world(&[]).await?;
    let verification = engine::verify(&world, journal.as_ref(), &args.run).await?;
    output.document(&verification, human::verification);
    Ok(if verification.holds { 0 } else { exit::REFUSED })
}
