//! What a database server shows of an account: its login, its user, what they may.

mod location;
mod repair;

use security::Sid;
use serde::{Deserialize, Serialize};

pub use location::{DatabaseLocation, DatabasePlace};
pub use repair::Repair;

/// What a database server showed of one database and of the accounts that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// Which.
    pub place: DatabasePlace,
    /// The server.
    pub server: DatabaseServer,
    /// `None`: the server has no such database, or does not show it.
    pub database: Option<Database>,
    /// One for each account.
    pub access: Vec<DatabaseAccess>,
}

impl DatabaseFacts {
    /// What a gap in the coverage is called where a server could not be asked.
    pub fn subject(place: &DatabasePlace) -> String {
        format!("database {place}")
    }

    /// What was found of an account.
    pub fn access_of(&self, account: &str) -> Option<&DatabaseAccess> {
        let mut all = self.access.iter();
        all.find(|access| access.account.eq_ignore_ascii_case(account))
    }
}

/// A database server, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseServer {
    /// Its own name for itself, with the instance.
    pub name: String,
    /// `ProductVersion`, such as `15.0.2000.5`.
    pub version: String,
    /// The login that the operator has there.
    pub operator: String,
    /// What the operator may do there.
    pub rights: OperatorRights,
}

/// What the operator may do on a database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OperatorRights {
    /// Is a member of `sysadmin`.
    pub sysadmin: bool,
    /// VIEW ANY DEFINITION: without it other people's logins cannot be seen.
    pub sees_logins: bool,
    /// ALTER ANY LOGIN: may create and enable logins.
    pub alters_logins: bool,
    /// ALTER ANY USER in the database: may create users.
    pub alters_users: bool,
    /// Is in `db_owner` of the database: may put users into its roles and grant rights in it.
    pub owns_database: bool,
}

/// A database, as `sys.databases` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// `ONLINE`, or why not.
    pub state: String,
    /// Whether the operator gets in.
    pub accessible: bool,
    /// Whether nothing can be changed in it.
    pub read_only: bool,
}

/// What kind of principal a login or user is: the letter of `sys.server_principals` and `sys.database_principals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// `U`
    WindowsUser,
    /// `G`
    WindowsGroup,
    /// `S`
    Sql,
    /// Any other letter.
    Other,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Its name; of a Windows account `DOMAIN\name`, as it was at the time.
    pub name: String,
    /// Whose it is, where that is a Windows account.
    pub sid: Option<Sid>,
    /// What it is for.
    pub kind: PrincipalKind,
    /// Whether it may log in at all.
    pub enabled: bool,
    /// Server roles, without `public`.
    pub roles: Vec<String>,
    /// Rights on the server that are its own.
    pub permissions: Vec<Permission>,
}

/// A user of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseUser {
    /// Its name; `dbo` for whoever owns the database.
    pub name: String,
    /// Which login it belongs to, where that is of a Windows account.
    pub sid: Option<Sid>,
    /// What it is.
    pub kind: PrincipalKind,
    /// Where unqualified names are looked for first; none for most groups.
    pub default_schema: Option<String>,
    /// Database roles, without `public`.
    pub roles: Vec<String>,
    /// Rights in the database that are its own.
    pub permissions: Vec<Permission>,
    /// Schemas that it owns.
    pub schemas: Vec<String>,
}

/// A right that was granted or denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// Granted, granted with the right to pass it on, or denied.
    pub state: PermissionState,
    /// Its name, such as `VIEW SERVER STATE`.
    pub name: String,
    /// On what.
    pub on: Securable,
}

/// How a right was given: `state_desc` of `sys.server_permissions` and `sys.database_permissions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionState {
    /// `GRANT`
    Granted,
    /// `GRANT_WITH_GRANT_OPTION`
    GrantedToPassOn,
    /// `DENY`
    Denied,
}

/// What a right is on: `class_desc` with names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Securable {
    /// The server, or the database itself.
    Whole,
    /// A schema.
    Schema(String),
    /// A table, view, procedure or function.
    Object {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// Anything else, described.
    Other(String),
}

/// What a server and one database have of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseAccess {
    /// `DOMAIN\name`.
    pub account: String,
    /// Its SID in the directory.
    pub sid: Sid,
    /// Logins that have its SID or its name; a recreated account's login has only the name.
    pub logins: Vec<Login>,
    /// Users that have its SID or its name.
    pub users: Vec<DatabaseUser>,
    /// Jobs of the SQL Server Agent that it owns; `None`: could not be read.
    pub jobs: Option<Vec<String>>,
    /// Logins of Windows groups that the account is in, each with its user in the database.
    pub groups: Vec<GroupAccess>,
}

/// Access through a Windows group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupAccess {
    /// The group's login.
    pub login: Login,
    /// Its user in the database.
    pub user: Option<DatabaseUser>,
}

impl DatabaseAccess {
    /// The login of this very account.
    pub fn login(&self) -> Option<&Login> {
        self.logins.iter().find(|it| it.sid == Some(self.sid))
    }

    /// A login that has the account's name and is another's: of an account that was deleted and made again.
    pub fn stale_login(&self) -> Option<&Login> {
        self.logins
            .iter()
            .find(|it| it.sid != Some(self.sid) && it.name.eq_ignore_ascii_case(&self.account))
    }

    /// The user of this very account.
    pub fn user(&self) -> Option<&DatabaseUser> {
        self.users.iter().find(|it| it.sid == Some(self.sid))
    }

    /// A user that has the account's name and belongs to no login of it.
    pub fn orphan(&self) -> Option<&DatabaseUser> {
        self.users
            .iter()
            .find(|it| it.sid != Some(self.sid) && it.name.eq_ignore_ascii_case(&self.account))
    }

    /// Whether a group's login lets it in.
    pub fn lets_in_through_a_group(&self) -> bool {
        self.groups.iter().any(|it| it.login.lets_in())
    }

    /// Whether it may do everything, by its own login or a group's.
    pub fn is_sysadmin(&self) -> bool {
        let groups = self.groups.iter().map(|it| &it.login);
        let mut logins = self.login().into_iter().chain(groups);
        logins.any(|it| it.lets_in() && it.roles.iter().any(|role| role == "sysadmin"))
    }
}

impl Login {
    /// Whether somebody can log in with it: enabled, and CONNECT SQL not denied.
    pub fn lets_in(&self) -> bool {
        self.enabled && !self.is_denied()
    }

    /// Whether CONNECT SQL is denied: that counts against every other login too.
    pub fn is_denied(&self) -> bool {
        let denied =
            |it: &Permission| it.name == "CONNECT SQL" && it.state == PermissionState::Denied;
        self.permissions.iter().any(denied)
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            PermissionState::Granted => "",
            PermissionState::GrantedToPassOn => " with the right to pass it on",
            PermissionState::Denied => " denied",
        };
        write!(f, "{}", self.name)?;
        match &self.on {
            Securable::Whole => {}
            Securable::Schema(schema) => write!(f, " on the schema {schema}")?,
            Securable::Object { schema, name } => write!(f, " on {schema}.{name}")?,
            Securable::Other(what) => write!(f, " on {what}")?,
        }
        f.write_str(state)
    }
}
