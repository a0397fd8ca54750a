//! The database server of the lab: logins, roles, and what the Synchronization Service keeps there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::database::Permission;
use model::names::HostName;
use security::Sid;
use serde::{Deserialize, Serialize};

use super::key_set::KeySetId;
use crate::hosts::domain::{AUTHENTICATED_USERS, EVERYONE, Token};

/// One database server for all hosts.
#[derive(Debug, Default)]
pub struct SqlServer {
    content: Mutex<Content>,
    /// Whether the next answer to a change is lost on its way.
    loses_answer: AtomicBool,
}

/// What is on a database server: all of it that a saved lab keeps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Content {
    /// Logins from Windows accounts.
    pub logins: BTreeSet<Sid>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
    /// What of a login is not as `CREATE LOGIN` leaves it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<Sid, LoginDetails>,
}

/// What of a login is not as `CREATE LOGIN` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoginDetails {
    /// Its name, kept when the account is gone.
    pub name: Option<String>,
    /// `ALTER LOGIN … DISABLE`.
    pub disabled: bool,
    /// Server roles.
    pub roles: BTreeSet<String>,
    /// What was granted and denied.
    pub permissions: BTreeSet<Permission>,
}

/// What of a user is not as `CREATE USER` leaves it, beside the roles in [`Role`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserDetails {
    /// Its name, where it is not the login's, or the account is gone.
    pub name: Option<String>,
    /// `DEFAULT_SCHEMA`; `dbo` where it is not set.
    pub default_schema: Option<String>,
    /// Roles that [`Role`] does not know.
    pub roles: BTreeSet<String>,
    /// What was granted and denied.
    pub permissions: BTreeSet<Permission>,
    /// Schemas that it owns.
    pub schemas: BTreeSet<String>,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Database {
    /// Database roles of each user.
    pub roles: BTreeMap<Sid, BTreeSet<Role>>,
    /// What else there is to users.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<Sid, UserDetails>,
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

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Reader, Self::Writer];

    /// As in `sys.database_principals`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "db_owner",
            Self::Reader => "db_datareader",
            Self::Writer => "db_datawriter",
        }
    }
}

impl Content {
    /// Whether somebody can log in with this login.
    #[must_use]
    pub fn lets_in(&self, login: &Sid) -> bool {
        let details = self.details.get(login);
        self.logins.contains(login) && !details.is_some_and(|it| it.disabled)
    }
}

impl SqlServer {
    /// A server as it was saved.
    pub fn new(content: Content) -> Self {
        Self {
            content: Mutex::new(content),
            ..Self::default()
        }
    }

    /// Loses the answer to the next change: the client's connection ends instead.
    pub fn lose_the_next_answer(&self) {
        self.loses_answer.store(true, Ordering::Relaxed);
    }

    /// Whether this answer is the one that is lost.
    pub(crate) fn loses_this_answer(&self) -> bool {
        self.loses_answer.swap(false, Ordering::Relaxed)
    }

    /// A copy of everything on it.
    pub fn content(&self) -> Content {
        self.lock().clone()
    }

    /// Goes back to what was on it at another time.
    pub fn restore(&self, content: Content) {
        *self.lock() = content;
    }

    /// Lets everybody with this SID do everything.
    pub fn make_administrator(&self, sid: Sid) {
        let mut content = self.lock();
        content.logins.insert(sid);
        let details = content.details.entry(sid).or_default();
        details.roles.insert("sysadmin".to_owned());
    }

    /// Changes what is on it; where that fails, nothing is changed.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn transact<T, E>(
        &self,
        change: impl FnOnce(&mut Content) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut content = self.lock();
        let mut changed = content.clone();
        let outcome = change(&mut changed)?;
        *content = changed;
        Ok(outcome)
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

    /// Gives those of them back that are users of a database.
    pub fn restore_group_logins(&self) {
        let groups = [EVERYONE, AUTHENTICATED_USERS];
        let mut content = self.lock();
        let users = content.databases.values();
        let users: Vec<Sid> = users.flat_map(|it| it.roles.keys().copied()).collect();
        let groups = users
            .iter()
            .filter(|user| groups.contains(&user.to_string().as_str()));
        content.logins.extend(groups);
    }

    /// Whether somebody with these SIDs, or a group among them, can log in and has the role in the database.
    pub fn has(&self, database: &str, token: &Token, role: Role) -> bool {
        let content = self.lock();
        let Some(database) = content.databases.get(database) else {
            return false;
        };
        let mut users = database.roles.iter();
        users.any(|(user, roles)| token.has(user) && content.lets_in(user) && roles.contains(&role))
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
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
