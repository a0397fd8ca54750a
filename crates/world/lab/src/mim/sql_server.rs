//! The database server of the lab: logins, roles, and what the Synchronization Service keeps there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::names::HostName;
use security::Sid;
use serde::{Deserialize, Serialize};

use super::key_set::KeySetId;
use crate::hosts::domain::{AUTHENTICATED_USERS, EVERYONE, Token};

/// One database server for all hosts.
#[derive(Debug, Default)]
pub struct SqlServer(Mutex<Content>);

/// What is on a database server: all of it that a saved lab keeps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Content {
    /// Logins from Windows accounts.
    pub logins: BTreeSet<Sid>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Database {
    /// Database roles of each user.
    pub roles: BTreeMap<Sid, BTreeSet<Role>>,
    /// What the Synchronization Service keeps, in its own database only.
    pub sync: Option<SyncStore>,
}

/// A fixed database role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// `db_owner`
    Owner,
    /// `db_datareader`
    Reader,
    /// `db_datawriter`
    Writer,
}

/// The Synchronization Service's own data: `mms_server_configuration` and what its keys protect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncStore {
    /// The key set that encrypts the management agents' credentials.
    pub key_set: KeySetId,
    /// The server that is active; the others are warm standbys.
    pub active: HostName,
    /// Whether the key set was given up, and every management agent's password with it.
    pub abandoned: bool,
}

impl SqlServer {
    /// A server as it was saved.
    pub fn new(content: Content) -> Self {
        Self(Mutex::new(content))
    }

    /// A copy of everything on it.
    pub fn content(&self) -> Content {
        self.lock().clone()
    }

    /// Goes back to what was on it at another time.
    pub fn restore(&self, content: Content) {
        *self.lock() = content;
    }

    /// Creates a database unless it is there.
    pub fn create(&self, database: &str) {
        self.lock()
            .databases
            .entry(database.to_owned())
            .or_default();
    }

    /// Creates login and user, and gives the role.
    pub fn grant(&self, database: &str, to: Sid, role: Role) {
        let mut content = self.lock();
        content.logins.insert(to);
        let roles = &mut content
            .databases
            .entry(database.to_owned())
            .or_default()
            .roles;
        roles.entry(to).or_default().insert(role);
    }

    /// Takes the logins of everybody's groups away: those of single accounts stay.
    pub fn drop_group_logins(&self) {
        let groups = [EVERYONE, AUTHENTICATED_USERS];
        self.lock()
            .logins
            .retain(|login| !groups.contains(&login.to_string().as_str()));
    }

    /// Whether somebody with these SIDs, or a group among them, can log in and has the role in the database.
    pub fn has(&self, database: &str, token: &Token, role: Role) -> bool {
        let content = self.lock();
        let Some(database) = content.databases.get(database) else {
            return false;
        };
        let mut users = database.roles.iter();
        users.any(|(user, roles)| {
            token.has(user) && content.logins.contains(user) && roles.contains(&role)
        })
    }

    /// The Synchronization Service's data in a database.
    pub fn sync(&self, database: &str) -> Option<SyncStore> {
        self.lock().databases.get(database)?.sync.clone()
    }

    /// Replaces it.
    pub fn set_sync(&self, database: &str, store: SyncStore) {
        self.lock()
            .databases
            .entry(database.to_owned())
            .or_default()
            .sync = Some(store);
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
