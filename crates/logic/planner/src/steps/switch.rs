//! Steps between the last moment with the old account and the first with the gMSA: the service is down meanwhile.

use model::inventory::{Service, ServiceState};
use model::names::{LogonAccount, Spn, StepId};
use model::plan::{Action, Reversible, StepStatus};

use super::{Draft, StepList, created, from_to};
use crate::conversion::{Conversion, Place};
use crate::profile::KeySetTools;

/// Seconds that the operations take on a busy Synchronization Service.
const STOP_SECONDS: u32 = 30;
const SPN_SECONDS: u32 = 1;
const SWITCH_SECONDS: u32 = 5;
const KEY_SET_SECONDS: u32 = 10;
const START_SECONDS: u32 = 60;

/// One service that changes its logon account.
pub(super) struct Switch<'a> {
    place: &'a Place<'a>,
    service: &'a Service,
    old: LogonAccount,
    new: LogonAccount,
    tools: Option<KeySetTools>,
    /// Whether the way back needs a password that nobody supplied.
    reversible: Reversible,
}

impl<'a> Switch<'a> {
    pub fn new(
        conversion: &Conversion<'a>,
        place: &'a Place<'a>,
        service: &'a Service,
        old: LogonAccount,
    ) -> Self {
        let new = conversion.gmsa_account().clone();
        // On a warm standby nothing is activated: that would make it the active server.
        let view = place
            .view(conversion)
            .filter(|_| !conversion.stands_by(place));
        let tools = conversion
            .profile
            .zip(view)
            .and_then(|(profile, view)| profile.key_set(&view, &old, &new));
        let supplied = conversion
            .credentials
            .iter()
            .any(|known| known.same_as(&old));
        let reversible = if supplied {
            Reversible::Free
        } else {
            Reversible::Credential
        };
        Self {
            place,
            service,
            old,
            new,
            tools,
            reversible,
        }
    }

    fn draft(&self, subject: String, action: Action) -> Draft<'a> {
        Draft {
            status: StepStatus::Change,
            ..Draft::on_host(self.place, subject, action)
        }
    }

    fn runs(&self) -> bool {
        self.service.state == ServiceState::Running
    }
}

impl<'a> StepList<'a> {
    /// All steps of the switch; returns the last one.
    pub(super) fn switch(&mut self, switch: &Switch<'a>, proved: StepId) -> StepId {
        let exported = self.export_key_set(switch, &proved);
        let stopped = self.stop(switch, exported.clone().unwrap_or(proved));
        let mut ready = vec![stopped.clone()];
        ready.extend(self.hold_key_set(switch, exported.as_ref(), &stopped));
        ready.extend(self.move_spns(switch, &stopped));
        let switched = self.set_logon_account(switch, ready);
        let restored = self
            .restore_key_set(switch, exported.as_ref(), &switched)
            .unwrap_or(switched);
        if switch.runs() {
            self.start(switch, stopped, restored)
        } else {
            restored
        }
    }

    fn export_key_set(&mut self, switch: &Switch<'a>, proved: &StepId) -> Option<StepId> {
        let tools = switch.tools.as_ref()?;
        let action = Action::ExportKeySet {
            file: tools.file.clone(),
            folder: tools.folder.clone(),
            tool: tools.export.clone(),
        };
        Some(self.push(Draft {
            requires: vec![proved.clone()],
            changes: vec![created("key set file", &tools.file)],
            privilege: "administrator on the host, the old account's password",
            ..switch.draft(
                format!("export the key set on {}", switch.place.name),
                action,
            )
        }))
    }

    /// A service that is stopped already is looked at all the same: the step's record says what ran.
    fn stop(&mut self, switch: &Switch<'a>, after: StepId) -> StepId {
        let service = &switch.service.name;
        let subject = if switch.runs() {
            format!(
                "stop {service} with its dependants on {}",
                switch.place.name
            )
        } else {
            format!("{service} is stopped on {}", switch.place.name)
        };
        let draft = switch.draft(
            subject,
            Action::StopService {
                service: service.clone(),
            },
        );
        let draft = Draft {
            requires: vec![after],
            ..draft
        };
        self.push(if switch.runs() {
            let changes = vec![from_to("state", "running", "stopped")];
            Draft {
                changes,
                downtime_seconds: STOP_SECONDS,
                ..draft
            }
        } else {
            Draft {
                status: StepStatus::Check,
                ..draft
            }
        })
    }

