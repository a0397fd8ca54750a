//! `gmsactl demo`: the whole conversion of a reference estate in the lab, and its way back on a second copy.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use engine::{ApplyRequest, Progress, RollbackRequest, RunReport, Silent, Verification, World};
use journal_sqlite::SqliteJournal;
use lab::hosts::NamedFault;
use model::intent::Intent;
use model::inventory::{Inventory, ServiceState};
use model::names::{HostName, LogonAccount};
use model::plan::{Plan, PlanDocument, StepStatus};
use model::ports::{Clock, Journal};
use model::run::Outcome;
use report::{Report, StepDone, Verdict};

use super::{Done, exit_of};
use crate::documents::DemoDocument;
use crate::error::{Failure, exit};
use crate::inputs;
use crate::lab_estate::LabEstate;
use crate::options::Global;
use crate::session::{self, Session};
use crate::system::{self, SystemClock};
use crate::view::{Output, Steps, human};

/// What the lab's administrator did before, as a real one has to.
const PREPARED: &str = "Prepared in the lab, because this version does not do it: every account of the domain may log on \
                        as a service on these hosts and has a login in SQL Server.";

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
    /// Let something go wrong after the plan was made, and see what becomes of the run: right-taken-by-policy,
    /// disk-full, stored-passwords-wrong, clock-off, sql-right-missing, key-set-password-wrong, token-stale.
    #[arg(long, value_name = "NAME", value_parser = fault)]
    fault: Option<NamedFault>,
}

fn fault(name: &str) -> Result<NamedFault, String> {
    NamedFault::named(name).ok_or_else(|| {
        let names: Vec<_> = NamedFault::ALL.iter().map(|(name, _)| *name).collect();
        format!("there is {}", names.join(", "))
    })
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
    let stage = |name| Stage::new(global, folder.path().join(name));

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

/// A copy of the estate, and what works on it.
struct Stage<'a> {
    lab: LabEstate,
    session: Session<'a>,
    world: World,
    journal: SqliteJournal,
}

impl<'a> Stage<'a> {
    async fn new(global: &'a Global, journal: PathBuf) -> Result<Self, Failure> {
        let lab = LabEstate::start().await?;
        Ok(Self {
            session: Session::of_estate(global, lab.estate()?)?,
            world: lab.world().await?,
            journal: SqliteJournal::open(&journal)?,
            lab,
        })
    }

    async fn discover(&self, intent: Option<&Intent>) -> Result<Inventory, Failure> {
        self.session.discover(&self.world, intent).await
    }

    /// The proposal, without hosts whose service does not run: on a warm standby, activating the key set would take
    /// the service over.
    fn intent(&self, inventory: &Inventory) -> Intent {
        let profiles = self.session.profiles();
        let mut intent = planner::propose(inventory, &profiles);
        for conversion in &mut intent.conversions {
            let profile = profiles
                .iter()
                .find(|profile| *profile.component() == conversion.component);
            conversion.hosts.retain(|host| {
                let service = inventory.host(host).zip(profile);
                let service = service.and_then(|(host, profile)| host.service(profile.service()));
                service.is_some_and(|service| service.state == ServiceState::Running)
            });
        }
        intent
    }

    /// Applies; where the run waits for a host's ticket, does what an administrator would, and applies again.
    async fn apply(
        &self,
        plan: &Plan,
        progress: &dyn Progress,
        output: &Output,
    ) -> Result<RunReport, Failure> {
        let first = self.apply_once(plan, progress).await?;
        if first.outcome != Outcome::Waiting {
            return Ok(first);
        }
        for host in hosts(plan) {
            output.note(&format!(
                "        On {host}: klist -li 0x3e7 purge, then the plan is applied again."
            ));
            self.lab.refresh_tickets(host);
        }
        let mut second = self.apply_once(plan, progress).await?;
        for (step, before) in second.steps.iter_mut().zip(first.steps) {
            step.took_ms = step.took_ms.or(before.took_ms);
        }
        Ok(second)
    }

    async fn apply_once(&self, plan: &Plan, progress: &dyn Progress) -> Result<RunReport, Failure> {
        let open = engine::open_run(&self.journal, plan)?.is_some();
        let fresh = match open {
            true => None,
            false => Some(
                self.session
                    .plan(&self.discover(Some(&plan.intent)).await?, &plan.intent),
            ),
        };
        let now = SystemClock.now();
        let _lock = self
            .journal
            .lock(&plan.estate.domain_sid.to_string(), &system::holder(now))?;
        let request = ApplyRequest {
            plan,
            fresh: fresh.as_ref(),
            new_run: system::new_run_id(now)?,
            by: &session::by(),
            accept_no_way_back: false,
        };
        Ok(engine::apply(&self.world, &self.journal, progress, &request).await?)
    }
}

