//! Statements that change logins, users and what they may.

use model::database::PermissionState;
use security::Sid;

use super::names;
use super::statements::{Condition, Statement};
use super::tokens::Refusal;
use crate::directory::Directory;
use crate::mim::{Database, Role, SqlContent};

/// The server roles that every server has.
const SERVER_ROLES: [&str; 8] = [
    "sysadmin",
    "serveradmin",
    "securityadmin",
    "processadmin",
    "setupadmin",
    "bulkadmin",
    "diskadmin",
    "dbcreator",
];
/// The database roles that every database has, beside those of [`Role`].
const DATABASE_ROLES: [&str; 6] = [
    "db_accessadmin",
    "db_securityadmin",
    "db_ddladmin",
    "db_backupoperator",
    "db_denydatareader",
    "db_denydatawriter",
];
/// The database that there always is.
pub(super) const MASTER: &str = "master";

/// Who changes something, and where.
pub(super) struct Actor<'a> {
    pub(super) directory: &'a Directory,
    /// The SIDs of the client; none for `sa`.
    pub(super) sids: &'a [Sid],
    pub(super) is_sa: bool,
    /// The present database.
    pub(super) database: String,
}

impl Actor<'_> {
    /// Whether it is in `sysadmin`.
    pub(super) fn is_sysadmin(&self, content: &SqlContent) -> bool {
        let in_role = |sid: &Sid| {
            let details = content.details.get(sid);
            content.lets_in(sid) && details.is_some_and(|it| it.roles.contains("sysadmin"))
        };
        self.is_sa || self.sids.iter().any(in_role)
    }

    /// Whether it has a user in the database.
    pub(super) fn has_access(&self, content: &SqlContent, database: &str) -> bool {
        let there = find(content, database).is_some_and(|database| {
            let mut sids = self.sids.iter();
            sids.any(|sid| database.roles.contains_key(sid) && content.lets_in(sid))
        });
        database == MASTER || there || self.is_sysadmin(content)
    }

    /// Whether it is in `db_owner`.
    pub(super) fn owns(&self, content: &SqlContent, database: &str) -> bool {
        let owns = find(content, database).is_some_and(|database| {
            let roles = self.sids.iter().filter_map(|sid| database.roles.get(sid));
            roles.flatten().any(|role| *role == Role::Owner)
        });
        owns || self.is_sysadmin(content)
    }

    /// Runs one statement that changes something.
    pub(super) fn run(
        &mut self,
        content: &mut SqlContent,
        statement: &Statement,
    ) -> Result<(), Refusal> {
        match statement {
            Statement::Set | Statement::Begin | Statement::Commit => Ok(()),
            Statement::Use(database) => self.enter(content, database),
            Statement::If(condition, then) if self.holds(content, condition) => {
                self.run(content, then)
            }
            Statement::If(..) => Ok(()),
            Statement::CreateLogin(_)
            | Statement::DropLogin(_)
            | Statement::EnableLogin(..)
            | Statement::AddToServerRole { .. }
            | Statement::LeaveServerRole { .. } => self.on_server(content, statement),
            Statement::Give { permission, to } if self.database == MASTER => {
                self.must_administer(content)?;
                let login = self.login(content, to)?;
                let held = &mut content.details.entry(login).or_default().permissions;
                give(held, permission);
                Ok(())
            }
            Statement::Revoke { name, on, from } if self.database == MASTER => {
                self.must_administer(content)?;
                let login = self.login(content, from)?;
                let held = &mut content.details.entry(login).or_default().permissions;
                held.retain(|it| (&it.name, &it.on) != (name, on));
                Ok(())
            }
            _ => self.in_database(content, statement),
        }
    }

    pub(super) fn enter(&mut self, content: &SqlContent, database: &str) -> Result<(), Refusal> {
        let known = content
            .databases
            .keys()
            .find(|it| names::same(it, database));
        let known = match known {
            Some(known) => known.clone(),
            None if names::same(database, MASTER) => MASTER.to_owned(),
            None => {
                let text = format!(
                    "Database '{database}' does not exist. Make sure that the name is entered correctly."
                );
                return Err(Refusal::new(911, text));
            }
        };
        if !self.has_access(content, &known) {
            let text = format!(
                "The server principal is not able to access the database \"{known}\" under the current security context."
            );
            return Err(Refusal::new(916, text).class(14));
        }
        self.database = known;
        Ok(())
    }

    fn holds(&self, content: &SqlContent, condition: &Condition) -> bool {
        let matches = |sid: &Sid, name: String| {
            let by_name = condition.name.as_ref();
            let by_sid = condition.sid.as_ref();
            by_name.is_none_or(|wanted| names::same(wanted, &name))
                && by_sid.is_none_or(|(equal, wanted)| (sid.to_bytes() == *wanted) == *equal)
        };
        let found = if condition.logins {
            let mut logins = content.logins.iter();
            logins.any(|sid| matches(sid, names::of_login(self.directory, content, sid)))
        } else {
            find(content, &self.database).is_some_and(|database| {
                let name = |sid| names::of_user(self.directory, content, database, sid);
                database.roles.keys().any(|sid| matches(sid, name(sid)))
            })
        };
        found == condition.exists
    }

    fn on_server(&self, content: &mut SqlContent, statement: &Statement) -> Result<(), Refusal> {
        self.must_administer(content)?;
        match statement {
            Statement::CreateLogin(name) => {
                if self.login(content, name).is_ok() {
                    let text = format!("The server principal '{name}' already exists.");
                    return Err(Refusal::new(15025, text));
                }
                let sid = names::sid_of(self.directory, name).ok_or_else(|| {
                    let text = format!(
                        "Windows NT user or group '{name}' not found. Check the name again."
                    );
                    Refusal::new(15401, text)
                })?;
                content.logins.insert(sid);
                content.details.entry(sid).or_default().name = Some(name.clone());
            }
            Statement::DropLogin(name) => {
                let sid = self.login(content, name)?;
                // Its users stay, and keep the name.
                for database in content.databases.values_mut() {
                    if database.roles.contains_key(&sid) {
                        let user = database.users.entry(sid).or_default();
                        user.name.get_or_insert_with(|| name.clone());
                    }
                }
                content.logins.remove(&sid);
                content.details.remove(&sid);
            }
            Statement::EnableLogin(name, enable) => {
                let sid = self.login(content, name)?;
                content.details.entry(sid).or_default().disabled = !enable;
            }
            Statement::AddToServerRole { role, member } => {
                let mut details = content.details.values();
                let known = SERVER_ROLES.contains(&role.as_str())
                    || details.any(|it| it.roles.contains(role));
                if !known {
                    return Err(absent("server role", role));
                }
                let sid = self.login(content, member)?;
                content
                    .details
                    .entry(sid)
                    .or_default()
                    .roles
                    .insert(role.clone());
            }
            Statement::LeaveServerRole { role, member } => {
                let sid = self.login(content, member)?;
                let details = content.details.entry(sid).or_default();
                details.roles.remove(role);
            }
            _ => {}
        }
        Ok(())
    }

    fn in_database(&self, content: &mut SqlContent, statement: &Statement) -> Result<(), Refusal> {
        if !self.owns(content, &self.database) {
            return Err(not_allowed());
        }
        let place = || Refusal::new(15151, "Cannot do this in the database master.");
        match statement {
            Statement::CreateUser { user, login } => {
                let sid = self.login(content, login)?;
                let database = find(content, &self.database).ok_or_else(place)?;
                if database.roles.contains_key(&sid) || self.user(content, user).is_ok() {
                    let text = format!(
                        "User, group, or role '{user}' already exists in the current database."
                    );
                    return Err(Refusal::new(15023, text));
                }
                let database = self.present(content).ok_or_else(place)?;
                database.roles.insert(sid, Default::default());
                if !names::same(user, login) {
                    database.users.entry(sid).or_default().name = Some(user.clone());
                }
            }
            Statement::MapUser { user, login } => {
                let (from, to) = (self.user(content, user)?, self.login(content, login)?);
                let database = self.present(content).ok_or_else(place)?;
                let roles = database.roles.remove(&from).unwrap_or_default();
                let mut details = database.users.remove(&from).unwrap_or_default();
                details.name = Some(user.clone());
                database.roles.insert(to, roles);
                database.users.insert(to, details);
            }
            Statement::SetDefaultSchema { user, schema } => {
                let sid = self.user(content, user)?;
                let database = self.present(content).ok_or_else(place)?;
                database.users.entry(sid).or_default().default_schema = Some(schema.clone());
            }
            Statement::AddToRole { role, member } => {
                let sid = self.user(content, member)?;
                let database = self.present(content).ok_or_else(place)?;
                add_to_role(database, sid, role)?;
            }
            Statement::LeaveRole { role, member } => {
                let sid = self.user(content, member)?;
                let database = self.present(content).ok_or_else(place)?;
                leave_role(database, sid, role);
            }
            Statement::DropUser(user) => {
                let sid = self.user(content, user)?;
                let database = self.present(content).ok_or_else(place)?;
                let details = database.users.get(&sid);
                if details.is_some_and(|it| !it.schemas.is_empty()) {
                    let text = "The database principal owns a schema in the database, and cannot be dropped.";
                    return Err(Refusal::new(15138, text));
                }
                database.roles.remove(&sid);
                database.users.remove(&sid);
            }
            Statement::Revoke { name, on, from } => {
                let sid = self.user(content, from)?;
                let database = self.present(content).ok_or_else(place)?;
                let held = &mut database.users.entry(sid).or_default().permissions;
                held.retain(|it| (&it.name, &it.on) != (name, on));
            }
            Statement::Give { permission, to } => {
                let sid = self.user(content, to)?;
                let database = self.present(content).ok_or_else(place)?;
                give(
                    &mut database.users.entry(sid).or_default().permissions,
                    permission,
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn must_administer(&self, content: &SqlContent) -> Result<(), Refusal> {
        match self.is_sysadmin(content) {
            true => Ok(()),
            false => Err(not_allowed()),
        }
    }

    fn present<'a>(&self, content: &'a mut SqlContent) -> Option<&'a mut Database> {
        content.databases.get_mut(&self.database)
    }

    fn login(&self, content: &SqlContent, name: &str) -> Result<Sid, Refusal> {
        let mut logins = content.logins.iter();
        let found = logins
            .find(|sid| names::same(&names::of_login(self.directory, content, sid), name))
            .copied();
        found.ok_or_else(|| absent("login", name))
    }

    fn user(&self, content: &SqlContent, name: &str) -> Result<Sid, Refusal> {
        let found = find(content, &self.database).and_then(|database| {
            let of = |sid: &Sid| names::of_user(self.directory, content, database, sid);
            let mut users = database.roles.keys();
            users.find(|sid| names::same(&of(sid), name)).copied()
        });
        found.ok_or_else(|| absent("user", name))
    }
}

/// The database of that name.
pub(super) fn find<'a>(content: &'a SqlContent, name: &str) -> Option<&'a Database> {
    let mut databases = content.databases.iter();
    let (_, found) = databases.find(|(known, _)| names::same(known, name))?;
    Some(found)
}

