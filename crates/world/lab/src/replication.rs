//! Several domain controllers: what is written on one reaches the others later ([MS-ADTS] 3.1.1.1 "State Model",
//! [MS-DRSR] 4.1.10 "IDL_DRSGetNCChanges (Opnum 3)").
//!
//! ```text
//! a client writes ─▶ originate ─▶ Update ─▶ inbox of every partner ─▶ (delay) ─▶ apply
//! ```
//!
//! Each attribute, and each value of a link, has a [`Stamp`]; the later one wins. What is due is applied when
//! somebody next asks the domain controller: nobody can tell that from a timer. The lab is simpler than the real
//! thing in two ways: every domain controller sends to every other, and a move that would put an object below
//! itself, because two administrators moved two containers into each other, is left out where it comes second.
//!
//! INVARIANT: once everything has arrived, all domain controllers have the same objects; read-only ones without filtered
//! attributes and secrets.
//! INVARIANT: a lab with one domain controller has none of this.

mod apply;
mod inbox;
mod originate;
mod stamps;
mod update;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use security::{FileTime, Guid, Interval};

use crate::directory::Directory;
use crate::store::Store;
use crate::store::object::ObjectId;
use inbox::Inbox;
use stamps::Stamps;
use update::Update;

/// One domain controller's side of replication.
#[derive(Debug)]
pub(crate) struct Replication {
    /// Who it is in stamps: the invocationId.
    invocation: Guid,
    /// Filtered attributes and secrets do not come here.
    read_only: bool,
    stamps: Mutex<Stamps>,
    inbox: Inbox,
    partners: OnceLock<Vec<Weak<Directory>>>,
    /// One write after the other: its updates are sent before the next one begins.
    writing: Mutex<()>,
    rids: Arc<RidMaster>,
}

/// What a snapshot keeps of it.
#[derive(Debug, Clone)]
pub(crate) struct SavedReplication {
    stamps: Stamps,
    waiting: Vec<Arc<Update>>,
}

impl Replication {
    pub(crate) fn new(
        invocation: Guid,
        read_only: bool,
        delay: Interval,
        rids: Arc<RidMaster>,
    ) -> Self {
        Self {
            invocation,
            read_only,
            stamps: Mutex::default(),
            inbox: Inbox::new(delay),
            partners: OnceLock::new(),
            writing: Mutex::default(),
            rids,
        }
    }

    /// Tells it the others; once.
    pub(crate) fn meet(&self, partners: Vec<Weak<Directory>>) {
        // A second time does not come.
        let _ = self.partners.set(partners);
    }

    /// The first of the others.
    pub(crate) fn partner(&self) -> Option<Arc<Directory>> {
        self.partners.get()?.first()?.upgrade()
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Makes a copy of the directory this domain controller's own.
    pub(crate) fn begin_with(&self, store: &mut Store) {
        let (first, last) = self.rids.next_pool();
        store.use_rids(first, last);
        store.keep_journal();
    }

    /// Held while something is written and sent.
    pub(crate) fn begin(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account can be made: its identifier comes from this domain controller's own pool.
    pub(crate) fn provide_rids(&self, store: &mut Store) {
        if store.rids_left() == 0 {
            let (first, last) = self.rids.next_pool();
            store.use_rids(first, last);
        }
    }

    /// What was just written, with stamps.
    pub(crate) fn originate(
        &self,
        store: &mut Store,
        sent: FileTime,
        clock: FileTime,
    ) -> Vec<Update> {
        originate::originate(store, &mut self.stamps(), self.invocation, sent, clock)
    }

    /// Sends to everybody.
    pub(crate) fn send(&self, updates: Vec<Update>) {
        if updates.is_empty() {
            return;
        }
        let updates: Vec<Arc<Update>> = updates.into_iter().map(Arc::new).collect();
        let partners = self.partners.get().into_iter().flatten();
        for partner in partners.filter_map(Weak::upgrade) {
            if let Some(replication) = &partner.replication {
                replication.inbox.put(&updates);
            }
        }
    }

    /// Sends objects as they are here to one partner that has lost them.
    pub(crate) fn resend(&self, store: &Store, ids: &[ObjectId], sent: FileTime, partner: &Self) {
        let stamps = self.stamps();
        let whole = |id: &ObjectId| originate::whole_object(store, &stamps, *id, sent);
        let updates: Vec<Arc<Update>> = ids.iter().filter_map(whole).map(Arc::new).collect();
        partner.inbox.put(&updates);
    }

    /// Brings a replica up to date with what has arrived.
    pub(crate) fn apply(
        &self,
        store: &mut Store,
        lost_and_found: &str,
        updates: &[(FileTime, Arc<Update>)],
    ) {
        let mut stamps = self.stamps();
        for (arrived, update) in updates {
            let place = apply::Place {
                lost_and_found,
                read_only: self.read_only,
            };
            apply::apply(store, &mut stamps, place, update, *arrived);
        }
        // Nothing of it originated here.
        drop(store.take_journal());
    }

    pub(crate) fn save(&self) -> SavedReplication {
        SavedReplication {
            stamps: self.stamps().clone(),
            waiting: self.inbox.waiting(),
        }
    }

    pub(crate) fn restore(&self, saved: &SavedReplication) {
        self.stamps().clone_from(&saved.stamps);
        self.inbox.replace(&saved.waiting);
    }

    fn stamps(&self) -> MutexGuard<'_, Stamps> {
        self.stamps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives out relative identifiers by the pool ([MS-ADTS] 6.1.5.3 "RID Master FSMO Role").
#[derive(Debug)]
pub(crate) struct RidMaster(AtomicU32);

impl RidMaster {
    /// Accounts in one pool, by default.
    const POOL: u32 = 500;

    pub(crate) fn new(first: u32) -> Self {
        Self(AtomicU32::new(first))
    }

    fn next_pool(&self) -> (u32, u32) {
        let first = self.0.fetch_add(Self::POOL, Ordering::SeqCst);
        (first, first + Self::POOL - 1)
    }
}
