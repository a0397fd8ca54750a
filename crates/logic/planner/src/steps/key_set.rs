//! The export of a key set for its own sake, and its sealed copy.

use model::inventory::Carried;
use model::names::StepId;
use model::plan::{Action, Change, Reversible, Step, StepStatus};

use super::switch::Switch;
use super::{Draft, StepList, created, unused};
use crate::conversion::Place;

impl<'a> StepList<'a> {
    /// Nothing around it: the service goes on meanwhile. None for a component without a key set, one that stands by,
    /// and one that does not run under a password account, whose password is what the tool asks for.
    pub(super) fn only_key_set(&mut self, place: &'a Place<'a>, carried: Carried<'a>) {
        if let Some(account) = self.conversion.old_account(place) {
            let switch = Switch::new(self.conversion, place, carried, account);
            let exported = self.export_key_set(&switch, None);
            self.seal_key_set(&switch, exported.as_ref());
        }
    }

    /// A copy that the intent's recipients can read, where it names any.
    pub(super) fn seal_key_set(
        &mut self,
        switch: &Switch<'a>,
        exported: Option<&StepId>,
    ) -> Option<StepId> {
        let (tools, exported) = switch.tools.as_ref().zip(exported)?;
        let sealed = self.conversion.wanted.sealed_copy_of(&tools.file)?;
        let recipients = self.conversion.wanted.recipient.clone();
        let names: Vec<_> = recipients.iter().map(ToString::to_string).collect();
        let subject = format!(
            "a copy of the key set on {} that only {} can read",
            switch.place.name,
            names.join(", ")
        );
        let changes = vec![created("sealed key set file", &sealed)];
        let action = Action::SealKeySet {
            file: tools.file.clone(),
            sealed,
            exported_by: exported.clone(),
            recipients,
        };
        Some(self.push(Draft {
            requires: vec![exported.clone()],
            changes,
            ..switch.draft(subject, action)
        }))
    }
}

/// At the end of everything, since until then a failure turns the run back, and the way back needs the file.
pub(super) fn remove_what_is_sealed(steps: &mut Vec<Step>) {
    let sealing: Vec<_> = steps
        .iter()
        .filter(|step| matches!(step.action, Action::SealKeySet { .. }))
        .cloned()
        .collect();
    for step in sealing {
        let Action::SealKeySet {
            file,
            sealed,
            exported_by,
            ..
        } = step.action
        else {
            continue;
        };
        let on = step.host.as_ref().map_or("", |host| host.as_str());
        let mut requires = vec![step.id.clone()];
        requires.extend(steps.last().map(|last| last.id.clone()));
        requires.dedup();
        let action = Action::RemoveKeySet {
            file: file.clone(),
            exported_by,
            sealed: sealed.clone(),
            sealed_by: step.id,
        };
        steps.push(Step {
            id: unused(steps, &format!("{}/{}:{on}", step.component, action.kind())),
            kind: action.kind().to_owned(),
            subject: format!(
                "only the sealed copy of the key set is left on {on}; a way back then needs it decrypted"
            ),
            requires,
            changes: vec![Change {
                what: "key set file".to_owned(),
                from: Some(file),
                to: None,
            }],
            status: StepStatus::Change,
            action,
            component: step.component,
            host: step.host,
            reversible: Reversible::None,
            downtime_seconds: 0,
            privilege: step.privilege,
        });
    }
}
