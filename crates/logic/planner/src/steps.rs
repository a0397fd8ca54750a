//! The steps of all conversions, in the order in which they are safe.
//!
//! First, for all conversions, what hurts nobody: root key, groups, members, gMSAs. Then host by host the proof of
//! retrieval, the export of the key set while the old account is still in place, and only then the service goes down: SPN, logon account, key set, start. The hold step stands
//! between stop and switch, so that on the way back the key set is activated after the old account is back and
//! before the service starts. An exported key set of which a sealed copy stays is removed when everything else is done:
//! until then any failure can still turn the run back.

mod database_access;
mod delegation;
mod directory;
mod directory_rights;
mod guided;
mod host;
mod host_access;
mod installer;
mod key_set;
pub(crate) mod logon_rights;
mod shared;
mod stored_password;
mod switch;

use model::inventory::{Account, Carried};
use model::names::{ComponentId, StepId};
use model::plan::{Action, Change, Reversible, SHARED, Step, StepStatus};

use crate::conversion::{Conversion, Place};
use shared::Shared;

/// All steps; those that hold already are no-ops.
pub(crate) fn of_conversions(conversions: &[Conversion<'_>]) -> Vec<Step> {
    let shared = Shared::of(conversions);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for conversion in conversions {
        let mut list = StepList {
            conversion,
            shared: &shared,
            steps: Vec::new(),
        };
        list.directory();
        let harmless = list.steps.len();
        for place in &conversion.places {
            if let Some(carried) = place.carried {
                list.host(place, carried);
            }
        }
        after.extend(list.steps.split_off(harmless));
        before.extend(list.steps);
    }
    let mut steps = shared.into_steps();
    steps.extend(before);
    steps.extend(after);
    key_set::remove_what_is_sealed(&mut steps);
    steps
}

/// The steps that store passwords anew under the gMSAs that components have, and no others.
pub(crate) fn of_stored_passwords(conversions: &[Conversion<'_>]) -> Vec<Step> {
    at_each_place(conversions, |list, place, carried| {
        list.only_password(place, carried);
    })
}

/// The steps that export key sets under the accounts that components have, and no others.
pub(crate) fn of_key_sets(conversions: &[Conversion<'_>]) -> Vec<Step> {
    let mut steps = at_each_place(conversions, |list, place, carried| {
        list.only_key_set(place, carried);
    });
    key_set::remove_what_is_sealed(&mut steps);
    steps
}

/// The steps that disable these accounts.
pub(crate) fn of_retirement(accounts: &[&Account]) -> Vec<Step> {
    let mut steps = Vec::new();
    let Ok(component) = SHARED.parse::<ComponentId>() else {
        return steps;
    };
    for account in accounts {
        let name = account.name.clone();
        let subject = format!("{name} is disabled");
        let action = Action::DisableAccount {
            account: name.clone(),
        };
        let draft = Draft {
            changes: vec![from_to("state", "enabled", "disabled")],
            status: change_unless(!account.enabled),
            privilege: "write userAccountControl of the account",
            ..Draft::in_directory(Some(name.as_str()), subject, action)
        };
        push(&mut steps, &component, draft);
    }
    steps
}

fn at_each_place(
    conversions: &[Conversion<'_>],
    add: for<'a> fn(&mut StepList<'a>, &'a Place<'a>, Carried<'a>),
) -> Vec<Step> {
    let shared = Shared::of(&[]);
    let lists = conversions.iter().flat_map(|conversion| {
        let mut list = StepList {
            conversion,
            shared: &shared,
            steps: Vec::new(),
        };
        for place in &conversion.places {
            if let Some(carried) = place.carried {
                add(&mut list, place, carried);
            }
        }
        list.steps
    });
    lists.collect()
}

/// The steps of one conversion so far.
struct StepList<'a> {
    conversion: &'a Conversion<'a>,
    shared: &'a Shared,
    steps: Vec<Step>,
}

/// A step before it is in the list: what differs from kind to kind, with defaults for the rest.
struct Draft<'a> {
    id: String,
    subject: String,
    place: Option<&'a Place<'a>>,
    requires: Vec<StepId>,
    changes: Vec<Change>,
    reversible: Reversible,
    status: StepStatus,
    downtime_seconds: u32,
    privilege: &'static str,
    action: Action,
}

impl<'a> StepList<'a> {
    /// Adds the step and returns its id.
    fn push(&mut self, draft: Draft<'_>) -> StepId {
        push(&mut self.steps, &self.conversion.wanted.component, draft)
    }
}

/// Adds a component's step to a list and returns its id.
fn push(steps: &mut Vec<Step>, component: &ComponentId, draft: Draft<'_>) -> StepId {
    let id = unused(steps, &format!("{component}/{}", draft.id));
    let idle = draft.status == StepStatus::NoOp;
    steps.push(Step {
        id: id.clone(),
        kind: draft.action.kind().to_owned(),
        component: component.clone(),
        subject: draft.subject,
        host: draft.place.map(|place| place.name.clone()),
        requires: draft.requires,
        changes: if idle { Vec::new() } else { draft.changes },
        reversible: draft.reversible,
        status: draft.status,
        downtime_seconds: if idle { 0 } else { draft.downtime_seconds },
        privilege: draft.privilege.to_owned(),
        action: draft.action,
    });
    id
}

/// The id that the text suggests, or one beside it that no step of the list has.
fn unused(steps: &[Step], text: &str) -> StepId {
    let taken = |id: &StepId| steps.iter().any(|step| step.id == *id);
    let numbered = (2..).map(|number| StepId::suggested_by(&format!("{number}-{text}")));
    let mut candidates = std::iter::once(StepId::suggested_by(text)).chain(numbered);
    candidates
        .find(|id| !taken(id))
        .unwrap_or_else(|| StepId::suggested_by(text))
}

impl<'a> Draft<'a> {
    /// A step in the directory; its id is its kind and, where there are several of the kind, `of`.
    fn in_directory(of: Option<&str>, subject: impl Into<String>, action: Action) -> Self {
        let kind = action.kind();
        Self {
            id: of.map_or_else(|| kind.to_owned(), |of| format!("{kind}:{of}")),
            subject: subject.into(),
            place: None,
            requires: Vec::new(),
            changes: Vec::new(),
            reversible: Reversible::Free,
            status: StepStatus::Check,
            downtime_seconds: 0,
            privilege: "",
            action,
        }
    }

    /// A step on a host.
    fn on_host(place: &'a Place<'a>, subject: impl Into<String>, action: Action) -> Self {
        let draft = Self::in_directory(Some(place.name.as_str()), subject, action);
        Self {
            place: Some(place),
            privilege: "administrator on the host",
            ..draft
        }
    }
}

fn change_unless(holds: bool) -> StepStatus {
    if holds {
        StepStatus::NoOp
    } else {
        StepStatus::Change
    }
}

fn created(what: &str, to: &str) -> Change {
    Change {
        what: what.to_owned(),
        from: None,
        to: Some(to.to_owned()),
    }
}

fn from_to(what: &str, from: &str, to: &str) -> Change {
    Change {
        what: what.to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    }
}
