use model::database::{
    DatabaseUser, OperatorRights, Permission, PermissionState, PrincipalKind, Securable,
};
use security::Sid;

use super::*;

const NEW: &str = "S-1-5-21-1-2-3-1201";
const OLD: &str = "S-1-5-21-1-2-3-1105";
const GONE: &str = "S-1-5-21-1-2-3-1199";
const GROUP: &str = "S-1-5-21-1-2-3-1300";

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

fn login(name: &str, of: &str) -> Login {
    Login {
        name: format!(r"CONTOSO\{name}"),
        sid: Some(sid(of)),
        kind: PrincipalKind::WindowsUser,
        enabled: true,
        roles: Vec::new(),
        permissions: vec![right("CONNECT SQL", Securable::Whole)],
    }
}

fn user(name: &str, of: &str, roles: &[&str]) -> DatabaseUser {
    DatabaseUser {
        name: format!(r"CONTOSO\{name}"),
        sid: Some(sid(of)),
        kind: PrincipalKind::WindowsUser,
        default_schema: Some("dbo".into()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        permissions: vec![right("CONNECT", Securable::Whole)],
        schemas: Vec::new(),
    }
}

fn right(name: &str, on: Securable) -> Permission {
    Permission {
        state: PermissionState::Granted,
        name: name.to_owned(),
        on,
    }
}

fn access(name: &str, of: &str) -> DatabaseAccess {
    DatabaseAccess {
        account: format!(r"CONTOSO\{name}"),
        sid: sid(of),
        logins: Vec::new(),
        users: Vec::new(),
        jobs: Some(Vec::new()),
        groups: Vec::new(),
    }
}

fn server(rights: OperatorRights) -> DatabaseServer {
    DatabaseServer {
        name: "SQL01".into(),
        version: "15.0.2000.5".into(),
        operator: r"CONTOSO\Administrator".into(),
        rights,
    }
}

fn sysadmin() -> DatabaseServer {
    server(OperatorRights {
        sysadmin: true,
        sees_logins: true,
        alters_logins: true,
        alters_users: true,
        owns_database: true,
    })
}

fn online() -> Database {
    Database {
        name: "FIMSync".into(),
        state: "ONLINE".into(),
        accessible: true,
        read_only: false,
    }
}

fn judged(account: &DatabaseAccess, like: Option<&DatabaseAccess>, roles: &[&str]) -> Verdict {
    judged_on(&sysadmin(), Some(&online()), account, like, roles)
}

fn judged_on(
    server: &DatabaseServer,
    database: Option<&Database>,
    account: &DatabaseAccess,
    like: Option<&DatabaseAccess>,
    roles: &[&str],
) -> Verdict {
    let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
    judge(&Matter {
        server,
        database_name: "FIMSync",
        database,
        account,
        like,
        roles: &roles,
    })
}

#[track_caller]
fn check<'a>(verdict: &'a Verdict, id: &str) -> &'a Check {
    let mut checks = verdict.checks.iter();
    checks
        .find(|it| it.id == id)
        .unwrap_or_else(|| panic!("{id}: {verdict:?}"))
}

fn owner() -> Repair {
    Repair::AddToRole {
        user: r"CONTOSO\new$".into(),
        role: "db_owner".into(),
    }
}

#[test]
fn nothing_there_is_made_from_the_ground_up() {
    let verdict = judged(&access("new$", NEW), None, &["db_owner"]);
    assert!(!verdict.holds());
    for id in ["login", "user", "roles"] {
        assert!(!check(&verdict, id).holds, "{id}");
    }
    assert_eq!(
        verdict.repairs,
        [Repair::CreateLogin, Repair::CreateUser, owner()]
    );
}

#[test]
fn everything_there_is_left_alone() {
    let mut account = access("new$", NEW);
    account.logins.push(login("new$", NEW));
    account.users.push(user("new$", NEW, &["db_owner"]));
    let verdict = judged(&account, None, &["db_owner"]);
    assert!(verdict.holds(), "{verdict:?}");
    assert_eq!(verdict.repairs, []);
}

#[test]
fn a_recreated_account_gets_a_new_login_and_its_user_back() {
    let mut account = access("new$", NEW);
    account.logins.push(login("new$", GONE));
    account.users.push(user("new$", GONE, &["db_owner"]));
    let verdict = judged(&account, None, &["db_owner"]);
    assert!(check(&verdict, "login").detail.contains("made anew"));
    assert!(check(&verdict, "user").detail.contains("orphan"));
    assert!(check(&verdict, "roles").holds);
    assert_eq!(
        verdict.repairs,
        [
            Repair::DropStaleLogin {
                login: r"CONTOSO\new$".into()
            },
            Repair::CreateLogin,
            Repair::MapUser {
                user: r"CONTOSO\new$".into()
            },
        ]
    );
}

