//! One of a lab's domain controllers.

use std::fmt;
use std::sync::Arc;

use security::Interval;

use crate::LabError;
use crate::directory::Directory;
use crate::domain_view::LabDomain;
use crate::hosts::DomainView;
use crate::listeners::LabAddresses;
use crate::replication::{Replication, RidMaster};
use crate::seed::LabSeed;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::store::schema::Attr;

/// A domain controller: where it listens, and what can be done to it.
#[derive(Clone)]
pub struct LabController {
    pub(crate) directory: Arc<Directory>,
    pub(crate) addresses: LabAddresses,
}

impl LabController {
    /// `dc1.contoso.com`
    #[must_use]
    pub fn dns_name(&self) -> String {
        self.directory.forest.controller_dns_name()
    }

    /// Whether it takes no changes, and has no secrets.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.directory.forest.read_only
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> LabAddresses {
        self.addresses
    }

    /// Its replica, as the lab's [`crate::hosts`] ask it; a read-only one asks a writable one.
    #[must_use]
    pub fn domain(&self) -> Arc<dyn DomainView> {
        Arc::new(LabDomain(self.directory.authority()))
    }

    /// The objects of its replica at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of([&*self.directory])
    }

    /// Sets its clock so many seconds ahead of the lab's, for the directory and Kerberos.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.directory.set_clock_skew(seconds);
    }

    /// From now on no connection counts as encrypted: clients are told what they are told behind a load balancer that
    /// ends TLS.
    pub fn doubt_encryption(&self, doubt: bool) {
        self.directory.doubt_encryption(doubt);
    }

    /// From now on nothing that is written elsewhere reaches it.
    pub fn stop_replication(&self) {
        if let Some(replication) = &self.directory.replication {
            replication.inbox().stop();
        }
    }

    /// Everything reaches it again, what has waited at once.
    pub fn resume_replication(&self) {
        use model::ports::Clock as _;
        if let Some(replication) = &self.directory.replication {
            replication.inbox().resume(self.directory.clock.now());
        }
    }

    /// What is written elsewhere takes so long to reach it, by the lab's clock.
    pub fn set_replication_delay(&self, delay: Interval) {
        if let Some(replication) = &self.directory.replication {
            replication.inbox().set_delay(delay);
        }
    }
}

impl fmt::Debug for LabController {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabController({})", self.dns_name())
    }
}

/// The first domain controller, and replicas of it that know each other; read-only ones are last, and send nothing.
pub(crate) fn with_replicas(
    first: Directory,
    seed: &LabSeed,
) -> Result<Vec<Arc<Directory>>, LabError> {
    let others = seed.other_controllers.iter().map(|other| (other, false));
    let read_only = seed.read_only_controllers.iter().map(|other| (other, true));
    let others = others.chain(read_only);
    if others.clone().next().is_none() {
        return Ok(vec![Arc::new(first)]);
    }
    let next = first.write_here(|store| store.take_rid());
    let rids = Arc::new(RidMaster::new(next.max(first.read(highest_rid) + 1)));
    let others = others.map(|(other, read_only)| first.replica(other, read_only));
    let mut all: Vec<Directory> = others.collect();
    all.insert(0, first);
    for directory in &mut all {
        let settings = directory.forest.controller_settings();
        let invocation = directory.read(|store| {
            let settings = store.get(store.resolve_text(&settings)?)?;
            settings.bytes(Attr::ObjectGuid)?.try_into().ok()
        });
        let missing = || LabError::Seed(format!("there is no {settings}"));
        let invocation = security::Guid::from_bytes(invocation.ok_or_else(missing)?);
        let read_only = directory.forest.read_only;
        let (delay, rids) = (seed.replication_delay, Arc::clone(&rids));
        let replication = Replication::new(invocation, read_only, delay, rids);
        if !read_only {
            directory.write_here(|store| replication.begin_with(store));
        }
        directory.replication = Some(replication);
    }
    let all: Vec<Arc<Directory>> = all.into_iter().map(Arc::new).collect();
    for directory in &all {
        let partners = all.iter().filter(|other| !Arc::ptr_eq(other, directory));
        if let Some(replication) = &directory.replication {
            replication.meet(partners.map(Arc::downgrade).collect());
        }
    }
    Ok(all)
}

/// Of all accounts: a directory that was saved had pools before.
fn highest_rid(store: &Store) -> u32 {
    let accounts = store.ids().filter_map(|id| store.get(id)?.sid());
    // A RID of the domain; the domain's own SID ends in a number of another kind.
    let rids = accounts.filter(|sid| sid.sub_authorities().len() == 5);
    rids.filter_map(|sid| sid.rid()).max().unwrap_or(0)
}
