//! Steps around a password that a product stores encrypted for its logon account.

use model::inventory::Carried;
use model::names::StepId;
use model::plan::Action;

use super::switch::Switch;
use super::{StepList, created};
use crate::conversion::Place;

/// The helper service starts, answers and is removed.
const HELPER_SECONDS: u32 = 10;

impl<'a> StepList<'a> {
    /// Stores it anew, where the intent says whose it is: the one that is there is encrypted for the old account.
    pub(super) fn store_password(&mut self, switch: &Switch<'a>, after: &StepId) -> Option<StepId> {
        let view = switch.place.view(self.conversion)?;
        let stored = self.conversion.profile?.stored_password(&view)?;
        let change = created(
            &stored.value,
            &format!("password of {}, encrypted", stored.account),
        );
        let subject = format!(
            "the password of {} is stored for {} on {}",
            stored.account, stored.helper.runs_as, switch.place.name
        );
        let action = Action::StorePassword {
            account: stored.account,
            helper: stored.helper,
            key: stored.key,
            value: stored.value,
            empty: stored.empty,
        };
        Some(self.push(super::Draft {
            requires: vec![after.clone()],
            changes: vec![change],
            downtime_seconds: if switch.runs() { HELPER_SECONDS } else { 0 },
            privilege: "administrator on the host, the mailbox account's password",
            ..switch.draft(subject, action)
        }))
    }

    /// Around it only what makes the service read it again.
    pub(super) fn only_password(&mut self, place: &'a Place<'a>, carried: Carried<'a>) {
        let gmsa = self.conversion.gmsa_account().clone();
        let switch = Switch::new(self.conversion, place, carried, gmsa);
        let stopped = self.stop(&switch, Vec::new());
        let stored = self.store_password(&switch, &stopped);
        if let Some(stored) = stored.filter(|_| switch.runs()) {
            self.start(&switch, stopped, stored);
        }
    }
}