    fn hold_key_set(
        &mut self,
        switch: &Switch<'a>,
        exported: Option<&StepId>,
        stopped: &StepId,
    ) -> Option<StepId> {
        let (tools, exported) = switch.tools.as_ref().zip(exported)?;
        let action = Action::HoldKeySet {
            file: tools.file.clone(),
            exported_by: exported.clone(),
            way_back: tools.way_back.clone(),
        };
        Some(self.push(Draft {
            requires: vec![exported.clone(), stopped.clone()],
            reversible: switch.reversible,
            status: StepStatus::Check,
            ..switch.draft(
                format!(
                    "the exported key set is there and unchanged on {}",
                    switch.place.name
                ),
                action,
            )
        }))
    }

    /// An old account's SPNs move when the first service that runs under it is down.
    fn move_spns(&mut self, switch: &Switch<'a>, stopped: &StepId) -> Vec<StepId> {
        let conversion = self.conversion;
        let to = conversion.wanted.gmsa.sam_account_name();
        let Some(account) = conversion.account(&switch.old) else {
            return Vec::new();
        };
        let mut moved = Vec::new();
        for spn in account.spns.iter().filter(|spn| conversion.owns(spn)) {
            if self.moves(spn) {
                continue;
            }
            let action = Action::MoveSpn {
                spn: spn.clone(),
                from: account.name.clone(),
                to: to.clone(),
            };
            moved.push(self.push(Draft {
                requires: vec![stopped.clone()],
                changes: vec![from_to(
                    &format!("SPN {spn}"),
                    account.name.as_str(),
                    to.as_str(),
                )],
                status: StepStatus::Change,
                downtime_seconds: SPN_SECONDS,
                privilege: "write servicePrincipalName of both accounts",
                ..Draft::in_directory(Some(spn.as_str()), format!("{spn} is on {to}"), action)
            }));
        }
        moved
    }

    /// Whether a step moves that SPN already.
    fn moves(&self, spn: &Spn) -> bool {
        let mut actions = self.steps.iter().map(|step| &step.action);
        actions.any(
            |action| matches!(action, Action::MoveSpn { spn: moved, .. } if moved.same_as(spn)),
        )
    }

    fn set_logon_account(&mut self, switch: &Switch<'a>, requires: Vec<StepId>) -> StepId {
        let (service, old, new) = (switch.service, &switch.old, &switch.new);
        let subject = format!("{} runs as {new} on {}", service.name, switch.place.name);
        let managed = service.managed_account.unwrap_or(false).to_string();
        let action = Action::SetLogonAccount {
            service: service.name.clone(),
            from: old.clone(),
            to: new.clone(),
        };
        self.push(Draft {
            requires,
            changes: vec![
                from_to("logon account", &old.to_string(), &new.to_string()),
                from_to("managed-account flag", &managed, "true"),
            ],
            reversible: switch.reversible,
            downtime_seconds: if switch.runs() { SWITCH_SECONDS } else { 0 },
            ..switch.draft(subject, action)
        })
    }

    fn restore_key_set(
        &mut self,
        switch: &Switch<'a>,
        exported: Option<&StepId>,
        switched: &StepId,
    ) -> Option<StepId> {
        let (tools, exported) = switch.tools.as_ref().zip(exported)?;
        let (old, new) = (switch.old.to_string(), switch.new.to_string());
        let action = Action::RestoreKeySet {
            file: tools.file.clone(),
            exported_by: exported.clone(),
            tool: tools.restore.clone(),
        };
        Some(self.push(Draft {
            requires: vec![switched.clone(), exported.clone()],
            changes: vec![from_to("key set active for", &old, &new)],
            downtime_seconds: KEY_SET_SECONDS,
            privilege: "administrator on the host, db_owner of the product's database",
            ..switch.draft(
                format!("restore the key set for {new} on {}", switch.place.name),
                action,
            )
        }))
    }

    fn start(&mut self, switch: &Switch<'a>, stopped_by: StepId, after: StepId) -> StepId {
        let service = &switch.service.name;
        let subject = format!(
            "start {service} and what depended on it on {}",
            switch.place.name
        );
        self.push(Draft {
            requires: vec![after],
            changes: vec![from_to("state", "stopped", "running")],
            downtime_seconds: START_SECONDS,
            ..switch.draft(
                subject,
                Action::StartService {
                    service: service.clone(),
                    stopped_by,
                },
            )
        })
    }
}
