//! The steps of one conversion, in the order in which they are safe.
//!
//! First what hurts nobody (group, gMSA, proof of retrieval), then the export of the key set while the old account is
//! still in place, and only then the service goes down: SPN, logon account, key set, start. The hold step stands
//! between stop and switch, so that on the way back the key set is activated after the old account is back and
//! before the service starts.

use model::inventory::ServiceState;
use model::names::{LogonAccount, StepId};
use model::plan::{Action, Change, Reversible, Step, StepStatus};

use crate::conversion::{Conversion, Place};
use crate::profile::KeySetTools;

/// Seconds that the documented operations take on a busy Synchronization Service.
const STOP_SECONDS: u32 = 30;
const SWITCH_SECONDS: u32 = 5;
const KEY_SET_SECONDS: u32 = 10;
const START_SECONDS: u32 = 60;

/// All steps; those that hold already are no-ops.
pub(crate) fn of_a_conversion(conversion: &Conversion<'_>) -> Vec<Step> {
    let mut list = StepList {
        conversion,
        steps: Vec::new(),
    };
    list.directory();
    let mut spns_moved = false;
    for place in &conversion.places {
        if place.host.is_some() && place.service.is_some() {
            list.host(place, &mut spns_moved);
        }
    }
    list.steps
}

struct StepList<'a> {
    conversion: &'a Conversion<'a>,
    steps: Vec<Step>,
}

/// What differs from step to step; the rest is the same for all.
struct Draft<'a> {
    id: String,
    subject: String,
    place: Option<&'a Place<'a>>,
    requires: Vec<StepId>,
    changes: Vec<Change>,
    reversible: Reversible,
    status: StepStatus,
    downtime_seconds: u32,
    privilege: &'static str,
    action: Action,
}

impl<'a> StepList<'a> {
    fn directory(&mut self) {
        let conversion = self.conversion;
        let (wanted, inventory) = (conversion.wanted, conversion.inventory);
        let gmsa_name = wanted.gmsa.sam_account_name();
        let group = &wanted.retrieval_group;
        let gmsa = inventory.gmsa(&gmsa_name);
        let found_group = inventory.group(group);

        let mut before = Vec::new();
        if gmsa.is_none() {
            before.extend(self.push(Draft {
                status: StepStatus::Check,
                privilege: "read KDS root keys: Domain Admins",
                ..Draft::new(
                    "await-root-key",
                    "a KDS root key is usable on every domain controller",
                    Action::AwaitRootKey,
                )
            }));
        }
        let action = Action::CreateGroup {
            group: group.clone(),
            container: wanted.group_container.clone(),
        };
        before.extend(self.push(Draft {
            changes: vec![created(
                &format!("group {group}"),
                "global security group",
                found_group.is_some(),
            )],
            status: change_unless(found_group.is_some()),
            privilege: "create groups in its container",
            ..Draft::new(
                "create-group",
                format!("group {group} of the hosts that may retrieve the password"),
                action,
            )
        }));
        for place in &conversion.places {
            let member = place.name.computer_account();
            let holds = conversion.is_member(place);
            let action = Action::AddMember {
                group: group.clone(),
                member: member.clone(),
            };
            let what = format!("member {member} of {group}");
            before.extend(self.push(Draft {
                requires: before.last().cloned().into_iter().collect(),
                changes: vec![created(&what, "member", holds)],
                status: change_unless(holds),
                privilege: "write the group's member attribute",
                ..Draft::new(
                    format!("add-member:{}", place.name),
                    format!("{member} is a member of {group}"),
                    action,
                )
            }));
        }
        let draft = match gmsa {
            Some(found) => {
                let holds = found_group
                    .is_some_and(|group| found.retrieval_principals.contains(&group.sid));
                let what = format!("principals allowed to retrieve the password of {gmsa_name}");
                let action = Action::AllowRetrieval {
                    gmsa: wanted.gmsa.clone(),
                    group: group.clone(),
                };
                Draft {
                    changes: vec![Change {
                        what,
                        from: None,
                        to: (!holds).then(|| format!("+ {group}")),
                    }],
                    status: change_unless(holds),
                    privilege: "write msDS-GroupMSAMembership of the gMSA",
                    ..Draft::new(
                        "allow-retrieval",
                        format!("{group} may retrieve the password of {gmsa_name}"),
                        action,
                    )
                }
            }
            None => self.create_gmsa(),
        };
        self.push(Draft {
            requires: before,
            ..draft
        });
    }

