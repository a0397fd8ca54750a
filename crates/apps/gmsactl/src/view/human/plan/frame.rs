//! What stands around a plan's steps: what to have ready, what is by hand, who is down for how long.

use std::collections::BTreeSet;

use model::names::HostName;
use model::plan::{Action, Plan, Reversible, Step, StepStatus};

use super::Paint;

/// What to have ready, and what to tell others; nothing where nothing will be done.
pub(super) fn before(plan: &Plan, paint: &Paint) -> String {
    let mut changes = plan.steps.iter();
    if plan.blocking().count() > 0 || !changes.any(|step| step.status == StepStatus::Change) {
        return String::new();
    }
    let lines = [passwords(plan), backups(plan), Some(way_back(plan))];
    let lines = lines
        .into_iter()
        .flatten()
        .map(|line| format!("  {line}\n"));
    format!(
        "\n{}\n{}",
        paint.strong("Before you begin"),
        lines.collect::<String>()
    )
}

fn to_do(plan: &Plan) -> impl Iterator<Item = &Step> {
    let steps = plan.steps.iter();
    steps.filter(|step| step.status != StepStatus::NoOp)
}

/// Whose passwords are asked for.
fn passwords(plan: &Plan) -> Option<String> {
    let (mut to_apply, mut to_return) = (BTreeSet::new(), BTreeSet::new());
    for need in to_do(plan).filter_map(|step| step.action.password()) {
        let account = need.account.to_string();
        match need.to_apply {
            true => to_apply.insert(account),
            false => to_return.insert(account),
        };
    }
    to_return.retain(|account| !to_apply.contains(account));
    let listed = |accounts: &BTreeSet<String>| Vec::from_iter(accounts.clone()).join(", ");
    let who = match (to_apply.is_empty(), to_return.is_empty()) {
        (true, true) => return None,
        (false, true) => listed(&to_apply),
        (true, false) => format!("for the way back, {}", listed(&to_return)),
        (false, false) => format!(
            "{}; for the way back also {}",
            listed(&to_apply),
            listed(&to_return)
        ),
    };
    Some(format!(
        "Have these passwords at hand: {who}. Those that estate.toml does not name are asked for at the start, and each \
         account of the domain logs on with its own before anything is touched."
    ))
}

/// The databases in which something is added.
fn backups(plan: &Plan) -> Option<String> {
    let places: BTreeSet<_> = to_do(plan)
        .filter_map(|step| match &step.action {
            Action::GrantDatabaseAccess { place, .. } => Some(place.to_string()),
            _ => None,
        })
        .collect();
    if places.is_empty() {
        return None;
    }
    Some(format!(
        "Have a backup of {}, as before every change of the product. This plan adds logins, users and roles there and \
         touches no data.",
        Vec::from_iter(places).join(", ")
    ))
}

fn way_back(plan: &Plan) -> String {
    let disables = |step: &Step| matches!(step.action, Action::DisableAccount { .. });
    let old = match plan.steps.iter().any(disables) {
        true => "",
        false => " The old accounts stay enabled, with their passwords, groups and rights.",
    };
    format!(
        "The way back is open at any time, after a crash too: gmsactl runs shows the run, gmsactl rollback takes it \
         back.{}{old}",
        one_way(plan)
    )
}

/// The steps that it does not undo, or is hindered by.
fn one_way(plan: &Plan) -> String {
    let numbered = (1..).zip(&plan.steps);
    let closing = numbered.filter(|(_, step)| {
        step.status == StepStatus::Change && step.reversible == Reversible::None
    });
    let steps: Vec<_> = closing
        .map(|(number, step)| format!("{number} ({})", step.kind))
        .collect();
    match steps.is_empty() {
        true => String::new(),
        false => format!(
            " Exceptions, marked \"no way back\": step {}; gmsactl explain KIND says what that means.",
            steps.join(", ")
        ),
    }
}

/// Hosts that become members of a group: what that means is the operator's to do.
pub(super) fn tickets(plan: &Plan, paint: &Paint) -> String {
    let joins = |host: &HostName| {
        let computer = host.computer_account();
        plan.steps.iter().any(|step| {
            step.status == StepStatus::Change
                && matches!(&step.action, Action::AddMember { member, .. } if member.same_as(&computer))
        })
    };
    let mut hosts: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| step.host.as_ref())
        .collect();
    hosts.sort();
    hosts.dedup();
    let hosts: Vec<_> = hosts
        .into_iter()
        .filter(|host| joins(host))
        .map(HostName::as_str)
        .collect();
    if hosts.is_empty() {
        return String::new();
    }
    format!(
        "\n{}\n  A membership counts from the computer's next Kerberos ticket on. When the run waits for one of {}: on \
         that host\n  klist -li 0x3e7 purge, as an administrator, or a restart; then apply the plan again: it goes on from there.\n",
        paint.strong("By hand, in between"),
        hosts.join(", ")
    )
}

/// How long each component is down on each host, in the order of the plan.
pub(super) fn downtimes(plan: &Plan, paint: &Paint) -> String {
    let mut down: Vec<(String, u32)> = Vec::new();
    let mut place = String::new();
    for step in plan.steps.iter().filter(|step| step.downtime_seconds > 0) {
        // A step in the directory belongs to the host whose service was stopped for it.
        if let Some(host) = &step.host {
            place = format!("{} on {host}", step.component);
        }
        match down.last_mut().filter(|(last, _)| *last == place) {
            Some((_, seconds)) => *seconds += step.downtime_seconds,
            None => down.push((place.clone(), step.downtime_seconds)),
        }
    }
    if down.is_empty() {
        return String::new();
    }
    let lines = down
        .iter()
        .map(|(place, seconds)| format!("  {place}: about {seconds} s\n"));
    format!(
        "\n{}\n{}",
        paint.strong("Down, one after the other"),
        lines.collect::<String>()
    )
}

/// How much it is; or that it cannot be applied, or need not be.
pub(super) fn summary(plan: &Plan, paint: &Paint) -> String {
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
        "{changes} changes, {checks} checks, {idle} hold already; services down for about {downtime} s in all."
    )
}
