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
use crate::replication::{Replication, SavedReplication};
use crate::rules::Caller;
use crate::rules::access::DefaultDescriptors;
use crate::rules::token::Token;
use crate::store::Store;
use crate::store::object::{Object, ObjectId};

/// One domain controller's state.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) forest: Forest,
    pub(crate) defaults: DefaultDescriptors,
    pub(crate) clock: LabClock,
    pub(crate) faults: Arc<Faults>,
    /// Shared with snapshots: whoever writes while one is held copies first.
    store: RwLock<Arc<Store>>,
    krbtgt: Arc<Key>,
    remembered: Mutex<HashMap<String, Arc<KerberosKeys>>>,
    /// This domain controller's clock minus the lab's, in seconds.
    clock_skew: AtomicI64,
    /// [`crate::DirectoryFault::HostNotInGroup`].
    strips_computers: AtomicBool,
    /// No connection counts as encrypted.
    doubts_encryption: AtomicBool,
    /// `None`: it is the only one.
    pub(crate) replication: Option<Replication>,
}

/// A domain controller's state of one moment.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    pub(crate) store: Arc<Store>,
    replication: Option<Arc<SavedReplication>>,
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
            krbtgt: Arc::new(Key::random(18)),
            remembered: Mutex::default(),
            clock_skew: AtomicI64::new(0),
            strips_computers: AtomicBool::new(false),
            doubts_encryption: AtomicBool::new(false),
            replication: None,
        }
    }

    /// Another domain controller of the same domain, with a copy of everything.
    pub(crate) fn replica(&self, controller: &str, read_only: bool) -> Self {
        let mut store = self.shared();
        if read_only {
            filter(Arc::make_mut(&mut store));
        }
        Self {
            forest: self.forest.at(controller, read_only),
            defaults: self.defaults.clone(),
            clock: self.clock.clone(),
            faults: Arc::clone(&self.faults),
            store: RwLock::new(store),
            krbtgt: Arc::clone(&self.krbtgt),
            remembered: Mutex::default(),
            clock_skew: AtomicI64::new(0),
            strips_computers: AtomicBool::new(false),
            doubts_encryption: AtomicBool::new(false),
            replication: None,
        }
    }

    /// Who does what a read-only domain controller cannot: it hands log-ons and managed passwords on to a writable one
    /// ([MS-ADTS] 3.1.1.4.5.39 "msDS-ManagedPassword"). A writable one does it itself.
    pub(crate) fn authority(self: &Arc<Self>) -> Arc<Self> {
        let replication = self.replication.as_ref().filter(|_| self.forest.read_only);
        let writable = replication.and_then(Replication::partner);
        writable.unwrap_or_else(|| Arc::clone(self))
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

    /// Whether encrypted connections count as such.
    pub(crate) fn trusts_encryption(&self) -> bool {
        !self.doubts_encryption.load(Ordering::SeqCst)
    }

    pub(crate) fn doubt_encryption(&self, doubt: bool) {
        self.doubts_encryption.store(doubt, Ordering::SeqCst);
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
            of_global_catalog: false,
            now: self.now(),
        }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        self.catch_up();
        read(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes here; what was written goes to the other domain controllers.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        let Some(replication) = &self.replication else {
            return self.change(|store| self.strip(store, write));
        };
        let _writing = replication.begin();
        self.catch_up();
        let (written, updates) = self.change(|store| {
            replication.provide_rids(store);
            let written = self.strip(store, write);
            let sent = self.clock.now();
            (written, replication.originate(store, sent, self.now()))
        });
        replication.send(updates);
        written
    }

    /// The write, and what [`crate::DirectoryFault::HostNotInGroup`] does after it.
    fn strip<T>(&self, store: &mut Store, write: impl FnOnce(&mut Store) -> T) -> T {
        let written = write(store);
        if self.strips_computers.load(Ordering::SeqCst) {
            take_computers_out_of_groups(store, self.now());
        }
        written
    }

    /// Changes this replica alone: the others do not hear of it.
    pub(crate) fn write_here<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        self.change(|store| {
            let written = write(store);
            drop(store.take_journal());
            written
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let mut guard = self.store.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut guard))
    }

    /// Applies what has arrived from the other domain controllers.
    fn catch_up(&self) {
        let Some(replication) = &self.replication else {
            return;
        };
        if let Some(arrived) = replication.inbox().take(self.clock.now()) {
            let lost_and_found = self.forest.lost_and_found();
            self.change(|store| replication.apply(store, &lost_and_found, &arrived.updates));
        }
    }

    fn shared(&self) -> Arc<Store> {
        Arc::clone(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything at this moment.
    pub(crate) fn save(&self) -> Saved {
        self.catch_up();
        let replication = self.replication.as_ref();
        Saved {
            store: self.shared(),
            replication: replication.map(|replication| Arc::new(replication.save())),
        }
    }

    /// Goes back to another moment.
    pub(crate) fn restore(&self, saved: &Saved) {
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&saved.store);
        if let (Some(replication), Some(saved)) = (&self.replication, &saved.replication) {
            replication.restore(saved);
        }
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

/// Takes out what a read-only domain controller does not get: filtered attributes, and everybody's secrets.
fn filter(store: &mut Store) {
    let ids: Vec<ObjectId> = store.ids().collect();
    for id in ids {
        let attributes = store.get(id).map(Object::attributes).into_iter().flatten();
        let attributes = attributes.map(|(attribute, _)| attribute);
        let filtered = attributes.filter(|attribute| attribute.definition().is_filtered());
        for attribute in filtered.collect::<Vec<_>>() {
            store.set(id, attribute, Vec::new());
        }
        if store.get(id).is_some_and(|object| object.secret.is_some()) {
            store.set_secret(id, None);
        }
    }
}