#[test]
fn what_the_old_account_has_is_given_and_the_rest_is_told() {
    let mut old = access("old", OLD);
    let mut old_login = login("old", OLD);
    old_login.roles.push("dbcreator".into());
    let state = right("VIEW SERVER STATE", Securable::Whole);
    let endpoint = right("CONNECT", Securable::Other("ENDPOINT 5".into()));
    old_login.permissions.extend([state.clone(), endpoint]);
    old.logins.push(old_login);
    let mut old_user = user("old", OLD, &["db_owner", "fim"]);
    let execute = right("EXECUTE", Securable::Schema("debug".into()));
    old_user.permissions.push(execute.clone());
    old_user.default_schema = Some("fim".into());
    old_user.schemas.push("fim".into());
    old.users.push(old_user);
    old.jobs = Some(vec!["FIM_TemporalEventsJob".into()]);

    let mut account = access("new$", NEW);
    account.logins.push(login("new$", NEW));
    account.users.push(user("new$", NEW, &["db_owner"]));
    let verdict = judged(&account, Some(&old), &[]);
    let new = || r"CONTOSO\new$".to_owned();
    assert_eq!(
        verdict.repairs,
        [
            Repair::AddToServerRole {
                role: "dbcreator".into()
            },
            Repair::GiveOnServer { permission: state },
            Repair::SetDefaultSchema {
                user: new(),
                schema: "fim".into()
            },
            Repair::AddToRole {
                user: new(),
                role: "fim".into()
            },
            Repair::GiveInDatabase {
                user: new(),
                permission: execute
            },
        ]
    );
    assert!(!check(&verdict, "like").holds);
    assert_eq!(
        verdict.not_copied,
        [
            r"CONTOSO\old owns the schema fim",
            r"CONTOSO\old owns the job FIM_TemporalEventsJob",
            r"CONTOSO\old has CONNECT on ENDPOINT 5",
        ]
    );
}

#[test]
fn the_owner_of_the_database_makes_the_new_account_db_owner() {
    let mut old = access("old", OLD);
    old.logins.push(login("old", OLD));
    let mut dbo = user("old", OLD, &["db_owner"]);
    dbo.name = "dbo".into();
    old.users.push(dbo);
    let verdict = judged(&access("new$", NEW), Some(&old), &[]);
    assert_eq!(
        verdict.repairs,
        [Repair::CreateLogin, Repair::CreateUser, owner()]
    );
    assert!(verdict.not_copied[0].contains("owns the database itself"));
}

fn group(roles: &[&str]) -> GroupAccess {
    let mut login = login("MIMServers", GROUP);
    login.kind = PrincipalKind::WindowsGroup;
    GroupAccess {
        login,
        user: Some(user("MIMServers", GROUP, roles)),
    }
}

#[test]
fn a_group_is_a_way_in_and_said_as_such() {
    let mut account = access("new$", NEW);
    account.groups.push(group(&["db_owner"]));
    let verdict = judged(&account, None, &["db_owner"]);
    assert!(verdict.holds(), "{verdict:?}");
    for id in ["login", "user"] {
        let detail = &check(&verdict, id).detail;
        assert!(
            detail.contains(r"through the Windows group CONTOSO\MIMServers"),
            "{detail}"
        );
    }
    assert_eq!(verdict.repairs, []);

    account.groups = vec![group(&[])];
    let verdict = judged(&account, None, &["db_owner"]);
    assert_eq!(
        verdict.repairs,
        [Repair::CreateLogin, Repair::CreateUser, owner()]
    );
}

#[test]
fn a_denial_is_told_and_never_taken_away() {
    let mut account = access("new$", NEW);
    let mut denied = login("new$", NEW);
    denied.permissions[0].state = PermissionState::Denied;
    account.logins.push(denied);
    account.users.push(user("new$", NEW, &["db_owner"]));
    let verdict = judged(&account, None, &[]);
    assert!(!check(&verdict, "login-denied").holds);
    assert_eq!(verdict.repairs, []);
}

#[test]
fn a_disabled_login_is_enabled() {
    let mut account = access("new$", NEW);
    let mut disabled = login("new$", NEW);
    disabled.enabled = false;
    account.logins.push(disabled);
    account.users.push(user("new$", NEW, &[]));
    assert_eq!(judged(&account, None, &[]).repairs, [Repair::EnableLogin]);
}

#[test]
fn sysadmin_needs_no_user() {
    let mut account = access("new$", NEW);
    let mut all = login("new$", NEW);
    all.roles.push("sysadmin".into());
    account.logins.push(all);
    let verdict = judged(&account, None, &[]);
    assert!(verdict.holds(), "{verdict:?}");
    assert_eq!(verdict.repairs, []);
}

#[test]
fn without_a_way_into_the_database_only_the_server_is_repaired() {
    for (database, says) in [
        (None, "no database"),
        (
            Some(Database {
                state: "RESTORING".into(),
                accessible: false,
                ..online()
            }),
            "restoring",
        ),
        (
            Some(Database {
                accessible: false,
                ..online()
            }),
            "does not get into",
        ),
    ] {
        let verdict = judged_on(
            &sysadmin(),
            database.as_ref(),
            &access("new$", NEW),
            None,
            &["db_owner"],
        );
        let check = check(&verdict, "database");
        assert!(!check.holds && check.detail.contains(says), "{check:?}");
        assert_eq!(verdict.repairs, [Repair::CreateLogin]);
    }
}

#[test]
fn an_operator_without_the_rights_is_told_which() {
    let blind = server(OperatorRights::default());
    let verdict = judged_on(
        &blind,
        Some(&online()),
        &access("new$", NEW),
        None,
        &["db_owner"],
    );
    assert!(check(&verdict, "login").detail.contains("cannot be told"));
    let detail = &check(&verdict, "operator").detail;
    for right in ["ALTER ANY LOGIN", "ALTER ANY USER", "db_owner"] {
        assert!(detail.contains(right), "{detail}");
    }
}
