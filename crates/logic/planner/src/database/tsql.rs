//! Repairs as Transact-SQL: one batch, one transaction, and nothing in it that does harm when it is run again.

use model::database::{Permission, PermissionState, Repair, Securable};
use security::Sid;

/// The database of logins.
pub(super) const MASTER: &str = "master";

/// A name in brackets, as `QUOTENAME` writes it.
pub fn quoted_name(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A Unicode text.
pub fn quoted_text(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// The batch that makes the repairs; empty where there is nothing to do. An error undoes all of it (`XACT_ABORT`).
pub fn script(account: &str, sid: &Sid, database: &str, repairs: &[Repair]) -> String {
    if repairs.is_empty() {
        return String::new();
    }
    let statements = repairs.iter().map(|repair| {
        let place = match repair.is_on_server() {
            true => MASTER,
            false => database,
        };
        (place, statement(account, sid, repair))
    });
    batch(statements)
}

/// One transaction of statements, each in its database.
pub(super) fn batch<'a>(statements: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut lines = vec![
        "SET XACT_ABORT ON;".to_owned(),
        "BEGIN TRANSACTION;".to_owned(),
    ];
    let mut place = None;
    for (wanted, statement) in statements {
        if place != Some(wanted) {
            lines.push(format!("USE {};", quoted_name(wanted)));
            place = Some(wanted);
        }
        lines.push(statement);
    }
    lines.push("COMMIT TRANSACTION;".to_owned());
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn statement(account: &str, sid: &Sid, repair: &Repair) -> String {
    let login = quoted_name(account);
    let sid = binary(sid);
    match repair {
        Repair::DropStaleLogin { login } => format!(
            "IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = {} AND sid <> {sid}) DROP LOGIN {};",
            quoted_text(login),
            quoted_name(login)
        ),
        Repair::CreateLogin => format!(
            "IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = {sid}) CREATE LOGIN {login} FROM WINDOWS;"
        ),
        Repair::EnableLogin => format!("ALTER LOGIN {login} ENABLE;"),
        Repair::AddToServerRole { role } => {
            format!(
                "ALTER SERVER ROLE {} ADD MEMBER {login};",
                quoted_name(role)
            )
        }
        Repair::GiveOnServer { permission } => given(permission, account),
        Repair::MapUser { user } => {
            format!("ALTER USER {} WITH LOGIN = {login};", quoted_name(user))
        }
        Repair::CreateUser => format!(
            "IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE sid = {sid}) CREATE USER {login} FOR LOGIN {login};"
        ),
        Repair::SetDefaultSchema { user, schema } => format!(
            "ALTER USER {} WITH DEFAULT_SCHEMA = {};",
            quoted_name(user),
            quoted_name(schema)
        ),
        Repair::AddToRole { user, role } => format!(
            "ALTER ROLE {} ADD MEMBER {};",
            quoted_name(role),
            quoted_name(user)
        ),
        Repair::GiveInDatabase { user, permission } => given(permission, user),
    }
}

fn given(permission: &Permission, to: &str) -> String {
    let (verb, behind) = match permission.state {
        PermissionState::Granted => ("GRANT", ""),
        PermissionState::GrantedToPassOn => ("GRANT", " WITH GRANT OPTION"),
        PermissionState::Denied => ("DENY", ""),
    };
    let right = right(permission);
    format!("{verb} {right} TO {}{behind};", quoted_name(to))
}

/// Takes a right back; who passed it on loses that too.
pub(super) fn revoked(permission: &Permission, from: &str) -> String {
    let behind = match permission.state {
        PermissionState::GrantedToPassOn => " CASCADE",
        PermissionState::Granted | PermissionState::Denied => "",
    };
    let right = right(permission);
    format!("REVOKE {right} FROM {}{behind};", quoted_name(from))
}

fn right(permission: &Permission) -> String {
    let on = match &permission.on {
        Securable::Whole | Securable::Other(_) => String::new(),
        Securable::Schema(name) => format!(" ON SCHEMA::{}", quoted_name(name)),
        Securable::Object { schema, name } => {
            format!(" ON OBJECT::{}.{}", quoted_name(schema), quoted_name(name))
        }
    };
    // The name of a right is one of the server's own words and cannot be quoted: nothing else gets through.
    let name: String = permission
        .name
        .chars()
        .filter(|c| c.is_ascii_alphabetic() || *c == ' ')
        .collect();
    format!("{name}{on}")
}

fn binary(sid: &Sid) -> String {
    let digits = sid
        .to_bytes()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<String>();
    format!("0x{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid() -> Sid {
        "S-1-5-21-1-2-3-1105".parse().unwrap()
    }

    #[test]
    fn names_and_texts_cannot_break_out() {
        assert_eq!(quoted_name("a]b"), "[a]]b]");
        assert_eq!(quoted_name("]; DROP LOGIN [sa"), "[]]; DROP LOGIN [sa]");
        assert_eq!(quoted_name("o'neil"), "[o'neil]");
        assert_eq!(quoted_text("o'neil"), "N'o''neil'");
        assert_eq!(quoted_text("'; DROP --"), "N'''; DROP --'");
        assert_eq!(quoted_text("a]b"), "N'a]b'");
    }

    #[test]
    fn every_repair_as_text() {
        let permission = |state, name: &str, on| Permission {
            state,
            name: name.to_owned(),
            on,
        };
        let schema = Securable::Schema("s]".into());
        let object = Securable::Object {
            schema: "dbo".into(),
            name: "usp_'x".into(),
        };
        let account = r"CONTOSO\MIM]gmsa$";
        let user = account.to_owned();
        let repairs = [
            Repair::DropStaleLogin {
                login: account.to_owned(),
            },
            Repair::CreateLogin,
            Repair::EnableLogin,
            Repair::AddToServerRole {
                role: "dbcreator".into(),
            },
            Repair::GiveOnServer {
                permission: permission(
                    PermissionState::Granted,
                    "VIEW SERVER STATE",
                    Securable::Whole,
                ),
            },
            Repair::MapUser { user: user.clone() },
            Repair::CreateUser,
            Repair::SetDefaultSchema {
                user: user.clone(),
                schema: "fim".into(),
            },
            Repair::AddToRole {
                user: user.clone(),
                role: "db_owner".into(),
            },
            Repair::GiveInDatabase {
                user: user.clone(),
                permission: permission(PermissionState::GrantedToPassOn, "SELECT", schema),
            },
            Repair::GiveInDatabase {
                user,
                permission: permission(PermissionState::Denied, "EXECUTE; DROP", object),
            },
        ];
        insta::assert_snapshot!(script(account, &sid(), "FIM'Sync]", &repairs), @r"
        SET XACT_ABORT ON;
        BEGIN TRANSACTION;
        USE [master];
        IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'CONTOSO\MIM]gmsa$' AND sid <> 0x01050000000000051500000001000000020000000300000051040000) DROP LOGIN [CONTOSO\MIM]]gmsa$];
        IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = 0x01050000000000051500000001000000020000000300000051040000) CREATE LOGIN [CONTOSO\MIM]]gmsa$] FROM WINDOWS;
        ALTER LOGIN [CONTOSO\MIM]]gmsa$] ENABLE;
        ALTER SERVER ROLE [dbcreator] ADD MEMBER [CONTOSO\MIM]]gmsa$];
        GRANT VIEW SERVER STATE TO [CONTOSO\MIM]]gmsa$];
        USE [FIM'Sync]]];
        ALTER USER [CONTOSO\MIM]]gmsa$] WITH LOGIN = [CONTOSO\MIM]]gmsa$];
        IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE sid = 0x01050000000000051500000001000000020000000300000051040000) CREATE USER [CONTOSO\MIM]]gmsa$] FOR LOGIN [CONTOSO\MIM]]gmsa$];
        ALTER USER [CONTOSO\MIM]]gmsa$] WITH DEFAULT_SCHEMA = [fim];
        ALTER ROLE [db_owner] ADD MEMBER [CONTOSO\MIM]]gmsa$];
        GRANT SELECT ON SCHEMA::[s]]] TO [CONTOSO\MIM]]gmsa$] WITH GRANT OPTION;
        DENY EXECUTE DROP ON OBJECT::[dbo].[usp_'x] TO [CONTOSO\MIM]]gmsa$];
        COMMIT TRANSACTION;
        ");
        assert_eq!(script(account, &sid(), "x", &[]), "");
    }
}
