//! Steps that give the gMSA the log-on rights and denials that the old account has by name.

use model::host::AccountRight;
use model::inventory::{Account, HostInventory};
use model::names::StepId;
use model::plan::{Action, Step};
use security::Sid;

use super::switch::Switch;
use super::{Draft, StepList, change_unless, created};
use crate::conversion::{Conversion, Place};

impl<'a> StepList<'a> {
    /// On every host that names the old account itself, one step for each host.
    pub(super) fn copy_logon_rights(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Vec<StepId> {
        let Some(old) = self.conversion.account(&switch.old) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        for host in &self.conversion.inventory.hosts {
            let rights = self.conversion.logon_rights_to_copy(host, old);
            if !rights.is_empty() && !self.copies_rights(host) {
                steps.push(self.copy_rights_on(proved, host, old, rights));
            }
        }
        steps
    }

    fn copy_rights_on(
        &mut self,
        proved: Option<&StepId>,
        host: &HostInventory,
        old: &Account,
        rights: Vec<AccountRight>,
    ) -> StepId {
        let to = self.conversion.wanted.gmsa.sam_account_name();
        let held = self.conversion.inventory.account(&to);
        let has = held.is_some_and(|account| {
            let own = held_by(host, &account.sid);
            rights.iter().all(|right| own.contains(right))
        });
        let place = Place {
            name: &host.name,
            host: Some(host),
            carried: None,
        };
        let changes = rights
            .iter()
            .map(|right| created(in_words(*right), to.as_str()))
            .collect();
        let subject = format!(
            "{to} has the log-on rights and denials of {} on {}",
            old.name, host.name
        );
        let action = Action::CopyLogonRights {
            from: old.name.clone(),
            to,
            rights,
        };
        self.push(Draft {
            requires: proved.cloned().into_iter().collect(),
            changes,
            status: change_unless(has),
            ..Draft::on_host(&place, subject, action)
        })
    }

    /// Whether a step of this conversion does it already.
    fn copies_rights(&self, host: &HostInventory) -> bool {
        let same = |step: &Step| {
            matches!(step.action, Action::CopyLogonRights { .. })
                && step.host.as_ref() == Some(&host.name)
        };
        self.steps.iter().any(same)
    }
}

impl Conversion<'_> {
    /// What an account has by name on a host, as far as it is set there, and the gMSA needs or must bear as well.
    fn logon_rights_to_copy(&self, host: &HostInventory, old: &Account) -> Vec<AccountRight> {
        let mut rights = held_by(host, &old.sid);
        rights.retain(|right| {
            let by_policy = host
                .right(*right)
                .is_some_and(|held| !held.policies.is_empty());
            is_copied(*right) && !by_policy && !self.must_not_be_denied(*right)
        });
        rights
    }

    /// Whether a denial would break what the component does.
    pub(crate) fn must_not_be_denied(&self, right: AccountRight) -> bool {
        let mut views = self.places.iter().filter_map(|place| place.view(self));
        views.any(|view| {
            let profile = self.profile;
            profile.is_some_and(|profile| profile.must_not_be_denied(&view).contains(&right))
        })
    }
}

/// To log on as a service is granted where a service runs, and nowhere denied to one.
pub(crate) fn is_copied(right: AccountRight) -> bool {
    !matches!(
        right,
        AccountRight::LogOnAsService | AccountRight::DenyLogOnAsService
    )
}

fn held_by(host: &HostInventory, sid: &Sid) -> Vec<AccountRight> {
    let held = host.rights.iter().filter(|held| held.is_held_by(sid));
    held.map(|held| held.right).collect()
}

fn in_words(right: AccountRight) -> &'static str {
    match right {
        AccountRight::LogOnAsService => "log on as a service",
        AccountRight::LogOnAsBatchJob => "log on as a batch job",
        AccountRight::DenyLogOnAsService => "denied: log on as a service",
        AccountRight::DenyLogOnAsBatchJob => "denied: log on as a batch job",
        AccountRight::DenyNetworkLogon => "denied: access this computer from the network",
        AccountRight::DenyLogOnLocally => "denied: log on locally",
        AccountRight::DenyRemoteDesktop => "denied: log on through Remote Desktop Services",
    }
}
