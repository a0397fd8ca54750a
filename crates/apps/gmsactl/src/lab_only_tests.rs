//! One component at a time: converted alone and taken back, and taken back alone out of a whole conversion.

use std::path::Path;

use clap::Parser;
use engine::{RollbackRequest, RunReport, Silent};
use model::intent::Intent;
use model::inventory::Carrier;
use model::names::{ComponentId, RunId};
use model::plan::Plan;
use model::run::Outcome;

use crate::cli::Cli;
use crate::lab_estate::LabEstate;
use crate::lab_stage::Stage;
use crate::options::Global;
use crate::view::Output;

/// Nothing that an operator would say.
pub fn no_options() -> Global {
    let words = ["gmsactl", "--non-interactive", "doctor"];
    Cli::try_parse_from(words).unwrap().global
}

/// The reference estate with everything that works on it, and the proposal for it.
pub async fn proposed<'a>(global: &'a Global, folder: &Path) -> (Stage<'a>, Intent) {
    let lab = LabEstate::reference(Default::default()).await.unwrap();
    let journal = folder.join("journal.sqlite");
    let stage = Stage::new(global, lab, &journal).await.unwrap();
    let intent = stage.intent(&stage.discover(None).await.unwrap());
    (stage, intent)
}

/// Plans and applies to the end.
pub async fn convert(stage: &Stage<'_>, intent: &Intent) -> (Plan, RunId) {
    let inventory = stage.discover(Some(intent)).await.unwrap();
    let plan = stage.session.plan(&inventory, intent);
    assert!(
        plan.has_changes() && !plan.is_blocked(),
        "{:?}",
        plan.findings
    );
    let report = stage
        .apply(&plan, &Silent, &Output::new(true))
        .await
        .unwrap()
        .report;
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    let run = report.run.unwrap();
    let verification = engine::verify(&stage.world, &stage.journal, &run).await;
    assert!(verification.unwrap().holds);
    (plan, run)
}

/// Takes a run back, or one component of it.
pub async fn roll_back(stage: &Stage<'_>, run: &RunId, only: Option<&ComponentId>) -> RunReport {
    let request = RollbackRequest {
        run: run.clone(),
        only: only.cloned(),
        by: "the test",
    };
    engine::rollback(&stage.world, &stage.journal, &Silent, &request)
        .await
        .unwrap()
}

/// The words that a component leaves in the comparison: its service or pool, its gMSA, its old accounts.
fn traces(stage: &Stage<'_>, intent: &Intent, component: &ComponentId) -> Vec<String> {
    let mut conversions = intent.conversions.iter();
    let wanted = conversions.find(|wanted| wanted.component == *component);
    let mut profiles = stage.session.profiles().into_iter();
    let profile = profiles.find(|profile| profile.component() == component);
    let mut traces = vec![format!("CN={},", wanted.unwrap().gmsa).to_lowercase()];
    if let Carrier::Service(service) = profile.unwrap().carrier() {
        traces.push(format!(": {service}").to_lowercase());
    }
    traces
}

#[tokio::test(flavor = "multi_thread")]
async fn each_component_is_converted_and_taken_back_alone() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, all) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
    assert_eq!(all.conversions.len(), 7);
    for wanted in &all.conversions {
        let alone = Intent::of(vec![wanted.clone()]);
        let (_, run) = convert(&stage, &alone).await;
        let converted = stage.lab.snapshot().unwrap();
        assert!(!start.differences(&converted).is_empty());
        let report = roll_back(&stage, &run, Some(&wanted.component)).await;
        assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
        // What components share is taken back with the run only.
        let report = roll_back(&stage, &run, None).await;
        assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
        let differences = start.differences(&stage.lab.snapshot().unwrap());
        assert!(
            differences.is_empty(),
            "{}: {differences:#?}",
            wanted.component
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_component_is_taken_back_out_of_a_whole_conversion() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, intent) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
    let (plan, run) = convert(&stage, &intent).await;
    let mut left = plan.intent.conversions.clone();
    while let Some(wanted) = left.pop() {
        let component = &wanted.component;
        let traces = traces(&stage, &intent, component);
        let seen = |lines: &[String]| {
            let lines = lines.iter().map(|line| line.to_lowercase());
            let of_it = lines.filter(|line| traces.iter().any(|trace| line.contains(trace)));
            of_it.collect::<Vec<_>>()
        };
        let before = start.differences(&stage.lab.snapshot().unwrap());
        assert!(!seen(&before).is_empty(), "{component}: {before:#?}");
        let report = roll_back(&stage, &run, Some(component)).await;
        assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
        let after = start.differences(&stage.lab.snapshot().unwrap());
        assert_eq!(seen(&after), Vec::<String>::new(), "{component}");
        if !left.is_empty() {
            let others = engine::verify(&stage.world, &stage.journal, &run).await;
            let others = others.unwrap();
            assert!(others.holds, "after {component}: {others:?}");
        }
    }
    let report = roll_back(&stage, &run, None).await;
    assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
    let differences = start.differences(&stage.lab.snapshot().unwrap());
    assert!(differences.is_empty(), "{differences:#?}");
}
