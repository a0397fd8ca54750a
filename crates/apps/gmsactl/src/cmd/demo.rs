//! `gmsactl demo`: the whole conversion of a reference estate in the lab, and its way back on a second copy.

mod shown;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use engine::{RollbackRequest, Silent};
use model::plan::PlanDocument;
use model::run::Outcome;

use self::shown::{Shown, page};
use super::{Done, exit_of};
use crate::error::{Failure, exit};
use crate::inputs;
use crate::lab_controllers::Controllers;
use crate::lab_estate::LabEstate;
use crate::lab_fault::LabFault;
use crate::lab_stage::{Stage, Watched, hosts, progress};
use crate::options::Global;
use crate::session;
use crate::view::{Output, human};

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Needs nothing but this program: the directory listens on loopback, the hosts are simulated.\n\n\
                        Example:\n  gmsactl demo --out report.html"
)]
pub struct Demo {
    /// Write the report to this file.
    #[arg(long, value_name = "FILE", default_value = "gmsactl-demo.html")]
    out: PathBuf,
    /// Let something go wrong after the plan was made, and see what becomes of the run; a wrong name shows the names.
    #[arg(long, value_name = "NAME", value_parser = LabFault::named)]
    fault: Option<LabFault>,
}

/// Shows it all; exit code 0 only if everything held.
pub async fn run(args: &Demo, global: &Global, output: &Output) -> Done {
    tokio::select! {
        done = demo(args, global, output) => done,
        // Going on from here, the temporary folder is removed.
        _ = tokio::signal::ctrl_c() => Err(Failure::new("interrupted", "the demo was interrupted")),
    }
}

async fn demo(args: &Demo, global: &Global, output: &Output) -> Done {
    let since = Instant::now();
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new("output", "there is no temporary folder for the journal").caused_by(&error)
    })?;
    let stage = async |name| {
        let controllers = Controllers::default().for_faults(&args.fault);
        let lab = LabEstate::reference(controllers).await?;
        Stage::new(global, lab, &folder.path().join(name)).await
    };

    output.note("1. A copy of the reference estate is converted.\n");
    let shown = convert(&stage("shown.sqlite").await?, args.fault, output).await?;
    output.note("\n2. A second copy is converted and taken back.\n");
    let differences = there_and_back(&stage("back.sqlite").await?, output).await?;

    let path = std::path::absolute(&args.out)
        .map_err(|error| Failure::file("output", "the report", &args.out, &error))?;
    inputs::write(&path, &page(&shown, &differences)?)?;
    let document = shown.document(differences, since.elapsed().as_secs_f64(), path);
    output.document(&document, human::demo);
    Ok(match shown.run.outcome {
        Outcome::Done if document.verified && document.rolled_back_clean => 0,
        Outcome::Done => exit::REFUSED,
        outcome => exit_of(outcome, Outcome::Done),
    })
}

async fn convert(
    stage: &Stage<'_>,
    fault: Option<LabFault>,
    output: &Output,
) -> Result<Shown, Failure> {
    let before = stage.discover(None).await?;
    output.section(&before, human::inventory);
    let intent = stage.intent(&before);
    let before = stage.discover(Some(&intent)).await?;
    let document = PlanDocument::seal(stage.session.plan(&before, &intent))?;
    output.section(&document, human::plan);
    output.note("");
    let plan = document.plan;
    if let Some(fault) = fault {
        stage.lab.suffer(&fault, &hosts(&plan))?;
    }

    let watched = Watched::new(progress(&plan));
    let run = stage.apply(&plan, &watched, output).await?.report;
    if run.outcome == Outcome::Done {
        output.note("Every step holds. Looked at again:");
    } else {
        output.section(&run, human::report);
    }
    let verification = match (&run.run, run.outcome) {
        (Some(id), Outcome::Done) => Some(engine::verify(&stage.world, &stage.journal, id).await?),
        _ => None,
    };
    if let Some(verification) = &verification {
        output.section(verification, human::verification);
    }
    let after = stage.discover(Some(&intent)).await?;
    let again = stage.session.plan(&after, &intent);
    let settled = !again.has_changes() && !again.is_blocked();
    if settled {
        output.note("Planned again: no changes.");
    }
    Ok(Shown {
        before,
        after,
        plan,
        run,
        failures: watched.failures(),
        verification,
        settled,
    })
}

/// Converts, rolls back, and tells what is not as it was before.
async fn there_and_back(stage: &Stage<'_>, output: &Output) -> Result<Vec<String>, Failure> {
    let before = stage.lab.snapshot()?;
    let intent = stage.intent(&stage.discover(None).await?);
    let plan = stage
        .session
        .plan(&stage.discover(Some(&intent)).await?, &intent);
    let applied = stage.apply(&plan, &Silent, output).await?.report;
    let run = match (applied.run, applied.outcome) {
        (Some(run), Outcome::Done) => run,
        (_, outcome) => {
            return Ok(vec![format!(
                "the second copy was not converted: {outcome}"
            )]);
        }
    };
    let converted = stage.lab.snapshot()?;
    let request = RollbackRequest {
        run,
        only: None,
        by: &session::by(),
    };
    let back = engine::rollback(&stage.world, &stage.journal, &progress(&plan), &request).await?;
    let mut differences = before.differences(&stage.lab.snapshot()?);
    if back.outcome != Outcome::Unwound {
        output.section(&back, human::report);
        differences.insert(0, format!("the run was not taken back: {}", back.outcome));
    }
    if before.differences(&converted).is_empty() {
        differences
            .push("the conversion was not seen either: the comparison proves nothing".to_owned());
    }
    Ok(differences)
}
