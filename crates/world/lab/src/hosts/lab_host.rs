//! A simulated Windows host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_protocol::{Failure, Reply, Request, Secret, ServiceState};
use model::names::HostName;
use security::{FileTime, Interval};

use super::domain::DomainView;
use super::faults::{Fault, Faults, Mishap, NamedFault};
use super::machine::Machine;
use super::products::Products;
use super::state::{HostState, Power};

/// A simulated Windows host: its state, and what is around it.
pub struct LabHost {
    name: HostName,
    domain: Arc<dyn DomainView>,
    products: Arc<dyn Products>,
    state: Mutex<HostState>,
    faults: Mutex<Faults>,
    requests: AtomicU64,
}

/// How long a service was not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeDown {
    /// In all, by the host's clock.
    pub down: Interval,
    /// Whether it runs now.
    pub runs: bool,
}

/// When an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    Now,
    /// That much later.
    Late(Duration),
    /// Never; the connection stays open.
    Never,
    /// Not at all: the connection is cut.
    Cut,
}

impl LabHost {
    /// A host as it stands in `state`, which it keeps: a new one is [booted](LabHost::boot) first.
    pub fn new(state: HostState, domain: Arc<dyn DomainView>, products: Arc<dyn Products>) -> Self {
        let name = state.name.clone();
        Self {
            name,
            domain,
            products,
            state: Mutex::new(state),
            faults: Mutex::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// Its name.
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// Boots it at once: automatic services start, the computer gets its ticket, policies are applied.
    pub fn boot(&self) {
        self.with(|machine| machine.boot());
    }

    /// Has it restart, which takes its time by the lab's clock.
    pub fn restart(&self) {
        self.with(|machine| machine.restart());
    }

    /// Turns it off and on, whatever it does: the reset button.
    pub fn reset(&self) {
        self.with(|machine| machine.shut_down());
    }

    /// Whether anybody answers there now.
    pub fn is_up(&self) -> bool {
        self.with(|machine| {
            machine.settle();
            machine.state.power == Power::On
        })
    }

    /// A copy of everything about it.
    pub fn state(&self) -> HostState {
        self.with(|machine| {
            machine.settle();
            machine.state.clone()
        })
    }

    /// Goes back to everything that it was at another time.
    pub fn restore(&self, state: HostState) {
        *self.lock() = state;
    }

    /// Changes anything about it, past all rules.
    pub fn edit<R>(&self, change: impl FnOnce(&mut HostState) -> R) -> R {
        change(&mut self.lock())
    }

    /// Does something on it as its own programs would.
    pub fn with<R>(&self, act: impl FnOnce(&mut Machine<'_>) -> R) -> R {
        let mut state = self.lock();
        act(&mut Machine {
            state: &mut state,
            domain: self.domain.as_ref(),
            products: self.products.as_ref(),
        })
    }

    /// Does one request without any fault.
    ///
    /// # Errors
    /// The failure that Windows would give.
    pub fn handle(&self, request: Request, secret: &Secret) -> Result<Reply, Failure> {
        self.with(|machine| machine.handle(request, secret))
    }

    /// Does one request with the faults that are due, and says how the answer travels.
    pub fn serve(&self, request: Request, secret: &Secret) -> (Result<Reply, Failure>, Delivery) {
        let none = || {
            Err(Failure::new(
                agent_protocol::FailureKind::Failed,
                "the host went away",
            ))
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !self.is_up() {
            return (none(), Delivery::Cut);
        }
        let fault = self
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of(&request);
        let Some(fault) = fault else {
            // A restart that was asked for lets the answer out first.
            let asked_to_restart = matches!(request, Request::Reboot { .. });
            let reply = self.handle(request, secret);
            // The request itself may have made it restart.
            return if asked_to_restart || self.is_up() {
                (reply, Delivery::Now)
            } else {
                (reply, Delivery::Cut)
            };
        };
        let words = request.to_string();
        let reply = if fault.takes_effect || matches!(fault.what, Mishap::Late(_)) {
            self.handle(request, secret)
        } else {
            none()
        };
        match fault.what {
            Mishap::Fails(code) => (Err(Failure::from_code(code, words)), Delivery::Now),
            Mishap::Hangs => (reply, Delivery::Never),
            Mishap::Late(by) => (reply, Delivery::Late(by)),
            Mishap::Cut => (reply, Delivery::Cut),
            Mishap::Restart => {
                self.restart();
                (reply, Delivery::Cut)
            }
        }
    }

    /// How many requests came so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Lets a request go wrong.
    pub fn inject(&self, fault: Fault) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(fault);
    }

    /// Lets the host itself go wrong.
    pub fn suffer(&self, fault: NamedFault) {
        self.with(|machine| machine.suffer(fault));
        if let Some(fault) = fault.of_a_request() {
            self.inject(fault);
        }
    }

    /// Ends a fault of the host itself.
    pub fn mend(&self, fault: NamedFault) {
        self.with(|machine| machine.mend(fault));
        if let Some(fault) = fault.of_a_request() {
            let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.remove(&fault);
        }
    }

    /// How long a service was stopped in all, and whether it runs now.
    pub fn time_down(&self, service: &str) -> TimeDown {
        self.with(|machine| {
            machine.settle();
            let now = machine.clock();
            TimeDown {
                down: machine.state.events.time_down(service, now),
                runs: machine
                    .state
                    .services
                    .get(service)
                    .is_some_and(|found| found.state == ServiceState::Running),
            }
        })
    }

    /// When it runs again, by the lab's clock, if it restarts now.
    pub fn restarts_until(&self) -> Option<FileTime> {
        self.with(|machine| match machine.state.power {
            Power::Restarting(until) => Some(until),
            _ => None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HostState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