    fn create_gmsa(&self) -> Draft<'a> {
        let wanted = self.conversion.wanted;
        let domain = &self.conversion.inventory.domain.dns_name;
        // The name is checked and the domain is one, so the two together are a DNS name; the domain alone never is used.
        let dns_host_name = format!("{}.{domain}", wanted.gmsa)
            .parse()
            .unwrap_or_else(|_| domain.clone());
        let name = wanted.gmsa.sam_account_name();
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
        Draft {
            changes: vec![created(&format!("gMSA {name}"), &to, false)],
            status: StepStatus::Change,
            privilege: "create msDS-GroupManagedServiceAccount objects in its container",
            ..Draft::new("create-gmsa", format!("gMSA {name}"), action)
        }
    }

    fn host(&mut self, place: &'a Place<'a>, spns_moved: &mut bool) {
        let conversion = self.conversion;
        let Some(service) = place.service else { return };
        let new = conversion.gmsa_account();
        let converted = place.is_converted(conversion);
        let at = |kind: &str| format!("{kind}:{}", place.name);
        let subject = |what: &str| format!("{what} on {}", place.name);
        let gate = if converted {
            StepStatus::NoOp
        } else {
            StepStatus::Check
        };
        let directory: Vec<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();

        let action = Action::ProveRetrieval {
            gmsa: conversion.wanted.gmsa.clone(),
        };
        let text = format!(
            "{} can retrieve the password of {}",
            place.name,
            conversion.wanted.gmsa.sam_account_name()
        );
        let mut last = self.push(Draft {
            place: Some(place),
            requires: directory,
            status: gate,
            privilege: "administrator on the host",
            ..Draft::new(at("prove-retrieval"), text, action)
        });
        if let (false, Some(old)) = (converted, conversion.old_account(place)) {
            last = self.switch(place, &old, &new, last, spns_moved);
        } else if converted {
            let action = Action::SetLogonAccount {
                service: service.name.clone(),
                from: new.clone(),
                to: new.clone(),
            };
            last = self.push(Draft {
                place: Some(place),
                requires: last.into_iter().collect(),
                status: StepStatus::NoOp,
                privilege: "administrator on the host",
                ..Draft::new(
                    at("set-logon-account"),
                    subject(&format!("{} runs as {new}", service.name)),
                    action,
                )
            });
        }
        let action = Action::ProveLogon {
            gmsa: conversion.wanted.gmsa.clone(),
        };
        let text = format!(
            "the password that {} retrieves is the derived one and logs on",
            place.name
        );
        self.push(Draft {
            place: Some(place),
            requires: last.into_iter().collect(),
            status: gate,
            privilege: "read KDS root keys: Domain Admins (without it, the derivation is not compared)",
            ..Draft::new(at("prove-logon"), text, action)
        });
    }

    /// Everything between the first and the last moment at which the service is down.
    fn switch(
        &mut self,
        place: &'a Place<'a>,
        old: &LogonAccount,
        new: &LogonAccount,
        proved: Option<StepId>,
        spns_moved: &mut bool,
    ) -> Option<StepId> {
        let (conversion, service) = (self.conversion, place.service?);
        let tools = conversion
            .profile?
            .key_set(&place.view(conversion.wanted)?, old, new);
        let at = |kind: &str| format!("{kind}:{}", place.name);
        let subject = |what: &str| format!("{what} on {}", place.name);
        let runs = service.state == ServiceState::Running;
        let exported = tools
            .as_ref()
            .and_then(|tools| self.export(place, tools, proved.clone()));
        let stopped = self.push(Draft {
            place: Some(place),
            requires: exported.clone().or(proved).into_iter().collect(),
            changes: vec![from_to(
                "state",
                if runs { "running" } else { "stopped" },
                "stopped",
            )],
            status: StepStatus::Change,
            downtime_seconds: STOP_SECONDS,
            privilege: "administrator on the host",
            ..Draft::new(
                at("stop-service"),
                subject(&format!("stop {} with its dependants", service.name)),
                Action::StopService {
                    service: service.name.clone(),
                },
            )
        })?;
        let held = self.hold(place, tools.as_ref(), exported.as_ref(), old, &stopped);
        let mut requires = vec![stopped.clone()];
        requires.extend(held);
        if !*spns_moved {
            requires.extend(self.move_spns(old, &stopped));
            *spns_moved = true;
        }
        let action = Action::SetLogonAccount {
            service: service.name.clone(),
            from: old.clone(),
            to: new.clone(),
        };
        let switched = self.push(Draft {
            place: Some(place),
            requires,
            changes: vec![
                from_to("logon account", &old.to_string(), &new.to_string()),
                from_to(
                    "managed-account flag",
                    &service.managed_account.unwrap_or(false).to_string(),
                    "true",
                ),
            ],
            reversible: self.with_password_of(old),
            status: StepStatus::Change,
            downtime_seconds: SWITCH_SECONDS,
            privilege: "administrator on the host",
            ..Draft::new(
                at("set-logon-account"),
                subject(&format!("{} runs as {new}", service.name)),
                action,
            )
        })?;
        let restored = tools.zip(exported).and_then(|(tools, exported)| {
            let action = Action::RestoreKeySet {
                file: tools.file,
                exported_by: exported,
                tool: tools.restore,
            };
            self.push(Draft {
                place: Some(place),
                requires: vec![switched.clone()],
                changes: vec![from_to(
                    "key set active for",
                    &old.to_string(),
                    &new.to_string(),
                )],
                status: StepStatus::Change,
                downtime_seconds: KEY_SET_SECONDS,
                privilege: "administrator on the host, db_owner of the product's database",
                ..Draft::new(
                    at("restore-key-set"),
                    subject(&format!("restore the key set for {new}")),
                    action,
                )
            })
        });
        let ready = restored.unwrap_or(switched);
        if !runs {
            return Some(ready);
        }
        self.push(Draft {
            place: Some(place),
            requires: vec![ready],
            changes: vec![from_to("state", "stopped", "running")],
            status: StepStatus::Change,
            downtime_seconds: START_SECONDS,
            privilege: "administrator on the host",
            ..Draft::new(
                at("start-service"),
                subject(&format!("start {} and what depended on it", service.name)),
                Action::StartService {
                    service: service.name.clone(),
                    stopped_by: stopped,
                },
            )
        })
    }

    fn export(
        &mut self,
        place: &'a Place<'a>,
        tools: &KeySetTools,
        proved: Option<StepId>,
    ) -> Option<StepId> {
        let action = Action::ExportKeySet {
            file: tools.file.clone(),
            folder: tools.folder.clone(),
            tool: tools.export.clone(),
        };
        let text = format!("export the key set on {} to {}", place.name, tools.file);
        self.push(Draft {
            place: Some(place),
            requires: proved.into_iter().collect(),
            changes: vec![created(
                &format!("key set file {}", tools.file),
                "exported",
                false,
            )],
            status: StepStatus::Change,
            privilege: "administrator on the host, the old account's password",
            ..Draft::new(format!("export-key-set:{}", place.name), text, action)
        })
    }

    fn hold(
        &mut self,
        place: &'a Place<'a>,
        tools: Option<&KeySetTools>,
        exported: Option<&StepId>,
        old: &LogonAccount,
        stopped: &StepId,
    ) -> Option<StepId> {
        let (tools, exported) = tools.zip(exported)?;
        let action = Action::HoldKeySet {
            file: tools.file.clone(),
            exported_by: exported.clone(),
            way_back: tools.way_back.clone(),
        };
        self.push(Draft {
            place: Some(place),
            requires: vec![exported.clone(), stopped.clone()],
            reversible: self.with_password_of(old),
            status: StepStatus::Check,
            privilege: "administrator on the host",
            ..Draft::new(
                format!("hold-key-set:{}", place.name),
                format!(
                    "the exported key set is there and unchanged on {}",
                    place.name
                ),
                action,
            )
        })
    }

    fn move_spns(&mut self, old: &LogonAccount, stopped: &StepId) -> Vec<StepId> {
        let conversion = self.conversion;
        let to = conversion.wanted.gmsa.sam_account_name();
        let Some(account) = conversion.account(old) else {
            return Vec::new();
        };
        let moving: Vec<_> = account
            .spns
            .iter()
            .filter(|spn| conversion.owns(spn))
            .collect();
        let steps = moving.into_iter().filter_map(|spn| {
            let action = Action::MoveSpn {
                spn: spn.clone(),
                from: account.name.clone(),
                to: to.clone(),
            };
            self.push(Draft {
                requires: vec![stopped.clone()],
                changes: vec![from_to(
                    &format!("SPN {spn}"),
                    account.name.as_str(),
                    to.as_str(),
                )],
                status: StepStatus::Change,
                downtime_seconds: 1,
                privilege: "write servicePrincipalName of both accounts",
                ..Draft::new(
                    format!("move-spn:{spn}"),
                    format!("{spn} is on {to}"),
                    action,
                )
            })
        });
        steps.collect()
    }

    /// What can be taken back only with the old account's password.
    fn with_password_of(&self, account: &LogonAccount) -> Reversible {
        let given = self
            .conversion
            .credentials
            .iter()
            .any(|known| known.same_as(account));
        if given {
            Reversible::Free
        } else {
            Reversible::Credential
        }
    }

    /// Adds the step and returns its id; `None` only for an id that no plan can hold.
    fn push(&mut self, draft: Draft<'a>) -> Option<StepId> {
        let component = &self.conversion.wanted.component;
        let id: StepId = format!("{component}/{}", draft.id).parse().ok()?;
        self.steps.push(Step {
            id: id.clone(),
            kind: draft.action.kind().to_owned(),
            component: component.clone(),
            subject: draft.subject,
            host: draft.place.map(|place| place.name.clone()),
            requires: draft.requires,
            changes: if draft.status == StepStatus::NoOp {
                Vec::new()
            } else {
                draft.changes
            },
            reversible: draft.reversible,
            status: draft.status,
            downtime_seconds: if draft.status == StepStatus::NoOp {
                0
            } else {
                draft.downtime_seconds
            },
            privilege: draft.privilege.to_owned(),
            action: draft.action,
        });
        Some(id)
    }
}

impl Draft<'_> {
    fn new(id: impl Into<String>, subject: impl Into<String>, action: Action) -> Self {
        Self {
            id: id.into(),
            subject: subject.into(),
            place: None,
            requires: Vec::new(),
            changes: Vec::new(),
            reversible: Reversible::Free,
            status: StepStatus::Check,
            downtime_seconds: 0,
            privilege: "",
            action,
        }
    }
}

fn change_unless(holds: bool) -> StepStatus {
    if holds {
        StepStatus::NoOp
    } else {
        StepStatus::Change
    }
}

fn created(what: &str, to: &str, holds: bool) -> Change {
    Change {
        what: what.to_owned(),
        from: holds.then(|| to.to_owned()),
        to: Some(to.to_owned()),
    }
}

fn from_to(what: &str, from: &str, to: &str) -> Change {
    Change {
        what: what.to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    }
}
