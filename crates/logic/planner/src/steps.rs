//! The steps of one conversion, in the order in which they are safe.
//!
//! First what hurts nobody (group, gMSA, proof of retrieval), then the export of the key set while the old account is
//! still in place, and only then the service goes down: SPN, logon account, key set, start. The hold step stands
//! between stop and switch, so that on the way back the key set is activated after the old account is back and
//! before the service starts.

mod directory;
mod host;
mod switch;

use model::names::StepId;
use model::plan::{Action, Change, Reversible, Step, StepStatus};

use crate::conversion::{Conversion, Place};

/// All steps; those that hold already are no-ops.
pub(crate) fn of_a_conversion(conversion: &Conversion<'_>) -> Vec<Step> {
    let mut list = StepList {
        conversion,
        steps: Vec::new(),
    };
    list.directory();
    for place in &conversion.places {
        if let Some(service) = place.service {
            list.host(place, service);
        }
    }
    list.steps
}

/// The steps so far.
struct StepList<'a> {
    conversion: &'a Conversion<'a>,
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
        let component = &self.conversion.wanted.component;
        let id = self.unused(&format!("{component}/{}", draft.id));
        let idle = draft.status == StepStatus::NoOp;
        self.steps.push(Step {
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

    /// The id that the text suggests, or one beside it that no step of this conversion has.
    fn unused(&self, text: &str) -> StepId {
        let taken = |id: &StepId| self.steps.iter().any(|step| step.id == *id);
        let numbered = (2..).map(|number| StepId::suggested_by(&format!("{number}-{text}")));
        let mut candidates = std::iter::once(StepId::suggested_by(text)).chain(numbered);
        candidates
            .find(|id| !taken(id))
            .unwrap_or_else(|| StepId::suggested_by(text))
    }
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
