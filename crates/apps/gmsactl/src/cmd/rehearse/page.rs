//! The rehearsal as a page: the run without a fault whole, a row for each fault.

use model::inventory::Inventory;
use model::plan::Plan;
use model::run::Outcome;
use report::{RehearsedFault, Report, ServiceDown};

use super::scenario::Shown;
use crate::documents::{RehearsalDocument, RehearsedRun};
use crate::error::Failure;
use crate::lab_fault::LabFault;
use crate::lab_page::{checks, steps, verdict, verified};

/// The page of a rehearsal; `alone` is the run without a fault.
pub fn page(
    document: &RehearsalDocument,
    plan: &Plan,
    before: &Inventory,
    alone: &Shown,
) -> Result<String, Failure> {
    let subtitle = format!(
        "{} · {} in the lab, as of {} · plan {} · gmsactl {}",
        plan.estate.name,
        plan.estate.domain,
        before.taken_at,
        plan.fingerprint.get(..12).unwrap_or_default(),
        env!("CARGO_PKG_VERSION")
    );
    let checks = checks(alone.verification.as_ref());
    let (first, others) = document
        .runs
        .split_first()
        .ok_or_else(|| Failure::new("internal", "nothing was rehearsed"))?;
    let outcome = first.why.as_ref().map_or_else(
        || format!("{} steps, outcome {}", plan.steps.len(), first.outcome),
        |why| format!("{}: {why}", first.outcome),
    );
    let back = match first.differences.as_slice() {
        [] if first.clean => "directory, hosts and databases are as before".to_owned(),
        differences => [&first.left, differences].concat().join("; "),
    };
    let clean = others.iter().filter(|run| run.clean).count();
    let mut summary = vec![
        verdict(
            first.outcome == Outcome::Done,
            "The plan comes through",
            outcome,
        ),
        verified(&checks),
        verdict(first.clean, "Can be taken back", back),
    ];
    if !others.is_empty() {
        let survives = document.survives.len();
        let detail = format!(
            "{clean} of {} end clean; the plan comes through {survives} of them",
            others.len()
        );
        summary.push(verdict(clean == others.len(), "Faults", detail));
    }
    let assumed = document
        .assumed
        .iter()
        .map(|line| format!("Taken to be so: {line}."));
    let left_out = document
        .not_taken_over
        .iter()
        .map(|line| format!("Not taken over: {line}."));
    let report = Report {
        title: "Rehearsal of a plan",
        subtitle: &subtitle,
        summary,
        before,
        after: &alone.after,
        plan,
        steps: alone
            .report
            .as_ref()
            .map(|report| steps(report, &alone.failures))
            .unwrap_or_default(),
        checks,
        downtime: first.downtime.iter().map(down).collect(),
        faults: others.iter().map(fault).collect(),
        remarks: assumed.chain(left_out).collect(),
    };
    report
        .to_html()
        .map_err(|error| Failure::new("internal", error.to_string()))
}

fn down(down: &crate::documents::Downtime) -> ServiceDown {
    ServiceDown {
        host: down.host.to_string(),
        service: down.service.to_string(),
        expected_seconds: down.expected_seconds,
        simulated_seconds: down.simulated_seconds,
    }
}

fn fault(run: &RehearsedRun) -> RehearsedFault {
    let known = run.fault.and_then(|name| LabFault::named(name).ok());
    let mut lines = Vec::new();
    lines.extend(run.step.iter().map(|step| format!("Step {step}")));
    lines.extend(run.why.clone());
    lines.extend(run.advice.iter().map(|advice| format!("Do: {advice}")));
    lines.extend(run.by_hand.iter().map(|done| format!("By hand: {done}")));
    let back = run.rolled_back.iter();
    lines.extend(back.map(|outcome| format!("gmsactl rollback: {outcome}")));
    let left = run.left.iter().chain(&run.differences);
    lines.extend(left.map(|line| format!("Left: {line}")));
    RehearsedFault {
        name: run.fault.unwrap_or_default().to_owned(),
        about: known.map_or("", |fault| fault.about()).to_owned(),
        outcome: run.outcome.to_string(),
        clean: run.clean,
        lines,
        down_seconds: run.downtime.iter().map(|down| down.simulated_seconds).sum(),
    }
}
