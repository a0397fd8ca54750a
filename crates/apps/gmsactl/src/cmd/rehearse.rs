//! `gmsactl rehearse`: the operator's own plan on a copy of their own estate in the lab, with faults of their choice.

mod page;
mod scenario;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use model::inventory::Inventory;
use model::plan::Plan;
use model::run::Outcome;

use self::page::page;
use self::scenario::{Shown, rehearse};
use super::Done;
use crate::documents::{RehearsalDocument, RehearsedRun};
use crate::error::{Failure, exit};
use crate::inputs;
use crate::lab_controllers::Controllers;
use crate::lab_estate::LabEstate;
use crate::lab_fault::LabFault;
use crate::lab_import::LabTime;
use crate::lab_seed_file;
use crate::lab_stage::Stage;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `rehearse`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reaches nothing and needs no password: directory and hosts are simulated inside this program.\n\
                        Exit code 0: the plan comes through, and every fault ends clean · 1: not so, or refused\n\n\
                        Example:\n  gmsactl rehearse plan.json --inventory inventory.json --all-faults"
)]
pub struct Rehearse {
    /// The plan that gmsactl plan --out wrote.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// What gmsactl discover --out wrote [default: inventory.json beside the plan].
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// An LDIF export of the directory, as ldapsearch -LLL or ldifde -f writes it: what the inventory does not know of is
    /// there too.
    #[arg(long, value_name = "FILE")]
    ldif: Option<PathBuf>,
    /// Rehearse it once more with this fault; can be repeated. A wrong name shows the names.
    #[arg(long, value_name = "NAME", value_parser = LabFault::named)]
    fault: Vec<LabFault>,
    /// Rehearse it with every fault that there is.
    #[arg(long, conflicts_with = "fault")]
    all_faults: bool,
    #[command(flatten)]
    controllers: Controllers,
    /// Write a report to this file, one HTML page.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Rehearses; exit code 0 only if the plan comes through and every fault ends clean.
pub async fn run(args: &Rehearse, global: &Global, output: &Output) -> Done {
    tokio::select! {
        done = all(args, global, output) => done,
        // Going on from here, the temporary folder is removed.
        _ = tokio::signal::ctrl_c() => Err(Failure::new("interrupted", "the rehearsal was interrupted")),
    }
}

async fn all(args: &Rehearse, global: &Global, output: &Output) -> Done {
    let since = Instant::now();
    let plan = inputs::plan(&args.plan)?.plan;
    let inventory = inventory(args)?;
    let export = match &args.ldif {
        Some(path) => lab_seed_file::export(path)?,
        None => Vec::new(),
    };
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new("output", "there is no temporary folder for the journal").caused_by(&error)
    })?;
    let faults: Vec<_> = match args.all_faults {
        true => LabFault::all().collect(),
        false => args.fault.clone(),
    };
    let wanted = [None].into_iter().chain(faults.into_iter().map(Some));
    let (mut rehearsed, mut left_out) = (Vec::new(), Vec::new());
    for (number, fault) in wanted.enumerate() {
        output.note(&match &fault {
            None => "Without a fault.".to_owned(),
            Some(fault) => format!("\nWith {}: {}.", fault.name, fault.about()),
        });
        let (time, controllers) = (LabTime::OfInventory, args.controllers.for_faults(&fault));
        let (lab, not_taken_over) =
            LabEstate::of_inventory(&inventory, &export, time, controllers).await?;
        left_out = not_taken_over;
        let journal = folder.path().join(format!("{number}.sqlite"));
        let stage = Stage::new(global, lab, &journal).await?;
        if number == 0 {
            rests_on(&plan, &inventory, &stage.session)?;
        }
        rehearsed.push(rehearse(&stage, &plan, fault, output).await?);
    }
    let estate = (&inventory, left_out);
    let document = document(&plan, estate, rehearsed, args.out.as_deref(), since)?;
    output.document(&document, human::rehearsal);
    Ok(if document.passed { 0 } else { exit::REFUSED })
}

