//! The step that a person does with the wizard of the product's setup.

use model::names::StepId;
use model::plan::{Action, StoredValues};

use super::switch::Switch;
use super::{Draft, StepList, created};

/// A person reads, clicks and waits for setup; nobody measured it.
const WIZARD_SECONDS: u32 = 900;

impl<'a> StepList<'a> {
    /// Where the wizard is not known a finding blocks the plan, and it shows the direct step.
    pub(super) fn follow_wizard(&mut self, switch: &Switch<'a>, requires: Vec<StepId>) -> StepId {
        let known = switch
            .place
            .view(self.conversion)
            .zip(self.conversion.profile);
        let key_set = switch.tools.as_ref().map(|tools| tools.file.as_str());
        let Some((view, profile, wizard)) = known
            .and_then(|(view, profile)| Some((view, profile, profile.wizard(&view, key_set)?)))
        else {
            return self.set_account(switch, requires);
        };
        let mut changes = switch.account_changes();
        let stores = profile.stored_password(&view).map(|stored| {
            let text = format!("password of {}, encrypted", stored.account);
            changes.push(created(&stored.value, &text));
            StoredValues {
                key: stored.key,
                filled: stored.value,
                empty: stored.empty,
            }
        });
        if let Some(file) = key_set {
            changes.push(created("key set active again from", file));
        }
        let action = Action::FollowWizard {
            carrier: switch.planned_carrier(),
            from: switch.old.clone(),
            to: switch.new.clone(),
            wizard,
            key_set: key_set.map(str::to_owned),
            saves: profile.saved_key_sets(&view),
            stores,
        };
        self.push(Draft {
            requires,
            changes,
            reversible: switch.reversible,
            downtime_seconds: if switch.runs() { WIZARD_SECONDS } else { 0 },
            privilege: "whoever runs setup: administrator on the host, and on SQL Server the right to add a login and \
                        db_owner",
            ..switch.draft(format!("{}: by hand, with setup", switch.runs_as()), action)
        })
    }
}
