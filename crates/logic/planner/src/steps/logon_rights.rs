//! Steps that let the gMSA log on as a service, and give it the log-on rights and denials that the old account has by name.

use model::host::AccountRight;
use model::inventory::{Account, HostInventory};
use model::names::StepId;
use model::plan::{Action, Step};
use security::Sid;

use super::switch::Switch;
use super::{Draft, StepList, change_unless, created};
use crate::conversion::{Conversion, Place};

impl<'a> StepList<'a> {
    /// A service does not start without the right; pools get theirs from the web server's group.
    pub(super) fn grant_right(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Option<StepId> {
        let (host, new) = (switch.place.host?, &switch.new);
        switch.carried.service()?;
        let holders = host.right(AccountRight::LogOnAsService)?;
        let sid = self.conversion.account(new).map(|account| account.sid);
        let held = sid.is_some_and(|sid| holders.is_held_by(&sid));
        let action = Action::GrantRight {
            account: new.clone(),
            right: AccountRight::LogOnAsService,
        };
        Some(self.push(Draft {
            requires: proved.cloned().into_iter().collect(),
            changes: vec![created("log on as a service", &new.to_string())],
            status: change_unless(held),
            ..Draft::on_host(
                switch.place,
                format!("{new} may log on as a service on {}", switch.place.name),
                action,
            )
        }))
    }

    /// One step for a host that names the old account itself, unless a step of this conversion does it already.
    pub(super) fn copy_logon_rights(
        &mut self,
        proved: Option<&StepId>,
        host: &HostInventory,
        old: &Account,
    ) -> Option<StepId> {
        let rights = self.conversion.logon_rights_to_copy(host, old);
        if rights.is_empty() || self.copies_rights(host) {
            return None;
        }
        let to = self.conversion.wanted.gmsa.sam_account_name();
        let held = self.conversion.inventory.account(&to);
        let has = held.is_some_and(|account| {
            let own = held_by(host, &account.sid);
            rights.iter().all(|right| own.contains(right))
        });
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
        Some(self.push(Draft {
            requires: proved.cloned().into_iter().collect(),
            changes,
            status: change_unless(has),
            ..Draft::on_host(&Place::beside(host), subject, action)
        }))
    }

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
