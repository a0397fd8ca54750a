//! The directory that all servers of the lab share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use managed_password::KerberosKeys;
use model::ports::Clock as _;
use security::FileTime;

use crate::clock::LabClock;
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
        }
    }

    pub(crate) fn now(&self) -> FileTime {
        self.clock.now()
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
        write(Arc::make_mut(
            &mut self.store.write().unwrap_or_else(PoisonError::into_inner),
        ))
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
