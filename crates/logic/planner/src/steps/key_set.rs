//! The export of a key set for its own sake.

use model::inventory::Carried;

use super::StepList;
use super::switch::Switch;
use crate::conversion::Place;

impl<'a> StepList<'a> {
    /// Nothing around it: the service goes on meanwhile. None for a component without a key set, one that stands by,
    /// and one that does not run under a password account, whose password is what the tool asks for.
    pub(super) fn only_key_set(&mut self, place: &'a Place<'a>, carried: Carried<'a>) {
        if let Some(account) = self.conversion.old_account(place) {
            let switch = Switch::new(self.conversion, place, carried, account);
            self.export_key_set(&switch, None);
        }
    }
}
