//! What a database server is asked. All of it reads catalogue views of SQL Server 2012 and later.
//!
//! Names are cast to `nvarchar` and switches to `int`, so that answers have four types: `int`, `bit`, `nvarchar` and
//! `varbinary`.

/// A query, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// For errors: "cannot …".
    pub doing: &'static str,
    /// The text; parameters begin with `@`.
    pub sql: &'static str,
}

/// The server, and the operator on it.
pub const SERVER: Question = Question {
    doing: "look at the server",
    sql: "SELECT CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS server, \
          CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS version, \
          CAST(SUSER_SNAME() AS nvarchar(128)) AS operator, \
          IS_SRVROLEMEMBER('sysadmin') AS sysadmin, \
          HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS sees_logins, \
          HAS_PERMS_BY_NAME(NULL, NULL, 'ALTER ANY LOGIN') AS alters_logins",
};

/// `@account`: the SID that Windows gives for the name, whether there is a login or not.
pub const SID_OF: Question = Question {
    doing: "look the account up",
    sql: "SELECT SUSER_SID(@account) AS sid",
};

/// `@database`: its state.
pub const DATABASE: Question = Question {
    doing: "look at the database",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name, CAST(state_desc AS nvarchar(60)) AS state, \
          HAS_DBACCESS(name) AS accessible, CAST(is_read_only AS int) AS read_only \
          FROM sys.databases WHERE name = @database",
};

/// `@sid`, `@account`: logins with this SID or this name.
pub const LOGINS: Question = Question {
    doing: "look at logins",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name, sid, CAST(type AS nvarchar(1)) AS kind, \
          CAST(is_disabled AS int) AS disabled FROM sys.server_principals \
          WHERE type IN ('S', 'U', 'G') AND (sid = @sid OR name = @account) ORDER BY name",
};

/// Logins of Windows groups.
pub const GROUP_LOGINS: Question = Question {
    doing: "look at logins of groups",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name, sid, CAST(type AS nvarchar(1)) AS kind, \
          CAST(is_disabled AS int) AS disabled FROM sys.server_principals WHERE type = 'G' ORDER BY name",
};

/// `@name`: the server roles of a login.
pub const SERVER_ROLES: Question = Question {
    doing: "look at server roles",
    sql: "SELECT CAST(held.name AS nvarchar(128)) AS role FROM sys.server_role_members AS membership \
          JOIN sys.server_principals AS held ON held.principal_id = membership.role_principal_id \
          JOIN sys.server_principals AS holder ON holder.principal_id = membership.member_principal_id \
          WHERE holder.name = @name ORDER BY held.name",
};

/// `@name`: what was granted or denied to a login on the server.
pub const SERVER_PERMISSIONS: Question = Question {
    doing: "look at rights on the server",
    sql: "SELECT CAST(given.state_desc AS nvarchar(60)) AS state, \
          CAST(given.permission_name AS nvarchar(128)) AS permission, \
          CAST(given.class_desc AS nvarchar(60)) AS class, CAST(NULL AS nvarchar(128)) AS in_schema, \
          CAST(NULL AS nvarchar(128)) AS object, given.major_id AS major, given.minor_id AS minor \
          FROM sys.server_permissions AS given \
          JOIN sys.server_principals AS holder ON holder.principal_id = given.grantee_principal_id \
          WHERE holder.name = @name ORDER BY given.permission_name",
};

/// In the database: what the operator may do.
pub const DATABASE_RIGHTS: Question = Question {
    doing: "look at the operator's rights in the database",
    sql: "SELECT HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), 'DATABASE', 'ALTER ANY USER') AS alters_users, \
          IS_ROLEMEMBER('db_owner') AS owns_database",
};

/// In the database, `@sid`, `@account`: users with this SID or this name.
pub const USERS: Question = Question {
    doing: "look at users of the database",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name, sid, CAST(type AS nvarchar(1)) AS kind, \
          CAST(default_schema_name AS nvarchar(128)) AS default_schema FROM sys.database_principals \
          WHERE type IN ('S', 'U', 'G') AND (sid = @sid OR name = @account) ORDER BY name",
};

/// In the database, `@name`: the roles of a user.
pub const DATABASE_ROLES: Question = Question {
    doing: "look at database roles",
    sql: "SELECT CAST(held.name AS nvarchar(128)) AS role FROM sys.database_role_members AS membership \
          JOIN sys.database_principals AS held ON held.principal_id = membership.role_principal_id \
          JOIN sys.database_principals AS holder ON holder.principal_id = membership.member_principal_id \
          WHERE holder.name = @name ORDER BY held.name",
};

/// In the database, `@name`: what was granted or denied to a user.
pub const DATABASE_PERMISSIONS: Question = Question {
    doing: "look at rights in the database",
    sql: "SELECT CAST(given.state_desc AS nvarchar(60)) AS state, \
          CAST(given.permission_name AS nvarchar(128)) AS permission, \
          CAST(given.class_desc AS nvarchar(60)) AS class, \
          CAST(CASE given.class WHEN 1 THEN OBJECT_SCHEMA_NAME(given.major_id) \
          WHEN 3 THEN SCHEMA_NAME(given.major_id) END AS nvarchar(128)) AS in_schema, \
          CAST(CASE given.class WHEN 1 THEN OBJECT_NAME(given.major_id) END AS nvarchar(128)) AS object, \
          given.major_id AS major, given.minor_id AS minor \
          FROM sys.database_permissions AS given \
          JOIN sys.database_principals AS holder ON holder.principal_id = given.grantee_principal_id \
          WHERE holder.name = @name ORDER BY given.permission_name",
};

/// In the database, `@name`: the schemas that a user owns.
pub const SCHEMAS: Question = Question {
    doing: "look at schemas",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name FROM sys.schemas \
          WHERE principal_id = DATABASE_PRINCIPAL_ID(@name) ORDER BY name",
};

/// `@sid`: the jobs of the SQL Server Agent that belong to a login.
pub const JOBS: Question = Question {
    doing: "look at jobs",
    sql: "SELECT CAST(name AS nvarchar(128)) AS name FROM msdb.dbo.sysjobs WHERE owner_sid = @sid ORDER BY name",
};

/// All of them.
pub const ALL: [Question; 13] = [
    SERVER,
    SID_OF,
    DATABASE,
    LOGINS,
    GROUP_LOGINS,
    SERVER_ROLES,
    SERVER_PERMISSIONS,
    DATABASE_RIGHTS,
    USERS,
    DATABASE_ROLES,
    DATABASE_PERMISSIONS,
    SCHEMAS,
    JOBS,
];
