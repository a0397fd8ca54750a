//! The page's rows, made ready for its template.

use askama::Template;
use model::finding::{Finding, Severity};
use model::inventory::{HostInventory, Inventory, Service, ServiceState};
use model::names::{HostName, ServiceName};
use model::plan::{Change, Step, StepStatus};

use crate::{RehearsedFault, Report, ServiceDown, StepDone, Verdict};

/// `templates/report.html`
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    subtitle: &'a str,
    summary: &'a [Verdict],
    services: Vec<ServiceRow<'a>>,
    directory: Vec<DirectoryRow>,
    parts: Vec<Part<'a>>,
    checks: &'a [Verdict],
    downtime: &'a [ServiceDown],
    faults: &'a [RehearsedFault],
    findings: Vec<FindingRow<'a>>,
    remarks: &'a [String],
}

/// A service, before and after.
struct ServiceRow<'a> {
    host: &'a HostName,
    service: &'a ServiceName,
    title: &'a str,
    /// Before, after.
    sides: [Side; 2],
    changed: bool,
}

/// A service at one time.
#[derive(PartialEq, Eq)]
struct Side {
    account: String,
    managed: &'static str,
    state: &'static str,
}

/// A name in the directory, before and after.
struct DirectoryRow {
    what: String,
    before: String,
    after: String,
}

/// One component's steps.
struct Part<'a> {
    component: &'a str,
    steps: Vec<StepRow<'a>>,
}

struct StepRow<'a> {
    number: usize,
    subject: &'a str,
    changes: Vec<String>,
    state: &'a str,
    class: &'static str,
    why: Option<&'a str>,
    took: String,
}

struct FindingRow<'a> {
    finding: &'a Finding,
    word: &'static str,
}

/// Renders the page.
pub(crate) fn of(report: &Report<'_>) -> Result<String, std::fmt::Error> {
    let page = Page {
        title: report.title,
        subtitle: report.subtitle,
        summary: &report.summary,
        services: services(report.before, report.after),
        directory: directory(report.before, report.after),
        parts: parts(report),
        checks: &report.checks,
        downtime: &report.downtime,
        faults: &report.faults,
        findings: report.findings().iter().map(finding).collect(),
        remarks: &report.remarks,
    };
    page.render().map_err(|_| std::fmt::Error)
}

fn services<'a>(before: &'a Inventory, after: &Inventory) -> Vec<ServiceRow<'a>> {
    let all = before
        .hosts
        .iter()
        .flat_map(|host| host.services.iter().map(move |service| (host, service)));
    let row = |(host, service): (&'a HostInventory, &'a Service)| {
        let now = after
            .host(&host.name)
            .and_then(|host| host.service(&service.name));
        let [before, after] = [side(service), now.map_or_else(Side::unknown, side)];
        ServiceRow {
            host: &host.name,
            service: &service.name,
            title: &service.display_name,
            changed: before != after,
            sides: [before, after],
        }
    };
    all.map(row).collect()
}

fn side(service: &Service) -> Side {
    Side {
        account: service.logon_account.to_string(),
        managed: if service.managed_account == Some(true) {
            "managed"
        } else {
            ""
        },
        state: match service.state {
            ServiceState::Running => "running",
            ServiceState::Stopped => "stopped",
            ServiceState::Paused => "paused",
            ServiceState::Changing => "between two states",
        },
    }
}

impl Side {
    fn unknown() -> Self {
        Self {
            account: "not known".to_owned(),
            managed: "",
            state: "",
        }
    }
}

/// Groups, gMSAs and SPN holders that differ.
fn directory(before: &Inventory, after: &Inventory) -> Vec<DirectoryRow> {
    let mut rows = Vec::new();
    for group in &after.groups {
        let members = |inventory: &Inventory| {
            let group = inventory.group(&group.name)?;
            let names: Vec<_> = group
                .members
                .iter()
                .map(|member| first_name(member.as_str()))
                .collect();
            Some(if names.is_empty() {
                "no members".to_owned()
            } else {
                names.join(", ")
            })
        };
        rows.push(row(
            format!("group {}", group.name),
            members(before),
            members(after),
        ));
    }
    for gmsa in &after.gmsas {
        let facts = |inventory: &Inventory| {
            let gmsa = inventory.gmsa(&gmsa.account.name)?;
            let readers = gmsa.retrieval_principals.iter().map(|sid| {
                let group = inventory.groups.iter().find(|group| group.sid == *sid);
                group.map_or_else(|| sid.to_string(), |group| group.name.to_string())
            });
            let readers: Vec<_> = readers.collect();
            Some(format!(
                "password every {} days, for {}",
                gmsa.interval_days,
                readers.join(", ")
            ))
        };
        rows.push(row(
            format!("gMSA {}", gmsa.account.name),
            facts(before),
            facts(after),
        ));
    }
    for spn in &after.spns {
        let holders = |inventory: &Inventory| {
            let names: Vec<_> = inventory
                .spn_holders(&spn.spn)?
                .iter()
                .map(ToString::to_string)
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        rows.push(row(
            format!("SPN {}", spn.spn),
            holders(before),
            holders(after),
        ));
    }
    rows.retain(|row| row.before != row.after);
    rows
}

fn row(what: String, before: Option<String>, after: Option<String>) -> DirectoryRow {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    DirectoryRow {
        what,
        before: shown(before),
        after: shown(after),
    }
}

/// `MIMSYNC01` of `CN=MIMSYNC01,CN=Computers,…`.
fn first_name(dn: &str) -> &str {
    let first = dn.split(',').next().unwrap_or(dn);
    first.split_once('=').map_or(first, |(_, name)| name)
}

fn parts<'a>(report: &'a Report<'_>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (index, step) in report.plan.steps.iter().enumerate() {
        let row = step_row(index + 1, step, report.steps.get(index));
        let component = step.component.as_str();
        match parts.last_mut().filter(|part| part.component == component) {
            Some(part) => part.steps.push(row),
            None => parts.push(Part {
                component,
                steps: vec![row],
            }),
        }
    }
    parts
}

fn step_row<'a>(number: usize, step: &'a Step, done: Option<&'a StepDone>) -> StepRow<'a> {
    let state = done.map_or("planned", |done| done.state.as_str());
    StepRow {
        number,
        subject: &step.subject,
        changes: step.changes.iter().map(change).collect(),
        state,
        class: match state {
            "checked" => "good",
            "failed" | "undo-failed" => "bad",
            _ if step.status == StepStatus::NoOp => "idle",
            _ => "open",
        },
        why: done.and_then(|done| done.why.as_deref()),
        took: done
            .and_then(|done| done.took_ms)
            .map_or_else(String::new, |took| format!("{took:.0} ms")),
    }
}

fn change(change: &Change) -> String {
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if from == to => format!("{}: {to}", change.what),
        (Some(from), Some(to)) => format!("{}: {from} → {to}", change.what),
        (None, Some(to)) => format!("+ {}: {to}", change.what),
        (Some(from), None) => format!("− {}: {from}", change.what),
        (None, None) => change.what.clone(),
    }
}

fn finding(finding: &Finding) -> FindingRow<'_> {
    let word = match finding.severity {
        Severity::Blocks => "blocks",
        Severity::Warns => "warns",
        Severity::Informs => "informs",
    };
    FindingRow { finding, word }
}
