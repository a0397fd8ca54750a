//! `gmsactl discover`: directory and hosts into an inventory.

use std::path::PathBuf;

use clap::Args;

use super::Done;
use crate::error::{Failure, exit};
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `discover`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gmsactl discover --estate estate.toml --out inventory.json --intent conversion.toml"
)]
pub struct Discover {
    /// Write the inventory to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Look for what this intent names; if the file is not there, propose one and write it.
    #[arg(long, value_name = "FILE")]
    intent: Option<PathBuf>,
}

/// Asks everything, shows and writes what was found; exit code 1 if some host did not answer.
pub async fn run(args: &Discover, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let named = args.intent.as_deref().filter(|path| path.exists());
    let intent = inputs::intent(named, global)?.map(|(_, intent)| intent);
    let world = session.world(&[]).await?;
    let inventory = session.discover(&world, intent.as_ref()).await?;
    if let Some(path) = &args.out {
        inputs::write(path, &(serde_json::to_string_pretty(&inventory)? + "\n"))?;
        output.note(&format!("inventory: {}", path.display()));
    }
    if let Some(path) = args.intent.as_ref().filter(|path| !path.exists()) {
        let proposal = planner::propose(&inventory, &session.profiles());
        let text = proposal
            .to_text()
            .map_err(|error| Failure::new("internal", error.to_string()))?;
        inputs::write(path, &text)?;
        output.note(&format!(
            "proposed intent: {}; read it, then gmsactl plan",
            path.display()
        ));
    }
    output.document(&inventory, human::inventory);
    let coverage = &inventory.coverage;
    Ok(if coverage.answered.len() == coverage.asked.len() {
        0
    } else {
        exit::REFUSED
    })
}
