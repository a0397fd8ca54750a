//! What is understood, and what is not.

use model::database::Repair;
use planner::database::script;

use super::*;

#[test]
fn what_the_planner_writes_is_understood() {
    let account = r"CONTOSO\MIM]o'gmsa$";
    let sid: security::Sid = "S-1-5-21-1-2-3-1105".parse().unwrap();
    let right = |on| Permission {
        state: PermissionState::GrantedToPassOn,
        name: "VIEW DEFINITION".into(),
        on,
    };
    let (user, object) = (account.to_owned(), ("a]".to_owned(), "b.c".to_owned()));
    let (schema, name) = object.clone();
    let repairs = [
        Repair::DropStaleLogin {
            login: account.into(),
        },
        Repair::CreateLogin,
        Repair::CreateUser,
        Repair::AddToRole {
            user: user.clone(),
            role: "db_owner".into(),
        },
        Repair::GiveInDatabase {
            user,
            permission: right(Securable::Object { schema, name }),
        },
    ];
    let parsed = parse(&script(account, &sid, "FIM;Sync", &repairs)).unwrap();
    let condition = |exists, logins, name: Option<&str>, equal| Condition {
        exists,
        logins,
        name: name.map(str::to_owned),
        sid: Some((equal, sid.to_bytes())),
    };
    let name = || account.to_owned();
    assert_eq!(
        parsed,
        [
            Statement::Set,
            Statement::Begin,
            Statement::Use("master".into()),
            Statement::If(
                condition(true, true, Some(account), false),
                Box::new(Statement::DropLogin(name()))
            ),
            Statement::If(
                condition(false, true, None, true),
                Box::new(Statement::CreateLogin(name()))
            ),
            Statement::Use("FIM;Sync".into()),
            Statement::If(
                condition(false, false, None, true),
                Box::new(Statement::CreateUser {
                    user: name(),
                    login: name()
                })
            ),
            Statement::AddToRole {
                role: "db_owner".into(),
                member: name()
            },
            Statement::Give {
                permission: right(Securable::Object {
                    schema: object.0,
                    name: object.1
                }),
                to: name()
            },
            Statement::Commit,
        ]
    );
}

#[test]
fn the_rest_is_a_syntax_error() {
    for (batch, number) in [
        ("CREATE LOGIN [a]", 102),
        ("CREATE LOGIN [a] FROM WINDOWS extra", 102),
        ("SELECT 1", 102),
        ("DROP TABLE [a]", 102),
        ("GRANT TO [a]", 102),
        ("REVOKE FROM [a]", 102),
        ("REVOKE SELECT TO [a]", 102),
        ("ALTER ROLE [a] MEMBER [b]", 102),
        (
            "IF EXISTS (SELECT 1 FROM sys.tables WHERE name = N'a') USE [a]",
            102,
        ),
        ("USE [a", 105),
        ("USE 'a", 105),
    ] {
        assert_eq!(parse(batch).unwrap_err().number, number, "{batch}");
    }
    assert_eq!(parse(" ; ;\n").unwrap(), []);
}

#[test]
fn what_takes_back_is_understood() {
    let parsed = parse(
        "ALTER SERVER ROLE [r] DROP MEMBER [a]; ALTER ROLE [r] DROP MEMBER [a]; DROP USER [a]; \
         REVOKE VIEW SERVER STATE FROM [a]; REVOKE SELECT ON SCHEMA::[s] FROM [a] CASCADE;",
    );
    let text = |text: &str| text.to_owned();
    let revoke = |name, on| Statement::Revoke {
        name: text(name),
        on,
        from: text("a"),
    };
    assert_eq!(
        parsed.unwrap(),
        [
            Statement::LeaveServerRole {
                role: text("r"),
                member: text("a")
            },
            Statement::LeaveRole {
                role: text("r"),
                member: text("a")
            },
            Statement::DropUser(text("a")),
            revoke("VIEW SERVER STATE", Securable::Whole),
            revoke("SELECT", Securable::Schema(text("s"))),
        ]
    );
}
