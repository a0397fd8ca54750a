//! A plan as a runbook: what will be done, in which order, old → new.

mod frame;

use std::collections::BTreeSet;

use model::names::HostName;
use model::plan::{
    Action, Change, PlanDocument, Reversible, SHARED, SetupPage, Step, StepStatus, Wizard,
};

use super::Paint;

/// The whole plan.
pub fn plan(document: &PlanDocument, paint: &Paint) -> String {
    let plan = &document.plan;
    let estate = &plan.estate;
    let mut text = format!(
        "{} {} ({})\n",
        paint.strong("Plan for"),
        estate.domain,
        estate.netbios_name
    );
    text += &legend(paint);
    text += &frame::before(plan, paint);
    let mut component = None;
    for (number, step) in plan.steps.iter().enumerate() {
        if component != Some(&step.component) {
            component = Some(&step.component);
            let rest = plan.steps.get(number..).unwrap_or_default();
            text += &heading(step, rest, paint);
        }
        text += &one_step(number + 1, step, paint);
    }
    text += &frame::tickets(plan, paint);
    text += &frame::downtimes(plan, paint);
    if !plan.findings.is_empty() {
        text += &format!(
            "\n{}\n{}",
            paint.strong("Findings"),
            super::findings::findings(&plan.findings, paint)
        );
    }
    text += &format!("\n{}\n", frame::summary(plan, paint));
    text
}

fn legend(paint: &Paint) -> String {
    let mark = |mark: String, meaning| format!("{mark} {}", paint.dim(meaning));
    format!(
        "{}   {}   {}\n",
        mark(paint.warn("~"), "changes something"),
        mark(
            paint.dim("?"),
            "only looks, and the run stops where it does not hold"
        ),
        mark(paint.dim("="), "holds already"),
    )
}

/// A component's name, where its steps are, and how long they take it down.
fn heading(first: &Step, rest: &[Step], paint: &Paint) -> String {
    let section = rest
        .iter()
        .take_while(|step| step.component == first.component);
    let mut seconds = 0;
    let (mut hosts, mut others): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for step in section {
        seconds += step.downtime_seconds;
        let list = match step.action {
            Action::CopyLogonRights { .. } | Action::CopyHostAccess { .. } => &mut others,
            _ => &mut hosts,
        };
        list.extend(step.host.iter().map(HostName::as_str));
    }
    for list in [&mut hosts, &mut others] {
        let mut seen = BTreeSet::new();
        list.retain(|host| seen.insert(*host));
    }
    others.retain(|host| !hosts.contains(host));
    let beside = match others.is_empty() {
        true => String::new(),
        false => format!(" (rights on {} too)", others.join(", ")),
    };
    let place = match (first.component.as_str() == SHARED, hosts.is_empty()) {
        (true, _) => "what several components rest on".to_owned(),
        (false, true) => "in the directory".to_owned(),
        (false, false) => format!("on {}{beside}", hosts.join(", then ")),
    };
    let down = match seconds {
        0 => "nothing goes down".to_owned(),
        seconds => format!("down for about {seconds} s"),
    };
    let name = paint.strong(first.component.as_str());
    format!("\n{name}{}\n", paint.dim(&format!("  {place}; {down}")))
}

fn one_step(number: usize, step: &Step, paint: &Paint) -> String {
    let (mark, subject) = match step.status {
        StepStatus::Change => (paint.warn("~"), step.subject.clone()),
        StepStatus::Check => (paint.dim("?"), step.subject.clone()),
        StepStatus::NoOp => (
            paint.dim("="),
            paint.dim(&format!("{} (holds already)", step.subject)),
        ),
    };
    let mut text = format!("  {number:>2} {mark} {subject}\n");
    for change in &step.changes {
        text += &format!("         {}\n", one_change(change, paint));
    }
    if step.status == StepStatus::NoOp {
        return text;
    }
    match &step.action {
        Action::FollowWizard { wizard, .. } => text += &pages(wizard, paint),
        Action::RunSetup { pages, .. } => text += &settings(pages, paint),
        _ => {}
    }
    let mut notes = Vec::new();
    match step.reversible {
        Reversible::Free => {}
        Reversible::Credential => notes.push(
            "the way back needs the old account's password, which nobody supplied".to_owned(),
        ),
        Reversible::None => notes.push("no way back".to_owned()),
    }
    if step.downtime_seconds > 0 {
        notes.push(format!("service down, about {} s", step.downtime_seconds));
    }
    if !notes.is_empty() {
        text += &format!("         {}\n", paint.dim(&notes.join(" · ")));
    }
    text
}

/// What a person does with a wizard.
fn pages(wizard: &Wizard, paint: &Paint) -> String {
    let mut text = format!("         {}\n", wizard.way_in);
    for page in &wizard.pages {
        text += &format!("           {}\n", paint.strong(&page.title));
        for field in &page.fields {
            text += &format!("             {}: {}\n", field.label, field.entry);
        }
    }
    text + &format!("         {}\n", wizard.way_out)
}

/// What a silent setup is told, by page, with the reason.
fn settings(pages: &[SetupPage], paint: &Paint) -> String {
    let mut text = String::new();
    for page in pages {
        text += &format!("           {}\n", paint.strong(&page.title));
        for property in &page.properties {
            let reason = paint.dim(&format!("({})", property.reason));
            text += &format!(
                "             {} = {} {reason}\n",
                property.name, property.value
            );
        }
    }
    text
}

/// Old → new.
pub fn one_change(change: &Change, paint: &Paint) -> String {
    match (&change.from, &change.to) {
        (None, Some(to)) => format!("{} {}: {to}", paint.good("+"), change.what),
        (Some(from), None) => format!("{} {}: {from}", paint.bad("-"), change.what),
        (Some(from), Some(to)) if from == to => format!("{}: {to}", change.what),
        (Some(from), Some(to)) => {
            format!("{}: {} → {}", change.what, paint.bad(from), paint.good(to))
        }
        (None, None) => change.what.clone(),
    }
}
