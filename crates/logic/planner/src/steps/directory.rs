//! Steps in the directory: root key, group, members, gMSA.

use model::inventory::Gmsa;
use model::names::StepId;
use model::plan::{Action, Reversible, StepStatus};

use super::{Draft, StepList, change_unless, created};
use crate::conversion::{Conversion, Place};

impl StepList<'_> {
    pub(super) fn directory(&mut self) {
        let (conversion, shared) = (self.conversion, self.shared);
        let gmsa = conversion.gmsa();
        let mut before = Vec::new();
        if gmsa.is_none() {
            before.push(match shared.root_key() {
                Some(shared) => shared,
                None => self.root_key(),
            });
        }
        let group = &conversion.wanted.retrieval_group;
        before.push(match shared.created(group) {
            Some(shared) => shared,
            None => self.push(create_group(conversion)),
        });
        for place in &conversion.places {
            let requires: Vec<_> = before.last().cloned().into_iter().collect();
            before.push(match shared.joined(group, place) {
                Some(shared) => shared,
                None => self.push(Draft {
                    requires,
                    ..add_member(conversion, place)
                }),
            });
        }
        let ready = match gmsa {
            Some(gmsa) => self.allow_retrieval(gmsa, before),
            None => self.create_gmsa(before),
        };
        self.delegation(&ready);
        self.copy_directory_rights(&ready);
        self.join_groups(&ready);
    }

    fn root_key(&mut self) -> StepId {
        let created = self.conversion.creates_root_key();
        let created = created.then(|| self.push(create_root_key()));
        self.push(Draft {
            requires: created.into_iter().collect(),
            ..await_root_key()
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

/// The forest's root key, because the intent says so.
pub(super) fn create_root_key() -> Draft<'static> {
    let change = created(
        "KDS root key of the forest",
        "effective at once, usable 10 hours later; never deleted again",
    );
    Draft {
        changes: vec![change],
        reversible: Reversible::None,
        status: StepStatus::Change,
        privilege: "create KDS root keys: Domain Admins of the root domain, Enterprise Admins",
        ..Draft::in_directory(None, "KDS root key of the forest", Action::CreateRootKey)
    }
}

/// Gate: some root key is usable.
pub(super) fn await_root_key() -> Draft<'static> {
    let subject = "a KDS root key is usable on every domain controller";
    Draft {
        privilege: "read KDS root keys: Domain Admins",
        ..Draft::in_directory(None, subject, Action::AwaitRootKey)
    }
}

/// The retrieval group.
pub(super) fn create_group(conversion: &Conversion<'_>) -> Draft<'static> {
    let wanted = conversion.wanted;
    let group = &wanted.retrieval_group;
    let action = Action::CreateGroup {
        group: group.clone(),
        container: wanted.group_container.clone(),
    };
    let subject = format!("group {group} of the hosts that may retrieve the password");
    Draft {
        changes: vec![created(&format!("group {group}"), "global security group")],
        status: change_unless(conversion.inventory.group(group).is_some()),
        privilege: "create groups in its container",
        ..Draft::in_directory(None, subject, action)
    }
}

/// A host becomes a member of the retrieval group.
pub(super) fn add_member(conversion: &Conversion<'_>, place: &Place<'_>) -> Draft<'static> {
    let group = &conversion.wanted.retrieval_group;
    let member = place.name.computer_account();
    let action = Action::AddMember {
        group: group.clone(),
        member: member.clone(),
    };
    let subject = format!("{member} is a member of {group}");
    Draft {
        changes: vec![created(&format!("member of {group}"), member.as_str())],
        status: change_unless(conversion.is_member(place)),
        privilege: "write the group's member attribute",
        ..Draft::in_directory(Some(place.name.as_str()), subject, action)
    }
}