fn add_to_role(database: &mut Database, sid: Sid, role: &str) -> Result<(), Refusal> {
    if let Some(role) = Role::ALL.into_iter().find(|it| it.name() == role) {
        database.roles.entry(sid).or_default().insert(role);
        return Ok(());
    }
    let mut users = database.users.values();
    if !DATABASE_ROLES.contains(&role) && !users.any(|it| it.roles.contains(role)) {
        return Err(absent("role", role));
    }
    let user = database.users.entry(sid).or_default();
    user.roles.insert(role.to_owned());
    Ok(())
}

fn leave_role(database: &mut Database, sid: Sid, role: &str) {
    if let Some(role) = Role::ALL.into_iter().find(|it| it.name() == role) {
        database.roles.entry(sid).or_default().remove(&role);
    } else if let Some(user) = database.users.get_mut(&sid) {
        user.roles.remove(role);
    }
}

/// One state for each right: a denial replaces a grant, and the other way round.
fn give(
    held: &mut std::collections::BTreeSet<model::database::Permission>,
    permission: &model::database::Permission,
) {
    held.retain(|it| (&it.name, &it.on) != (&permission.name, &permission.on));
    // CONNECT SQL and CONNECT are everybody's, and stand in no list.
    let usual =
        permission.name.starts_with("CONNECT") && permission.state == PermissionState::Granted;
    if !usual {
        held.insert(permission.clone());
    }
}

fn absent(what: &str, name: &str) -> Refusal {
    let text = format!(
        "Cannot alter the {what} '{name}', because it does not exist or you do not have permission."
    );
    Refusal::new(15151, text)
}

fn not_allowed() -> Refusal {
    Refusal::new(
        15247,
        "User does not have permission to perform this action.",
    )
}
