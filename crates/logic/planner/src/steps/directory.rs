//! Steps in the directory: root key, group, members, gMSA.

use model::inventory::Gmsa;
use model::names::StepId;
use model::plan::{Action, StepStatus};

use super::{Draft, StepList, change_unless, created};
use crate::conversion::Place;

impl StepList<'_> {
    pub(super) fn directory(&mut self) {
        let conversion = self.conversion;
        let gmsa = conversion
            .inventory
            .gmsa(&conversion.wanted.gmsa.sam_account_name());
        let mut before = Vec::new();
        if gmsa.is_none() {
            before.push(self.await_root_key());
        }
        before.push(self.create_group());
        for place in &conversion.places {
            let after = before.last().cloned();
            before.push(self.add_member(place, after));
        }
        match gmsa {
            Some(gmsa) => self.allow_retrieval(gmsa, before),
            None => self.create_gmsa(before),
        };
    }

    fn await_root_key(&mut self) -> StepId {
        let subject = "a KDS root key is usable on every domain controller";
        self.push(Draft {
            privilege: "read KDS root keys: Domain Admins",
            ..Draft::in_directory(None, subject, Action::AwaitRootKey)
        })
    }

    fn create_group(&mut self) -> StepId {
        let wanted = self.conversion.wanted;
        let group = &wanted.retrieval_group;
        let action = Action::CreateGroup {
            group: group.clone(),
            container: wanted.group_container.clone(),
        };
        let subject = format!("group {group} of the hosts that may retrieve the password");
        self.push(Draft {
            changes: vec![created(&format!("group {group}"), "global security group")],
            status: change_unless(self.conversion.inventory.group(group).is_some()),
            privilege: "create groups in its container",
            ..Draft::in_directory(None, subject, action)
        })
    }

    fn add_member(&mut self, place: &Place<'_>, after: Option<StepId>) -> StepId {
        let group = &self.conversion.wanted.retrieval_group;
        let member = place.name.computer_account();
        let action = Action::AddMember {
            group: group.clone(),
            member: member.clone(),
        };
        let subject = format!("{member} is a member of {group}");
        self.push(Draft {
            requires: after.into_iter().collect(),
            changes: vec![created(&format!("member of {group}"), member.as_str())],
            status: change_unless(self.conversion.is_member(place)),
            privilege: "write the group's member attribute",
            ..Draft::in_directory(Some(place.name.as_str()), subject, action)
        })
    }

    fn allow_retrieval(&mut self, gmsa: &Gmsa, requires: Vec<StepId>) -> StepId {
        let wanted = self.conversion.wanted;
        let (group, name) = (&wanted.retrieval_group, &gmsa.account.name);
        let found = self.conversion.inventory.group(group);
        let holds = found.is_some_and(|group| gmsa.retrieval_principals.contains(&group.sid));
        let action = Action::AllowRetrieval {
            gmsa: wanted.gmsa.clone(),
            group: group.clone(),
        };
        let subject = format!("{group} may retrieve the password of {name}");
        self.push(Draft {
            requires,
            changes: vec![created(
                "principals allowed to retrieve the managed password",
                group.as_str(),
            )],
            status: change_unless(holds),
            privilege: "write msDS-GroupMSAMembership of the gMSA",
            ..Draft::in_directory(None, subject, action)
        })
    }

    fn create_gmsa(&mut self, requires: Vec<StepId>) -> StepId {
        let wanted = self.conversion.wanted;
        let name = wanted.gmsa.sam_account_name();
        let dns_host_name = self
            .conversion
            .inventory
            .domain
            .dns_name
            .child(&wanted.gmsa);
        let to = format!(
            "enabled, AES only, dNSHostName {dns_host_name}, password interval {} days, retrieved by {}",
            wanted.interval_days, wanted.retrieval_group
        );
        let action = Action::CreateGmsa {
            gmsa: wanted.gmsa.clone(),
            dns_host_name,
            interval_days: wanted.interval_days,
            retrieval_group: wanted.retrieval_group.clone(),
            container: wanted.gmsa_container.clone(),
        };
        self.push(Draft {
            requires,
            changes: vec![created(&format!("gMSA {name}"), &to)],
            status: StepStatus::Change,
            privilege: "create msDS-GroupManagedServiceAccount objects in its container",
            ..Draft::in_directory(None, format!("gMSA {name}"), action)
        })
    }
}