fn inventory(args: &Rehearse) -> Result<Inventory, Failure> {
    let beside = || args.plan.with_file_name("inventory.json");
    let path = args.inventory.clone().unwrap_or_else(beside);
    if args.inventory.is_none() && !path.is_file() {
        let alone = args.ldif.as_ref().map_or(
            "",
            |_| "an export has no hosts and services, a plan is not rehearsed on it alone: ",
        );
        let message = format!(
            "{alone}no inventory is named, and there is no {}",
            path.display()
        );
        return Err(Failure::new("not-configured", message)
            .hint("--inventory FILE: what gmsactl discover --out FILE --intent conversion.toml wrote when the plan was made"));
    }
    inputs::inventory(&path)
}

/// Refuses a plan that was not made from this inventory: its rehearsal would tell nothing.
fn rests_on(plan: &Plan, inventory: &Inventory, session: &Session<'_>) -> Result<(), Failure> {
    let again = session.plan(inventory, &plan.intent);
    if again.fingerprint == plan.fingerprint && again.estate.domain_sid == plan.estate.domain_sid {
        return Ok(());
    }
    let mut failure = Failure::new(
        "stale-plan",
        "the plan does not rest on this inventory: its fingerprint is another one",
    )
    .hint("discover and plan again: gmsactl discover --out inventory.json --intent conversion.toml, then gmsactl plan --inventory inventory.json --out plan.json");
    failure.causes = engine::changed_facts(&plan.prior, &again.prior);
    Err(failure)
}

/// The document; the report is written on the way.
fn document(
    plan: &Plan,
    (inventory, not_taken_over): (&Inventory, Vec<String>),
    rehearsed: Vec<(RehearsedRun, Shown)>,
    out: Option<&Path>,
    since: Instant,
) -> Result<RehearsalDocument, Failure> {
    let (runs, shown): (Vec<_>, Vec<_>) = rehearsed.into_iter().unzip();
    let comes_through = |run: &RehearsedRun| {
        run.outcome == Outcome::Done && run.verified == Some(true) && run.clean
    };
    let mut document = RehearsalDocument {
        passed: runs.first().is_some_and(comes_through) && runs.iter().all(|run| run.clean),
        survives: runs
            .iter()
            .filter(|run| comes_through(run))
            .filter_map(|run| run.fault)
            .collect(),
        assumed: assumed(inventory),
        not_taken_over,
        seconds: since.elapsed().as_secs_f64(),
        report: None,
        runs,
    };
    if let (Some(out), Some(alone)) = (out, shown.first()) {
        let path = std::path::absolute(out)
            .map_err(|error| Failure::file("output", "the report", out, &error))?;
        inputs::write(&path, &page(&document, plan, inventory, alone)?)?;
        document.report = Some(path);
    }
    Ok(document)
}

/// What an inventory does not tell, and what the lab takes to be so.
fn assumed(inventory: &Inventory) -> Vec<String> {
    let mut assumed = vec![
        "every password account has a made-up password in the lab: none of the real ones was needed".to_owned(),
        "a Domain Admin applies the plan, who is an administrator on every host".to_owned(),
        "every account of the domain may log on as a service on these hosts and into the databases: the inventory does \
         not tell rights and logins"
            .to_owned(),
        "what runs now is in order: passwords are the stored ones, the Synchronization Service can read its key set"
            .to_owned(),
        "of several domain controllers the hosts ask the last, gmsactl the first; a fault that needs two gets a second one \
         where there is one"
            .to_owned(),
        "a service takes 10 seconds to stop and 20 to start, a product's tool 5, its setup 2 minutes, a restart 3: assumed, \
         not measured; so is every downtime"
            .to_owned(),
        format!("it is {} in the lab, when the inventory was taken", inventory.taken_at),
    ];
    let unusable = inventory.root_keys.iter().filter_map(|key| {
        let defect = key.defect.as_ref()?;
        Some(format!("root key {} is left out: {defect}", key.id))
    });
    assumed.extend(unusable);
    let gap = |gap: &model::inventory::Gap| format!("{} is not there: {}", gap.subject, gap.why);
    assumed.extend(inventory.coverage.gaps.iter().map(gap));
    assumed
}
