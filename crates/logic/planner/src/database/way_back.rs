//! Repairs taken back: what the account got is taken away again, and what it got from others since then stays.

use model::database::{DatabaseAccess, Permission, PermissionState, Repair};

use super::tsql::{MASTER, batch, quoted_name, revoked};

/// The batch that takes back what was given, as far as the account still has it; empty where nothing is left to take.
///
/// A user that has more by now stays, and its login with it. The dropped login of an account that is gone stays dropped.
pub fn way_back(database: &str, given: &[Repair], now: &DatabaseAccess) -> String {
    let (in_database, user_stays) = in_database(given, now);
    let on_server = on_server(given, now, user_stays);
    let in_database = in_database.into_iter().map(|it| (database, it));
    let on_server = on_server.into_iter().map(|it| (MASTER, it));
    let all: Vec<_> = in_database.chain(on_server).collect();
    if all.is_empty() {
        return String::new();
    }
    batch(all.into_iter())
}

/// The statements, and whether the user that was made stays.
fn in_database(given: &[Repair], now: &DatabaseAccess) -> (Vec<String>, bool) {
    let Some(user) = now.user() else {
        return (Vec::new(), false);
    };
    let name = quoted_name(&user.name);
    let roles = given.iter().filter_map(|repair| match repair {
        Repair::AddToRole { role, .. } if user.roles.contains(role) => Some(role),
        _ => None,
    });
    let rights = given.iter().filter_map(|repair| match repair {
        Repair::GiveInDatabase { permission, .. } if user.permissions.contains(permission) => {
            Some(permission)
        }
        _ => None,
    });
    let (roles, rights): (Vec<_>, Vec<_>) = (roles.collect(), rights.collect());
    let more = user.roles.iter().any(|role| !roles.contains(&role))
        || !user.schemas.is_empty()
        || has_more(&user.permissions, &rights);
    let is_ours = given.contains(&Repair::CreateUser);
    let away = is_ours && !more;
    let leave = |role: &&String| format!("ALTER ROLE {} DROP MEMBER {name};", quoted_name(role));
    let mut statements: Vec<_> = rights.iter().map(|it| revoked(it, &user.name)).collect();
    statements.extend(roles.iter().map(leave));
    statements.extend(away.then(|| format!("DROP USER {name};")));
    (statements, is_ours && more)
}

fn on_server(given: &[Repair], now: &DatabaseAccess, user_stays: bool) -> Vec<String> {
    let Some(login) = now.login() else {
        return Vec::new();
    };
    let name = quoted_name(&login.name);
    let roles = given.iter().filter_map(|repair| match repair {
        Repair::AddToServerRole { role } if login.roles.contains(role) => Some(role),
        _ => None,
    });
    let rights = given.iter().filter_map(|repair| match repair {
        Repair::GiveOnServer { permission } if login.permissions.contains(permission) => {
            Some(permission)
        }
        _ => None,
    });
    let (roles, rights): (Vec<_>, Vec<_>) = (roles.collect(), rights.collect());
    let more = login.roles.iter().any(|role| !roles.contains(&role))
        || has_more(&login.permissions, &rights)
        || now.jobs.as_ref().is_some_and(|jobs| !jobs.is_empty());
    let leave = |role: &&String| {
        let role = quoted_name(role);
        format!("ALTER SERVER ROLE {role} DROP MEMBER {name};")
    };
    let mut statements: Vec<_> = rights.iter().map(|it| revoked(it, &login.name)).collect();
    statements.extend(roles.iter().map(leave));
    if given.contains(&Repair::CreateLogin) && !more && !user_stays {
        statements.push(format!("DROP LOGIN {name};"));
    } else if given.contains(&Repair::EnableLogin) && login.enabled {
        statements.push(format!("ALTER LOGIN {name} DISABLE;"));
    }
    statements
}

/// Whether somebody else gave a right; those to connect come with every login and user.
fn has_more(held: &[Permission], ours: &[&Permission]) -> bool {
    let comes_along = |it: &Permission| {
        matches!(it.name.as_str(), "CONNECT" | "CONNECT SQL")
            && it.state == PermissionState::Granted
    };
    held.iter()
        .any(|it| !ours.contains(&it) && !comes_along(it))
}

#[cfg(test)]
mod tests {
    use model::database::{DatabaseUser, Login, PrincipalKind};

    use super::*;

    fn given() -> Vec<Repair> {
        let user = r"CONTOSO\gmsa$".to_owned();
        let role = "db_owner".to_owned();
        vec![
            Repair::CreateLogin,
            Repair::CreateUser,
            Repair::AddToRole { user, role },
        ]
    }

    fn access(roles: &[&str]) -> DatabaseAccess {
        let sid = "S-1-5-21-1-2-3-1105".parse().unwrap();
        let (name, kind) = (r"CONTOSO\gmsa$".to_owned(), PrincipalKind::WindowsUser);
        DatabaseAccess {
            account: name.clone(),
            sid,
            logins: vec![Login {
                name: name.clone(),
                sid: Some(sid),
                kind,
                enabled: true,
                roles: Vec::new(),
                permissions: Vec::new(),
            }],
            users: vec![DatabaseUser {
                name,
                sid: Some(sid),
                kind,
                default_schema: None,
                roles: roles.iter().map(|&role| role.to_owned()).collect(),
                permissions: Vec::new(),
                schemas: Vec::new(),
            }],
            jobs: None,
            groups: Vec::new(),
        }
    }

    #[test]
    fn what_was_made_goes() {
        insta::assert_snapshot!(way_back("FIMSync", &given(), &access(&["db_owner"])), @r"
        SET XACT_ABORT ON;
        BEGIN TRANSACTION;
        USE [FIMSync];
        ALTER ROLE [db_owner] DROP MEMBER [CONTOSO\gmsa$];
        DROP USER [CONTOSO\gmsa$];
        USE [master];
        DROP LOGIN [CONTOSO\gmsa$];
        COMMIT TRANSACTION;
        ");
    }

    #[test]
    fn what_others_added_stays_and_holds_user_and_login() {
        let script = way_back("FIMSync", &given(), &access(&["db_owner", "reports"]));
        assert!(
            script.contains("DROP MEMBER")
                && !script.contains("DROP USER")
                && !script.contains("LOGIN"),
            "{script}"
        );
        let mut access = access(&["db_owner"]);
        access.jobs = Some(vec!["nightly".to_owned()]);
        let script = way_back("FIMSync", &given(), &access);
        assert!(
            script.contains("DROP USER") && !script.contains("DROP LOGIN"),
            "{script}"
        );
    }

    #[test]
    fn a_second_time_nothing_is_left_to_take() {
        let mut gone = access(&[]);
        (gone.logins, gone.users) = (Vec::new(), Vec::new());
        assert_eq!(way_back("FIMSync", &given(), &gone), "");
        let only_role = &given()[2..];
        let kept = way_back("FIMSync", only_role, &access(&["db_owner"]));
        assert!(!kept.contains("USER") && !kept.contains("LOGIN"), "{kept}");
    }
}