/// What was shown on the first copy.
struct Shown {
    before: Inventory,
    after: Inventory,
    plan: Plan,
    run: RunReport,
    /// `None` where the run did not come through.
    verification: Option<Verification>,
    /// Whether a plan made afterwards has nothing to do.
    settled: bool,
}

async fn convert(
    stage: &Stage<'_>,
    fault: Option<NamedFault>,
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
        hosts(&plan)
            .into_iter()
            .for_each(|host| stage.lab.suffer(host, fault));
    }

    let run = stage.apply(&plan, &progress(&plan), output).await?;
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
    let applied = stage.apply(&plan, &Silent, output).await?;
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

fn progress(plan: &Plan) -> Steps {
    let busy = plan
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::NoOp);
    Steps::new(busy.count())
}

/// The hosts that the plan changes.
fn hosts(plan: &Plan) -> Vec<&HostName> {
    plan.intent
        .conversions
        .iter()
        .flat_map(|conversion| &conversion.hosts)
        .collect()
}

impl Shown {
    fn document(&self, differences: Vec<String>, seconds: f64, report: PathBuf) -> DemoDocument {
        let holds = self
            .verification
            .as_ref()
            .is_some_and(|verification| verification.holds);
        let converted = self
            .plan
            .intent
            .conversions
            .iter()
            .filter(|conversion| holds && !conversion.hosts.is_empty());
        DemoDocument {
            outcome: self.run.outcome,
            converted: converted
                .map(|conversion| conversion.component.clone())
                .collect(),
            hosts: self.before.coverage.answered.len(),
            steps: self.plan.steps.len(),
            verified: holds && self.settled,
            rolled_back_clean: differences.is_empty(),
            differences,
            left: self.left(),
            seconds,
            report,
        }
    }

    /// Services that keep their password accounts, and why.
    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        for host in &self.after.hosts {
            for service in &host.services {
                let password_account = matches!(&service.logon_account, LogonAccount::Domain { name, .. } if !name.as_str().ends_with('$'));
                if !password_account {
                    continue;
                }
                let why = match host.components.is_empty() {
                    true => "this version does not convert it",
                    false if self.run.outcome != Outcome::Done => "the run did not come through",
                    false => "a warm standby: this version converts running services",
                };
                left.push(format!(
                    "{} on {} stays with {}: {why}",
                    service.name, host.name, service.logon_account
                ));
            }
        }
        left
    }
}

fn page(shown: &Shown, differences: &[String]) -> Result<String, Failure> {
    let run = shown
        .run
        .run
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let subtitle = format!(
        "{} in the lab · run {run} · {} · gmsactl {}",
        shown.plan.estate.domain,
        shown.before.taken_at,
        env!("CARGO_PKG_VERSION")
    );
    let report = Report {
        title: "From password accounts to group managed service accounts",
        subtitle: &subtitle,
        summary: summary(shown, differences),
        before: &shown.before,
        after: &shown.after,
        plan: &shown.plan,
        steps: shown.run.steps.iter().map(step_done).collect(),
        checks: checks(shown),
        remarks: [vec![PREPARED.to_owned()], shown.left()].concat(),
    };
    report
        .to_html()
        .map_err(|error| Failure::new("internal", error.to_string()))
}

fn step_done(step: &engine::StepReport) -> StepDone {
    StepDone {
        state: step.status.clone(),
        why: step.why.clone(),
        took_ms: step.took_ms,
    }
}

fn checks(shown: &Shown) -> Vec<Verdict> {
    let checks = shown
        .verification
        .iter()
        .flat_map(|verification| &verification.checks);
    let verdict = |check: &engine::CheckResult| Verdict {
        holds: check.holds,
        what: check.subject.clone(),
        detail: check.detail.clone(),
    };
    checks.map(verdict).collect()
}

fn summary(shown: &Shown, differences: &[String]) -> Vec<Verdict> {
    let verdict = |holds, what: &str, detail: String| Verdict {
        holds,
        what: what.to_owned(),
        detail,
    };
    let checks = checks(shown);
    let holding = checks.iter().filter(|check| check.holds).count();
    let clean = differences.is_empty();
    let back = match clean {
        true => "a second copy was converted and taken back: directory, hosts and databases are as before".to_owned(),
        false => differences.join("; "),
    };
    vec![
        verdict(
            shown.run.outcome == Outcome::Done,
            "Converted",
            format!(
                "{} steps, outcome {}",
                shown.run.steps.len(),
                shown.run.outcome
            ),
        ),
        verdict(
            !checks.is_empty() && holding == checks.len(),
            "Verified",
            format!("{holding} of {} checks hold", checks.len()),
        ),
        verdict(
            shown.settled,
            "Planned again",
            if shown.settled {
                "no changes"
            } else {
                "there are changes"
            }
            .to_owned(),
        ),
        verdict(clean, "Way back", back),
    ]
}
