//! A plan as a runbook: what will be done, in which order, old → new.

use model::plan::{Change, Plan, PlanDocument, Reversible, Step, StepStatus};

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
    let mut component = None;
    for (number, step) in plan.steps.iter().enumerate() {
        if component != Some(&step.component) {
            component = Some(&step.component);
            text += &format!("\n{}\n", paint.strong(step.component.as_str()));
        }
        text += &one_step(number + 1, step, paint);
    }
    if !plan.findings.is_empty() {
        text += &format!(
            "\n{}\n{}",
            paint.strong("Findings"),
            super::findings(&plan.findings, paint)
        );
    }
    text += &format!("\n{}\n", summary(plan, paint));
    text
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

fn summary(plan: &Plan, paint: &Paint) -> String {
    let count = |status| {
        plan.steps
            .iter()
            .filter(|step| step.status == status)
            .count()
    };
    let (changes, checks, idle) = (
        count(StepStatus::Change),
        count(StepStatus::Check),
        count(StepStatus::NoOp),
    );
    let downtime: u32 = plan.steps.iter().map(|step| step.downtime_seconds).sum();
    let blocking = plan.blocking().count();
    if blocking > 0 {
        return paint.bad(&format!(
            "Blocked by {blocking} finding(s): nothing can be applied before they are resolved."
        ));
    }
    if changes == 0 {
        return paint.good(&format!("No changes: {idle} steps hold already."));
    }
    format!(
        "{changes} changes, {checks} checks, {idle} hold already; service down for about {downtime} s."
    )
}
