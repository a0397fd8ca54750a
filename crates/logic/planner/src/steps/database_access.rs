//! The step that lets the gMSA into the product's database.

use model::names::StepId;
use model::plan::{Action, Change, Step};

use super::switch::Switch;
use super::{Draft, StepList, change_unless, created};
use crate::database::wanted;

impl<'a> StepList<'a> {
    /// What setup in change mode would do: login, user, role, and what the old account has besides. None where the
    /// server could not be asked: a finding says so.
    pub(super) fn grant_database_access(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Option<StepId> {
        let conversion = self.conversion;
        let (profile, host) = conversion.profile.zip(switch.place.host)?;
        let place = profile.database(host)?;
        let granted = |step: &Step| matches!(&step.action, Action::GrantDatabaseAccess { place: done, .. } if *done == place);
        if self.steps.iter().any(granted) {
            return None; // Its first host did it.
        }
        let (old, new) = (&switch.old, &switch.new);
        let role = profile.database_role();
        let judged = wanted(conversion.inventory, &place, new, Some(old), role).ok()?;
        let change = |what: &dyn std::fmt::Display| -> Change {
            created(&format!("{what}, {place}"), &new.to_string())
        };
        let changes = judged.repairs.iter().map(|repair| change(repair)).collect();
        let status = change_unless(judged.repairs.is_empty());
        let subject = format!("{new} gets into {place} as {old} does");
        let id = place.database.clone();
        let action = Action::GrantDatabaseAccess {
            place,
            account: new.clone(),
            repairs: judged.repairs,
        };
        Some(self.push(Draft {
            requires: proved.cloned().into_iter().collect(),
            changes,
            status,
            privilege: "sysadmin on the database server; or ALTER ANY LOGIN there and db_owner of the database",
            ..Draft::in_directory(Some(&id), subject, action)
        }))
    }
}
