//! One run of the plan on a copy of the estate, with or without a fault.

use std::collections::BTreeMap;

use engine::{RollbackRequest, RunReport, Silent, StepReport, Verification};
use model::inventory::Inventory;
use model::names::{RunId, ServiceName, StepId};
use model::plan::{Action, Plan, PlannedCarrier};
use model::run::Outcome;

use crate::documents::{Downtime, RehearsedRun};
use crate::error::Failure;
use crate::lab_fault::LabFault;
use crate::lab_snapshot::LabSnapshot;
use crate::lab_stage::{Applied, Stage, Watched, hosts, progress};
use crate::session;
use crate::view::{Output, human};

/// What a page shows of a run.
pub struct Shown {
    /// How the run ended; `None` where it was refused.
    pub report: Option<RunReport>,
    /// Why steps failed.
    pub failures: BTreeMap<StepId, String>,
    /// What was looked at afterwards.
    pub verification: Option<Verification>,
    /// The estate after it, before it was taken back.
    pub after: Inventory,
}

/// The run as the document has it, and what the report's page shows besides.
///
/// Applies the plan, looks at the result, and takes back what is not done; a run without a fault is taken back too, to
/// prove that it can be.
pub async fn rehearse(
    stage: &Stage<'_>,
    plan: &Plan,
    fault: Option<LabFault>,
    output: &Output,
) -> Result<(RehearsedRun, Shown), Failure> {
    if let Some(fault) = &fault {
        stage.lab.suffer(fault, &hosts(plan))?;
    }
    stage.lab.wait_for_replication();
    let before = stage.lab.snapshot()?;
    let watched = Watched::new(progress(plan));
    let name = fault.map(|fault| fault.name);
    let Applied { report, by_hand } = match stage.apply(plan, &watched, output).await {
        Ok(applied) => applied,
        Err(refusal) => return refused(stage, plan, name, &before, refusal).await,
    };
    let mut run = RehearsedRun {
        fault: name,
        outcome: report.outcome,
        clean: true,
        step: None,
        why: None,
        advice: None,
        by_hand,
        verified: None,
        rolled_back: None,
        left: Vec::new(),
        differences: Vec::new(),
        downtime: Vec::new(),
    };
    run.tell(&report, watched.first_failure());
    output.section(&report, human::report);

    let after = stage.discover(Some(&plan.intent)).await?;
    let mut verification = None;
    if let (Some(id), Outcome::Done) = (&report.run, report.outcome) {
        let seen = engine::verify(&stage.world, &stage.journal, id).await?;
        let again = stage.session.plan(&after, &plan.intent);
        run.verified = Some(seen.holds && !again.has_changes() && !again.is_blocked());
        verification = Some(seen);
    }
    run.downtime = downtime(stage, plan);
    let open = matches!(report.outcome, Outcome::Stuck | Outcome::Waiting);
    if let Some(id) = report.run.clone().filter(|_| open || fault.is_none()) {
        run.rolled_back = Some(take_back(stage, plan, id, &mut run, output).await?);
    }
    stage.lab.wait_for_replication();
    if run.outcome != Outcome::Done || run.rolled_back.is_some() {
        run.differences = before.differences(&stage.lab.snapshot()?);
        let back = run.rolled_back.is_none_or(|back| back == Outcome::Unwound);
        run.clean = back && run.differences.is_empty();
    }
    let shown = Shown {
        report: Some(report),
        failures: watched.failures(),
        verification,
        after,
    };
    Ok((run, shown))
}

/// Takes a run back; a host that restarts is waited for first.
async fn take_back(
    stage: &Stage<'_>,
    plan: &Plan,
    id: RunId,
    run: &mut RehearsedRun,
    output: &Output,
) -> Result<Outcome, Failure> {
    for host in stage.lab.wait_for_hosts() {
        run.by_hand
            .push(format!("Waited until {host} was up again"));
    }
    output.note(&format!("        gmsactl rollback {id}"));
    let by = session::by();
    let request = RollbackRequest {
        run: id,
        only: None,
        by: &by,
    };
    let back = engine::rollback(&stage.world, &stage.journal, &Silent, &request).await?;
    if back.outcome != Outcome::Unwound {
        run.left = left(&back);
    }
    run.downtime = downtime(stage, plan);
    output.section(&back, human::report);
    Ok(back.outcome)
}

async fn refused(
    stage: &Stage<'_>,
    plan: &Plan,
    fault: Option<&'static str>,
    before: &LabSnapshot,
    refusal: Failure,
) -> Result<(RehearsedRun, Shown), Failure> {
    let mut words = vec![refusal.message];
    words.extend(refusal.causes);
    words.extend(
        refusal
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.id, finding.subject, finding.what)),
    );
    let differences = before.differences(&stage.lab.snapshot()?);
    let shown = Shown {
        report: None,
        failures: BTreeMap::new(),
        verification: None,
        after: stage.discover(Some(&plan.intent)).await?,
    };
    Ok((
        RehearsedRun {
            fault,
            outcome: Outcome::Refused,
            clean: differences.is_empty(),
            step: None,
            why: Some(words.join("; ")),
            advice: refusal.hint,
            by_hand: Vec::new(),
            verified: None,
            rolled_back: None,
            left: Vec::new(),
            differences,
            downtime: downtime(stage, plan),
        },
        shown,
    ))
}

impl RehearsedRun {
    /// Takes over which step failed or waits, and why.
    fn tell(&mut self, report: &RunReport, first: Option<(StepId, String)>) {
        let first = first.or_else(|| {
            let step = report.steps.iter().find(|step| step.why.is_some())?;
            Some((step.id.clone(), step.why.clone()?))
        });
        let Some((id, why)) = first else { return };
        let step = report.steps.iter().find(|step| step.id == id);
        self.advice = step.and_then(|step| step.advice.clone());
        (self.step, self.why) = (Some(id), Some(why));
    }
}

/// What could not be taken back, and what to do about it.
fn left(report: &RunReport) -> Vec<String> {
    let line = |step: &StepReport| {
        let why = step.why.as_ref()?;
        let advice = step.advice.as_deref().unwrap_or("repeat the command");
        Some(format!("{}: {why}; {advice}", step.id))
    };
    report.steps.iter().filter_map(line).collect()
}

/// How long each service that gets another account is down.
fn downtime(stage: &Stage<'_>, plan: &Plan) -> Vec<Downtime> {
    let switched = plan.steps.iter().filter_map(|step| match &step.action {
        Action::SetLogonAccount { service, .. }
        | Action::FollowWizard {
            carrier: PlannedCarrier::Service(service),
            ..
        }
        | Action::RunSetup {
            carrier: PlannedCarrier::Service(service),
            ..
        } => Some((step.host.clone()?, service.clone())),
        _ => None,
    });
    let row = |(host, service): (_, ServiceName)| {
        let simulated = stage.lab.host(&host)?.time_down(service.as_str());
        let on_host = plan.steps.iter().filter(|step| {
            step.downtime_seconds > 0 && step.host.as_ref().is_none_or(|on| *on == host)
        });
        Some(Downtime {
            expected_seconds: on_host.map(|step| step.downtime_seconds).sum(),
            simulated_seconds: simulated.down.to_duration().as_secs_f64(),
            runs: simulated.runs,
            host,
            service,
        })
    };
    switched.filter_map(row).collect()
}
