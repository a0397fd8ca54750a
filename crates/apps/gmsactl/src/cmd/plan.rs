//! `gmsactl plan`: what would be done, as a diff and as a file.

use std::path::PathBuf;

use clap::Args;
use model::intent::Intent;
use model::inventory::Inventory;
use model::plan::PlanDocument;

use super::Done;
use crate::error::{Failure, exit};
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: nothing to change · 2: there are changes · 1: a finding blocks it\n\n\
                        Example:\n  gmsactl plan --estate estate.toml --intent conversion.toml --out plan.json"
)]
pub struct PlanArgs {
    /// What is wanted [default: conversion.toml beside the estate or here; else a proposal from what is found].
    #[arg(long, value_name = "FILE")]
    intent: Option<PathBuf>,
    /// Plan from this inventory instead of asking directory and hosts now.
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Write the plan to this file, for apply.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Plans, shows, writes.
pub async fn run(args: &PlanArgs, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let intent = inputs::intent(args.intent.as_deref(), global)?.map(|(_, intent)| intent);
    let inventory = match &args.inventory {
        Some(path) => inputs::inventory(path)?,
        None => {
            session
                .discover(&session.world(&[]).await?, intent.as_ref())
                .await?
        }
    };
    let intent = match intent {
        Some(intent) => intent,
        None => proposal(&session, &inventory, output)?,
    };
    let document = PlanDocument::seal(session.plan(&inventory, &intent))?;
    if let Some(path) = &args.out {
        inputs::write(path, &document.to_text()?)?;
    }
    output.document(&document, human::plan);
    if let Some(path) = args
        .out
        .as_ref()
        .filter(|_| document.plan.has_changes() && !document.plan.is_blocked())
    {
        output.note(&format!(
            "saved: {}; carry it out with gmsactl apply {}",
            path.display(),
            path.display()
        ));
    }
    Ok(
        match (document.plan.is_blocked(), document.plan.has_changes()) {
            (true, _) => exit::REFUSED,
            (false, true) => exit::CHANGES,
            (false, false) => 0,
        },
    )
}

fn proposal(
    session: &Session<'_>,
    inventory: &Inventory,
    output: &Output,
) -> Result<Intent, Failure> {
    let intent = planner::propose(inventory, &session.profiles());
    if intent.conversions.is_empty() {
        return Err(Failure::new(
            "intent",
            "there is no intent, and no component that gmsactl knows was found",
        )
        .hint("name an intent with --intent, or add the product's hosts to estate.toml"));
    }
    output.note("no intent was named: this is what gmsactl proposes for what it found");
    Ok(intent)
}
