//! A directory, hosts, a clock and a journal in memory, strict about their rules and failing on request.
//!
//! INVARIANT: a write either has its whole effect or none, whatever answer is given to it.
//! INVARIANT: a process whose journal failed is dead: whatever it asks of the world afterwards is a test failure.

mod database;
mod directory;
mod fault;
mod host;
mod journal;
mod key_set;
pub mod named;
pub mod packages;
pub mod reference;
pub mod rights;
mod snapshot;
mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use engine::World;
use model::names::{HostName, LogonAccount};
use model::ports::{Clock, ErrorKind, Host, Hosts, Secrets, WorldError};
use model::secret::Password;
use security::FileTime;

pub use fault::{Fault, Moment};
pub use snapshot::Snapshot;
pub use state::{FakeService, HostState, State};

use fault::Fate;
use host::FakeHost;

/// The one state behind all ports.
#[derive(Clone)]
pub struct FakeWorld(Arc<Mutex<State>>);

/// Passwords that the operator supplies, by account.
#[derive(Clone, Default)]
pub struct Supplied(pub BTreeMap<LogonAccount, &'static str>);

impl FakeWorld {
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// The state, to look at or to change behind the engine's back.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|_| panic!("the fake world was left by a failed assertion"))
    }

    pub fn ports(&self, supplied: &Supplied) -> World {
        World {
            directory: Arc::new(self.clone()),
            hosts: Arc::new(self.clone()),
            databases: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
            secrets: Arc::new(Passwords::of(supplied)),
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.state())
    }

    /// Counts calls, writes and records from here on, and lets one of them fail.
    pub fn arm(&self, fault: Option<Fault>) {
        self.state().faults.arm(fault);
    }

    /// What the fault hit, if it has come to that.
    pub fn fired(&self) -> Option<String> {
        self.state().faults.fired.clone()
    }

    /// Writes tried since the last [`FakeWorld::arm`].
    pub fn writes(&self) -> usize {
        self.state().faults.writes
    }

    fn read<T>(
        &self,
        what: &str,
        look: impl FnOnce(&State) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let mut state = self.state();
        match state.faults.read(what) {
            Fate::Fails => Err(no_answer(what, false)),
            Fate::Works | Fate::AnswerLost => look(&state),
        }
    }

    fn write<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut State) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let mut state = self.state();
        match state.faults.write(what) {
            Fate::Fails => Err(no_answer(what, false)),
            Fate::Works => change(&mut state),
            Fate::AnswerLost => {
                change(&mut state)?;
                Err(no_answer(what, true))
            }
        }
    }
}

#[async_trait]
impl Hosts for FakeWorld {
    async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, WorldError> {
        self.read(&format!("connect to {name}"), |state| {
            let host = state.hosts.get(name).filter(|host| host.answers);
            host.ok_or_else(|| {
                WorldError::new(ErrorKind::Unreachable, format!("{name} does not answer"))
                    .advise("look whether it is up")
            })?;
            let host: Arc<dyn Host> = Arc::new(FakeHost {
                world: self.clone(),
                name: name.clone(),
            });
            Ok(host)
        })
    }
}

impl Clock for FakeWorld {
    fn now(&self) -> FileTime {
        self.state().now
    }
}

struct Passwords(BTreeMap<LogonAccount, Password>);

impl Passwords {
    fn of(supplied: &Supplied) -> Self {
        let password = |text: &str| Password::new(text.as_bytes().to_vec());
        let supplied = supplied.0.iter();
        Self(
            supplied
                .map(|(account, text)| (account.clone(), password(text)))
                .collect(),
        )
    }
}

impl Secrets for Passwords {
    fn password(&self, account: &LogonAccount) -> Option<&Password> {
        self.0.get(account)
    }
}

fn no_answer(what: &str, ambiguous: bool) -> WorldError {
    WorldError::new(
        ErrorKind::Timeout,
        format!("{what}: no answer (fault of the test)"),
    )
    .ambiguous(ambiguous)
}
