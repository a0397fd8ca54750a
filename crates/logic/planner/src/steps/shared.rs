//! Steps that several conversions rest on: the root key, and retrieval groups that they have in common.
//!
//! They stand under a component of their own, so that taking back one conversion leaves the others what they need.

use model::names::{ComponentId, HostName, SamAccountName, StepId};
use model::plan::{Action, SHARED, Step};

use super::directory::{add_member, await_root_key, create_group, create_root_key};
use super::push;
use crate::conversion::{Conversion, Place};

/// The shared steps of a plan.
#[derive(Default)]
pub(super) struct Shared {
    steps: Vec<Step>,
}

impl Shared {
    /// What is wanted by more than one conversion, each once.
    pub fn of(conversions: &[Conversion<'_>]) -> Self {
        let mut shared = Self::default();
        let Ok(component) = SHARED.parse::<ComponentId>() else {
            return shared;
        };
        let need_a_key = conversions.iter().filter(|wanted| wanted.gmsa().is_none());
        if need_a_key.count() > 1 {
            let creates = conversions.iter().any(Conversion::creates_root_key);
            let created = creates.then(|| push(&mut shared.steps, &component, create_root_key()));
            let mut gate = await_root_key();
            gate.requires = created.into_iter().collect();
            push(&mut shared.steps, &component, gate);
        }
        for (index, conversion) in conversions.iter().enumerate() {
            let group = &conversion.wanted.retrieval_group;
            let same = |other: &&Conversion<'_>| other.wanted.retrieval_group.same_as(group);
            let (before, from_here) = conversions.split_at(index);
            let sharing: Vec<_> = from_here.iter().filter(same).collect();
            if sharing.len() < 2 || before.iter().any(|other| same(&other)) {
                continue;
            }
            shared.group(&component, conversion, &sharing);
        }
        shared
    }

    fn group(&mut self, component: &ComponentId, first: &Conversion<'_>, all: &[&Conversion<'_>]) {
        let name = first.wanted.retrieval_group.as_str();
        let mut draft = create_group(first);
        draft.id = format!("{}:{name}", draft.action.kind());
        let created = push(&mut self.steps, component, draft);
        let mut seen: Vec<&HostName> = Vec::new();
        let places = all.iter().flat_map(|conversion| {
            conversion
                .places
                .iter()
                .map(move |place| (conversion, place))
        });
        for (conversion, place) in places {
            if seen.contains(&place.name) {
                continue;
            }
            seen.push(place.name);
            let mut draft = add_member(conversion, place);
            draft.id = format!("{}:{}", draft.id, name);
            draft.requires = vec![created.clone()];
            push(&mut self.steps, component, draft);
        }
    }

    /// The step that waits for the root key, if it is shared.
    pub fn root_key(&self) -> Option<StepId> {
        self.find(|action| matches!(action, Action::AwaitRootKey))
    }

    /// The step that creates that group, if it is shared.
    pub fn created(&self, wanted: &SamAccountName) -> Option<StepId> {
        self.find(
            |action| matches!(action, Action::CreateGroup { group, .. } if group.same_as(wanted)),
        )
    }

    /// The step that makes a host a member of that group, if it is shared.
    pub fn joined(&self, wanted: &SamAccountName, place: &Place<'_>) -> Option<StepId> {
        let computer = place.name.computer_account();
        self.find(|action| {
            matches!(action, Action::AddMember { group, member }
                if group.same_as(wanted) && member.same_as(&computer))
        })
    }

    fn find(&self, is: impl Fn(&Action) -> bool) -> Option<StepId> {
        let found = self.steps.iter().find(|step| is(&step.action));
        found.map(|step| step.id.clone())
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}
