//! Steps that let the gMSA use DCOM wherever the old account may: password reset calls the Synchronization Service so.

use model::inventory::{ComAccessValue, HostInventory};
use model::names::StepId;
use model::plan::{Action, Step};
use security::Sid;

use super::switch::Switch;
use super::{Draft, StepList, change_unless, created};
use crate::conversion::Place;

impl<'a> StepList<'a> {
    /// On every host whose machine-wide access lists name the old account itself, one step for each list.
    pub(super) fn copy_com_access(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Vec<StepId> {
        let Some(old) = self.conversion.account(&switch.old).map(|it| it.sid) else {
            return Vec::new();
        };
        let hosts = self.conversion.inventory.hosts.iter();
        let lists = hosts.flat_map(|host| ComAccessValue::ALL.map(|value| (host, value)));
        let mut steps = Vec::new();
        for (host, value) in lists {
            let masks = masks(host, value, &old);
            if !masks.is_empty() && !self.copies(host, value) {
                steps.push(self.copy_list(switch, proved, host, value, masks));
            }
        }
        steps
    }

    fn copy_list(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
        host: &HostInventory,
        value: ComAccessValue,
        masks: Vec<u32>,
    ) -> StepId {
        let (old, new) = (&switch.old, &switch.new);
        let sid = self.conversion.account(new).map(|account| account.sid);
        let held = sid.map(|sid| self::masks(host, value, &sid));
        let held = held.is_some_and(|held| masks.iter().all(|mask| held.contains(mask)));
        let place = Place {
            name: &host.name,
            host: Some(host),
            carried: None,
        };
        let action = Action::CopyComAccess {
            value,
            from: old.clone(),
            to: new.clone(),
            masks,
        };
        let subject = format!("{new} may use DCOM on {} as {old} may: {value}", host.name);
        let draft = Draft::on_host(&place, subject, action);
        self.push(Draft {
            id: format!("{}-{value}", draft.id),
            requires: proved.cloned().into_iter().collect(),
            changes: vec![created(value.name(), &new.to_string())],
            status: change_unless(held),
            ..draft
        })
    }

    /// Whether a step of this conversion does it already.
    fn copies(&self, host: &HostInventory, value: ComAccessValue) -> bool {
        let same = |step: &Step| {
            matches!(&step.action, Action::CopyComAccess { value: done, .. } if *done == value)
                && step.host.as_ref() == Some(&host.name)
        };
        self.steps.iter().any(same)
    }
}

fn masks(host: &HostInventory, value: ComAccessValue, sid: &Sid) -> Vec<u32> {
    let entries = host.com_access.iter();
    let own = entries.filter(|entry| entry.value == value && entry.sid == *sid);
    let mut masks: Vec<_> = own.map(|entry| entry.mask).collect();
    masks.sort_unstable();
    masks.dedup();
    masks
}
