//! Restarts, and what happens by itself as time passes.

use agent_protocol::{ServiceState, StartType};

use security::Interval;

use super::domain::AccountKind;
use super::logon::{Principal, principal};
use super::machine::Machine;
use super::pace::Pace;
use super::state::Power;

/// Between two refreshes of group policy; Windows adds a random offset.
const POLICY_INTERVAL: Interval = Interval::from_minutes(90);
/// Windows Server 2012 R2.
const BUILD_2012_R2: u32 = 9_600;
/// The key distribution service of a domain controller.
const KEY_DISTRIBUTION_SERVICE: &str = "kdssvc";
/// What services get to start at boot before the service control manager goes on.
const BOOT_PATIENCE_MS: u64 = 180_000;

impl Machine<'_> {
    /// Lets happen what is due by the lab's clock: a restart that is over, a service that has started.
    pub fn settle(&mut self) {
        let now = self.domain.now();
        match self.state.power {
            Power::Restarting(until) if until <= now => self.boot(),
            Power::On => {}
            _ => return,
        }
        if now.saturating_since(self.state.policy_applied) >= POLICY_INTERVAL {
            self.apply_policy();
        }
        let key_service_runs = !self.starts_wait_for_ever();
        let mut started = Vec::new();
        for service in self
            .state
            .services
            .iter_mut()
            .filter(|found| found.state == ServiceState::StartPending)
        {
            let due = match service.pending_until {
                Some(until) => until <= now,
                None => key_service_runs,
            };
            if due {
                service.state = ServiceState::Running;
                service.pending_until = None;
                started.push(service.name.clone());
            }
        }
        for name in started {
            self.state_changed(&name, "running");
        }
    }

    /// Begins a restart. A service that hangs in its start keeps the host from shutting down.
    pub fn restart(&mut self) {
        let hangs = |service: &super::services::LabService| {
            service.state == ServiceState::StartPending && service.pending_until.is_none()
        };
        if self.state.services.iter().any(hangs) {
            self.state.power = Power::HangsShuttingDown;
            return;
        }
        self.shut_down();
    }

    /// Turns the host off and on, whatever it does.
    pub fn shut_down(&mut self) {
        for service in self.state.services.iter_mut() {
            service.state = ServiceState::Stopped;
            service.pending_until = None;
        }
        let until = self.domain.now().checked_add(self.state.restart_takes);
        self.state.power = until.map_or(Power::HangsShuttingDown, Power::Restarting);
        self.settle(); // A restart may take no time at all.
    }

    /// Boots: a new ticket with the memberships of now, group policy, the service database, automatic services.
    pub fn boot(&mut self) {
        self.state.power = Power::On;
        self.state.booted = self.domain.now();
        self.purge_tickets();
        self.apply_policy();
        let registry = std::mem::take(&mut self.state.registry);
        for service in self.state.services.iter_mut() {
            service.load(&registry);
        }
        self.state.registry = registry;
        for service in self
            .state
            .services
            .iter_mut()
            .filter(|service| service.starts_with_network)
        {
            service.state = ServiceState::Running;
        }
        let pace = std::mem::replace(&mut self.state.pace, Pace::AT_ONCE);
        self.start_automatic_services();
        self.state.pace = pace;
    }

    /// Gets the computer account a new ticket: `klist -li 0x3e7 purge`, or a boot.
    pub fn purge_tickets(&mut self) {
        if let Some(computer) = self.domain.find(&self.state.name.computer_account()) {
            self.state.machine_token = self.domain.token(&computer.sid);
        }
    }

    /// Applies group policy: by itself every 90 minutes, at boot, and by `gpupdate`.
    pub fn apply_policy(&mut self) {
        self.state.rights.refresh();
        self.state.policy_applied = self.domain.now();
    }

    fn start_automatic_services(&mut self) {
        let automatic = |start| matches!(start, StartType::Automatic | StartType::AutomaticDelayed);
        let names: Vec<_> = self
            .state
            .services
            .iter()
            .filter(|service| automatic(service.start))
            .map(|service| service.name.clone())
            .collect();
        let hangs = self.starts_wait_for_ever();
        for name in names {
            let of_gmsa = self
                .service(&name)
                .is_ok_and(|service| self.runs_as_gmsa(service.account.as_str()));
            if hangs && of_gmsa {
                if let Ok(service) = self.service_mut(&name) {
                    service.state = ServiceState::StartPending;
                }
                continue;
            }
            // What did not start stands in the System log, as on Windows.
            let _ = self.start(&name, BOOT_PATIENCE_MS);
        }
    }

    /// Microsoft KB 4294429: on a Windows Server 2012 R2 domain controller, services of a gMSA wait for ever
    /// for the key distribution service when nothing has started that at boot.
    fn starts_wait_for_ever(&self) -> bool {
        let runs = self
            .state
            .services
            .get(KEY_DISTRIBUTION_SERVICE)
            .is_some_and(|found| found.state == ServiceState::Running);
        self.state.domain_controller && self.state.windows.build == BUILD_2012_R2 && !runs
    }

    fn runs_as_gmsa(&self, account: &str) -> bool {
        matches!(principal(account, self.domain), Some(Principal::Domain(found)) if found.kind == AccountKind::Gmsa)
    }
}
