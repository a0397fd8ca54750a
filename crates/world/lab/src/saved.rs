//! A whole directory as a file keeps it: the same names, SIDs, GUIDs, keys and passwords when it starts again.
//!
//! What is not kept: tickets that were given out, faults, and what other domain controllers had not heard of yet.

use security::{Interval, Sid};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::LabClock;
use crate::controller::LabController;
use crate::lab::{Lab, LabError};
use crate::seed::LabSeed;
use crate::store::saved::SavedStore;

/// A directory that was saved. It holds the lab's secrets.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedDirectory {
    dns_name: String,
    netbios_name: String,
    controller: String,
    #[serde(default)]
    other_controllers: Vec<String>,
    #[serde(default)]
    read_only_controllers: Vec<String>,
    /// In 100 ns.
    #[serde(default)]
    replication_delay: u64,
    domain_sid: Sid,
    store: SavedStore,
}

impl Lab {
    /// Everything in the directory at this moment.
    #[must_use]
    pub fn save(&self) -> SavedDirectory {
        let directory = &self.first().directory;
        let forest = &directory.forest;
        let name = |it: &LabController| it.directory.forest.controller.clone();
        let read_only = self.controllers().iter().filter(|it| it.is_read_only());
        let delay = directory.replication.as_ref().map(|it| it.inbox().delay());
        SavedDirectory {
            dns_name: forest.dns_name.clone(),
            netbios_name: forest.netbios_name.clone(),
            controller: forest.controller.clone(),
            other_controllers: self.writable().skip(1).map(name).collect(),
            read_only_controllers: read_only.map(name).collect(),
            replication_delay: delay.map_or(0, Interval::as_ticks),
            domain_sid: forest.sid,
            store: SavedStore::of(&directory.save().store),
        }
    }
}

impl LabSeed {
    /// A directory that was saved, as it was then; its clock shows the system's time.
    ///
    /// # Errors
    /// [`LabError::Seed`] where the saved objects contradict each other.
    pub fn from_saved(saved: &SavedDirectory) -> Result<Self, LabError> {
        let store = saved.store.to_store();
        let store = store.map_err(|damaged| LabError::Seed(damaged.0))?;
        Ok(Self {
            dns_name: saved.dns_name.clone(),
            netbios_name: saved.netbios_name.clone(),
            controller: saved.controller.clone(),
            other_controllers: saved.other_controllers.clone(),
            read_only_controllers: saved.read_only_controllers.clone(),
            replication_delay: Interval::from_ticks(saved.replication_delay),
            clock: LabClock::new(),
            root_keys: Vec::new(),
            objects: Vec::new(),
            administrator_password: Zeroizing::default(),
            domain_sid: Some(saved.domain_sid),
            memberships: Vec::new(),
            rights: Vec::new(),
            store: Some(store),
        })
    }
}
