//! Steps between the last moment with the old account and the first with the gMSA: the service is down meanwhile.

use model::intent::Strategy;
use model::inventory::Carried;
use model::names::{LogonAccount, Spn, StepId};
use model::plan::{Action, Change, PlannedCarrier, Reversible, Step, StepStatus};

use super::{Draft, StepList, change_unless, created, from_to};
use crate::conversion::{Conversion, Place};
use crate::profile::KeySetTools;

/// Seconds that the operations take on a busy Synchronization Service.
const STOP_SECONDS: u32 = 30;
const SPN_SECONDS: u32 = 1;
const SWITCH_SECONDS: u32 = 5;
const KEY_SET_SECONDS: u32 = 10;
const START_SECONDS: u32 = 60;
/// Each of stop, change and start of an application pool.
const POOL_SECONDS: u32 = 5;

/// One service or application pool that changes its logon account.
pub(super) struct Switch<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) carried: Carried<'a>,
    pub(super) old: LogonAccount,
    pub(super) new: LogonAccount,
    pub(super) tools: Option<KeySetTools>,
    /// Whether the way back needs a password that nobody supplied.
    pub(super) reversible: Reversible,
}

impl<'a> Switch<'a> {
    pub fn new(
        conversion: &Conversion<'a>,
        place: &'a Place<'a>,
        carried: Carried<'a>,
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
            carried,
            old,
            new,
            tools,
            reversible,
        }
    }

    pub(super) fn draft(&self, subject: String, action: Action) -> Draft<'a> {
        Draft {
            status: StepStatus::Change,
            ..Draft::on_host(self.place, subject, action)
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.carried.runs()
    }

    /// What is so when the account is changed.
    pub(super) fn runs_as(&self) -> String {
        let (name, host) = (self.carried.name(), &self.place.name);
        format!("{name} runs as {} on {host}", self.new)
    }

    /// What a change of the account changes.
    pub(super) fn account_changes(&self) -> Vec<Change> {
        let (old, new) = (self.old.to_string(), self.new.to_string());
        let mut changes = vec![from_to("logon account", &old, &new)];
        if let Some(service) = self.carried.service() {
            let managed = service.managed_account.unwrap_or(false).to_string();
            changes.push(from_to("managed-account flag", &managed, "true"));
        }
        changes
    }

    pub(super) fn planned_carrier(&self) -> PlannedCarrier {
        match self.carried {
            Carried::Service(service) => PlannedCarrier::Service(service.name.clone()),
            Carried::Pool(pool) => PlannedCarrier::Pool(pool.name.clone()),
        }
    }

    fn seconds(&self, of_a_service: u32) -> u32 {
        match (self.runs(), self.carried) {
            (false, _) => 0,
            (true, Carried::Service(_)) => of_a_service,
            (true, Carried::Pool(_)) => POOL_SECONDS,
        }
    }
}

impl<'a> StepList<'a> {
    /// All steps of the switch; returns the last one.
    pub(super) fn switch(&mut self, switch: &Switch<'a>, proved: StepId) -> StepId {
        let mut before = vec![proved];
        before.extend(self.grant_right(switch, before.first()));
        before.extend(self.start_with_network(switch));
        before.extend(self.copy_what_names_the_old_account(switch, before.first()));
        before.extend(self.grant_database_access(switch, before.first()));
        let exported = self.export_key_set(switch, before.first());
        before.extend(exported.clone());
        before.extend(self.seal_key_set(switch, exported.as_ref()));
        let stopped = self.stop(switch, before);
        let mut ready = vec![stopped.clone()];
        ready.extend(self.hold_key_set(switch, exported.as_ref(), &stopped));
        ready.extend(self.move_spns(switch, &stopped));
        let last = match self.conversion.wanted.strategy {
            // The wizard activates the key set and stores the password itself.
            Strategy::Guided => self.follow_wizard(switch, ready),
            Strategy::Direct | Strategy::Installer => {
                let switched = match self.conversion.wanted.strategy {
                    Strategy::Installer => self.run_setup(switch, ready),
                    _ => self.set_account(switch, ready),
                };
                let restored = self
                    .restore_key_set(switch, exported.as_ref(), &switched)
                    .unwrap_or(switched);
                self.store_password(switch, &restored).unwrap_or(restored)
            }
        };
        if switch.runs() {
            self.start(switch, stopped, last)
        } else {
            last
        }
    }

