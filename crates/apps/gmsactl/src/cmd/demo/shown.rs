//! What was shown on the first copy, as document and as report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use engine::{RunReport, Verification};
use model::inventory::{Inventory, ServiceState};
use model::names::{LogonAccount, StepId};
use model::plan::Plan;
use model::run::Outcome;
use report::{Report, Verdict};

use crate::documents::DemoDocument;
use crate::error::Failure;
use crate::lab_page::{checks, steps, verdict, verified};

/// What the lab's administrator did before, as a real one has to.
const PREPARED: &str = "Prepared in the lab, because this version does not do it: every account of the domain may log on \
                        as a service on these hosts and has a login in SQL Server.";

/// What was shown on the first copy.
pub struct Shown {
    /// The estate before.
    pub before: Inventory,
    /// The estate after.
    pub after: Inventory,
    /// What was decided.
    pub plan: Plan,
    /// What became of it.
    pub run: RunReport,
    /// Why steps failed.
    pub failures: BTreeMap<StepId, String>,
    /// `None` where the run did not come through.
    pub verification: Option<Verification>,
    /// Whether a plan made afterwards has nothing to do.
    pub settled: bool,
}

impl Shown {
    /// The command's document.
    pub fn document(
        &self,
        differences: Vec<String>,
        seconds: f64,
        report: PathBuf,
    ) -> DemoDocument {
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
            failures: self.failures.values().cloned().collect(),
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
                    false if service.state != ServiceState::Running => {
                        "a warm standby, and this version converts running services"
                    }
                    false => "the run did not come through",
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

/// The report.
pub fn page(shown: &Shown, differences: &[String]) -> Result<String, Failure> {
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
    let checks = checks(shown.verification.as_ref());
    let report = Report {
        title: "From password accounts to group managed service accounts",
        subtitle: &subtitle,
        summary: summary(shown, &checks, differences),
        before: &shown.before,
        after: &shown.after,
        plan: &shown.plan,
        steps: steps(&shown.run, &shown.failures),
        checks,
        downtime: Vec::new(),
        faults: Vec::new(),
        remarks: [vec![PREPARED.to_owned()], shown.left()].concat(),
    };
    report
        .to_html()
        .map_err(|error| Failure::new("internal", error.to_string()))
}

fn summary(shown: &Shown, checks: &[Verdict], differences: &[String]) -> Vec<Verdict> {
    let clean = differences.is_empty();
    let back = match clean {
        true => "a second copy was converted and taken back: directory, hosts and databases are as before".to_owned(),
        false => differences.join("; "),
    };
    let settled = if shown.settled {
        "no changes"
    } else {
        "there are changes"
    };
    let outcome = format!(
        "{} steps, outcome {}",
        shown.run.steps.len(),
        shown.run.outcome
    );
    vec![
        verdict(shown.run.outcome == Outcome::Done, "Converted", outcome),
        verified(checks),
        verdict(shown.settled, "Planned again", settled),
        verdict(clean, "Way back", back),
    ]
}
