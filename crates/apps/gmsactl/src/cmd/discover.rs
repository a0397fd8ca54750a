//! `gmsactl discover`: directory and hosts into an inventory.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use engine::Manner;

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
    /// Keep what this inventory has of hosts that answered, and ask only the others.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// How many hosts are asked at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallel: u16,
    /// How long each host may take to answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    host_timeout: u64,
}

/// Asks everything, shows and writes what was found; exit code 1 if some host did not answer.
pub async fn run(args: &Discover, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let named = args.intent.as_deref().filter(|path| path.exists());
    let intent = inputs::intent(named, global)?.map(|(_, intent)| intent);
    let manner = Manner {
        at_once: args.parallel.into(),
        patience: Duration::from_secs(args.host_timeout),
        known: args.resume.as_deref().map(inputs::inventory).transpose()?,
    };
    let world = session.world(&[]).await?;
    let inventory = session
        .discover_with(&world, intent.as_ref(), &manner)
        .await?;
    if let Some(path) = &args.out {
        inputs::write(path, &(serde_json::to_string_pretty(&inventory)? + "\n"))?;
        output.note(&format!("inventory: {}", path.display()));
    }
    if let Some(path) = args.intent.as_ref().filter(|path| !path.exists()) {
        let proposal = planner::propose(&inventory, &session.profiles());
        let text = planner::proposal_text(&inventory, &proposal, &session.profiles())
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