    /// On every host of the estate, whether the component is there or not.
    fn copy_what_names_the_old_account(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Vec<StepId> {
        let Some(old) = self.conversion.account(&switch.old) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        for host in &self.conversion.inventory.hosts {
            steps.extend(self.copy_logon_rights(proved, host, old));
            steps.extend(self.copy_host_access(proved, host, old));
        }
        steps
    }

    /// On Windows Server 2012 R2 the service that keeps managed passwords may start too late after a restart: services
    /// under a gMSA hang then, and with them the host.
    fn start_with_network(&mut self, switch: &Switch<'a>) -> Option<StepId> {
        let host = switch.place.host?;
        let planned = |step: &Step| matches!(step.action, Action::StartWithNetwork { .. });
        let mut here = self.steps.iter();
        if !host.is_2012_r2()
            || here.any(|step| planned(step) && step.host.as_ref() == Some(&host.name))
        {
            return None;
        }
        let held = host.kdssvc_starts_with_network?;
        let action = Action::StartWithNetwork {
            service: "kdssvc".parse().ok()?,
        };
        let subject = format!(
            "kdssvc starts with the network on {}: on Windows Server 2012 R2 services under a gMSA may hang after a restart without",
            switch.place.name
        );
        Some(self.push(Draft {
            changes: vec![created("trigger of kdssvc", "start/networkon")],
            status: change_unless(held),
            ..Draft::on_host(switch.place, subject, action)
        }))
    }

    pub(super) fn export_key_set(
        &mut self,
        switch: &Switch<'a>,
        proved: Option<&StepId>,
    ) -> Option<StepId> {
        let tools = switch.tools.as_ref()?;
        let action = Action::ExportKeySet {
            file: tools.file.clone(),
            folder: tools.folder.clone(),
            tool: tools.export.clone(),
        };
        Some(self.push(Draft {
            requires: proved.cloned().into_iter().collect(),
            changes: vec![created("key set file", &tools.file)],
            privilege: "administrator on the host, the old account's password",
            ..switch.draft(
                format!("export the key set on {}", switch.place.name),
                action,
            )
        }))
    }

    /// What is stopped already is looked at all the same: the step's record says what ran.
    pub(super) fn stop(&mut self, switch: &Switch<'a>, requires: Vec<StepId>) -> StepId {
        let (name, host) = (switch.carried.name(), &switch.place.name);
        let (subject, action) = match switch.carried {
            Carried::Service(service) => (
                format!("stop {name} with its dependants on {host}"),
                Action::StopService {
                    service: service.name.clone(),
                },
            ),
            Carried::Pool(pool) => (
                format!("stop application pool {name} on {host}"),
                Action::StopAppPool {
                    pool: pool.name.clone(),
                },
            ),
        };
        self.push(if switch.runs() {
            Draft {
                requires,
                changes: vec![from_to("state", "running", "stopped")],
                downtime_seconds: switch.seconds(STOP_SECONDS),
                ..switch.draft(subject, action)
            }
        } else {
            Draft {
                requires,
                status: StepStatus::Check,
                ..switch.draft(format!("{name} is stopped on {host}"), action)
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

    pub(super) fn set_account(&mut self, switch: &Switch<'a>, requires: Vec<StepId>) -> StepId {
        let (old, new) = (&switch.old, &switch.new);
        let action = match switch.carried {
            Carried::Service(service) => Action::SetLogonAccount {
                service: service.name.clone(),
                from: old.clone(),
                to: new.clone(),
            },
            Carried::Pool(pool) => Action::SetPoolAccount {
                pool: pool.name.clone(),
                from: old.clone(),
                to: new.clone(),
            },
        };
        self.push(Draft {
            requires,
            changes: switch.account_changes(),
            reversible: switch.reversible,
            downtime_seconds: switch.seconds(SWITCH_SECONDS),
            ..switch.draft(switch.runs_as(), action)
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

    pub(super) fn start(
        &mut self,
        switch: &Switch<'a>,
        stopped_by: StepId,
        after: StepId,
    ) -> StepId {
        let (name, host) = (switch.carried.name(), &switch.place.name);
        let (subject, action) = match switch.carried {
            Carried::Service(service) => (
                format!("start {name} and what depended on it on {host}"),
                Action::StartService {
                    service: service.name.clone(),
                    stopped_by,
                },
            ),
            Carried::Pool(pool) => (
                format!("start application pool {name} on {host}"),
                Action::StartAppPool {
                    pool: pool.name.clone(),
                    stopped_by,
                },
            ),
        };
        self.push(Draft {
            requires: vec![after],
            changes: vec![from_to("state", "stopped", "running")],
            downtime_seconds: switch.seconds(START_SECONDS),
            ..switch.draft(subject, action)
        })
    }
}
