//! The directory that all servers of the lab share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use managed_password::KerberosKeys;
use model::ports::Clock as _;
use security::FileTime;

use crate::clock::{LabClock, moved};
use crate::directory_faults::take_computers_out_of_groups;
use crate::faults::Faults;
use crate::forest::Forest;
use crate::kdc::Key;
use crate::rules::Caller;
use crate::rules::access::DefaultDescriptors;
use crate::rules::token::Token;
use crate::store::Store;

/// One domain controller's state.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) forest: Forest,
    pub(crate) defaults: DefaultDescriptors,
    pub(crate) clock: LabClock,
    pub(crate) faults: Arc<Faults>,
    /// Shared with snapshots: whoever writes while one is held copies first.
    store: RwLock<Arc<Store>>,
    krbtgt: Key,
    remembered: Mutex<HashMap<String, Arc<KerberosKeys>>>,
    /// This domain controller's clock minus the lab's, in seconds.
    clock_skew: AtomicI64,
    /// [`crate::DirectoryFault::HostNotInGroup`].
    strips_computers: AtomicBool,
}

/// Keys of managed passwords that are remembered: making them takes milliseconds.
const MAX_REMEMBERED: usize = 4096;

impl Directory {
    pub(crate) fn new(
        forest: Forest,
        defaults: DefaultDescriptors,
        store: Store,
        clock: LabClock,
    ) -> Self {
        Self {
            forest,
            defaults,
            clock,
            faults: Arc::default(),
            store: RwLock::new(Arc::new(store)),
            krbtgt: Key::random(18),
            remembered: Mutex::default(),
            clock_skew: AtomicI64::new(0),
            strips_computers: AtomicBool::new(false),
        }
    }

    /// What this domain controller's clock shows.
    pub(crate) fn now(&self) -> FileTime {
        moved(self.clock.now(), self.clock_skew.load(Ordering::SeqCst))
    }

    /// How far Kerberos here is ahead of the system's clock, in seconds.
    pub(crate) fn kerberos_skew(&self) -> i64 {
        self.faults.clock_skew() + self.clock_skew.load(Ordering::SeqCst)
    }

    pub(crate) fn set_clock_skew(&self, seconds: i64) {
        self.clock_skew.store(seconds, Ordering::SeqCst);
    }

    /// From now on computers are in no group, or may be again.
    pub(crate) fn strip_computers(&self, strip: bool) {
        self.strips_computers.store(strip, Ordering::SeqCst);
        self.write(|_| ());
    }

    /// The key of ticket-granting tickets.
    pub(crate) fn krbtgt(&self) -> &Key {
        &self.krbtgt
    }

    pub(crate) fn caller<'a>(&'a self, token: &'a Token, confidential: bool) -> Caller<'a> {
        Caller {
            forest: &self.forest,
            defaults: &self.defaults,
            token,
            confidential,
            now: self.now(),
        }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        let mut guard = self.store.write().unwrap_or_else(PoisonError::into_inner);
        let store = Arc::make_mut(&mut guard);
        let written = write(store);
        if self.strips_computers.load(Ordering::SeqCst) {
            take_computers_out_of_groups(store, self.now());
        }
        written
    }

    /// The objects of this moment.
    pub(crate) fn snapshot(&self) -> Arc<Store> {
        Arc::clone(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes back to the objects of another moment.
    pub(crate) fn restore(&self, store: Arc<Store>) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// Keys made before under the same name, or those that `make` makes.
    pub(crate) fn remembered_keys(
        &self,
        name: &str,
        make: impl FnOnce() -> Option<KerberosKeys>,
    ) -> Option<Arc<KerberosKeys>> {
        let known = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if known.is_some() {
            return known;
        }
        let made = Arc::new(make()?);
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(name.to_owned(), Arc::clone(&made));
        Some(made)
    }
}
