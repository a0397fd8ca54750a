//! What gives an account something on a database server: data for plans, written as T-SQL by the planner.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Permission;

/// One change that gives an account something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Repair {
    /// The login of an account that is gone has the name: away with it.
    DropStaleLogin {
        /// Its name.
        login: String,
    },
    /// A login from the Windows account.
    CreateLogin,
    /// The login may log in again.
    EnableLogin,
    /// Into a server role.
    AddToServerRole {
        /// Which.
        role: String,
    },
    /// A right on the server.
    GiveOnServer {
        /// Which.
        permission: Permission,
    },
    /// The user that lost its login gets it back.
    MapUser {
        /// Its name.
        user: String,
    },
    /// A user for the login.
    CreateUser,
    /// Where the user looks first.
    SetDefaultSchema {
        /// The user.
        user: String,
        /// Its schema.
        schema: String,
    },
    /// Into a database role.
    AddToRole {
        /// The user.
        user: String,
        /// Which.
        role: String,
    },
    /// A right in the database.
    GiveInDatabase {
        /// The user.
        user: String,
        /// Which.
        permission: Permission,
    },
}

impl Repair {
    /// Whether it changes the server, and not the database.
    pub fn is_on_server(&self) -> bool {
        matches!(
            self,
            Self::DropStaleLogin { .. }
                | Self::CreateLogin
                | Self::EnableLogin
                | Self::AddToServerRole { .. }
                | Self::GiveOnServer { .. }
        )
    }
}

impl fmt::Display for Repair {
    /// What the account has afterwards.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DropStaleLogin { login } => {
                write!(f, "no login {login} of an account that is gone")
            }
            Self::CreateLogin => f.write_str("login"),
            Self::EnableLogin => f.write_str("login enabled"),
            Self::AddToServerRole { role } => write!(f, "server role {role}"),
            Self::GiveOnServer { permission } => write!(f, "{permission} on the server"),
            Self::MapUser { user } => write!(f, "login of the user {user}"),
            Self::CreateUser => f.write_str("database user"),
            Self::SetDefaultSchema { schema, .. } => write!(f, "default schema {schema}"),
            Self::AddToRole { role, .. } => write!(f, "database role {role}"),
            Self::GiveInDatabase { permission, .. } => write!(f, "{permission} in the database"),
        }
    }
}
