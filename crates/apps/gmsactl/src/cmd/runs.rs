//! `gmsactl runs`: what the journal knows.

use clap::Args;
use engine::History;
use model::names::RunId;

use super::Done;
use crate::documents::{RunDetail, RunList, RunSummary};
use crate::options::Global;
use crate::session;
use crate::view::{Output, human};

/// Arguments of `runs`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gmsactl runs\n  gmsactl runs 20261122-231500-1a2b")]
pub struct Runs {
    /// Show this run, step by step.
    #[arg(value_name = "RUN")]
    run: Option<RunId>,
}

/// Lists, or shows one.
pub fn run(args: &Runs, global: &Global, output: &Output) -> Done {
    let journal = session::journal(global)?;
    match &args.run {
        Some(run) => output.document(&detail(&History::read(journal.as_ref(), run)?), human::run),
        None => {
            let mut runs = Vec::new();
            for run in journal.runs()? {
                runs.push(summary(&History::read(journal.as_ref(), &run)?));
            }
            output.document(&RunList { runs }, |list, paint| {
                human::runs(&list.runs, paint)
            });
        }
    }
    Ok(0)
}

fn summary(history: &History) -> RunSummary {
    RunSummary {
        run: history.run.clone(),
        outcome: history.outcome.map(|outcome| outcome.to_string()),
        open: history.is_open(),
        started: history.started.to_string(),
        by: history.by.clone(),
        estate: history.plan.estate.domain.to_string(),
        records: history.records,
    }
}

fn detail(history: &History) -> RunDetail {
    RunDetail {
        summary: summary(history),
        steps: history.reports(),
    }
}
