use model::database::Repair;
use planner::database::{questions, script};
use sql::{Client, Parameter};

use crate::world::{SYNC, World, ask, number};

const ACCOUNT: &str = r"CONTOSO\svc-pamrest";

/// Login, user and role of an account in the Synchronization Service's database.
async fn access(client: &mut Client, world: &World) -> (usize, usize, Vec<String>) {
    let sid = world.sid("svc-pamrest").to_bytes();
    let of = [
        ("@sid", Parameter::Sid(&sid)),
        ("@account", Parameter::Text(ACCOUNT)),
    ];
    let logins = ask(client, questions::LOGINS, &of).await.unwrap();
    client.run("test", &format!("USE [{SYNC}]")).await.unwrap();
    let users = ask(client, questions::USERS, &of).await.unwrap();
    let name = [("@name", Parameter::Text(ACCOUNT))];
    let roles = ask(client, questions::DATABASE_ROLES, &name).await.unwrap();
    let roles = roles.iter().map(|row| row.text("role").unwrap().to_owned());
    (logins.len(), users.len(), roles.collect())
}

fn repairs() -> [Repair; 3] {
    [
        Repair::CreateLogin,
        Repair::CreateUser,
        Repair::AddToRole {
            user: ACCOUNT.into(),
            role: "db_owner".into(),
        },
    ]
}

#[tokio::test]
async fn the_planners_script_does_what_it_says_and_twice_is_once() {
    let world = World::new().await;
    let mut client = world.administrator().await;
    assert_eq!(access(&mut client, &world).await, (0, 0, vec![]));
    let script = script(ACCOUNT, &world.sid("svc-pamrest"), SYNC, &repairs());
    for _ in 0..2 {
        client.run("test", &script).await.unwrap();
        let expected = (1, 1, vec!["db_owner".to_owned()]);
        assert_eq!(access(&mut client, &world).await, expected);
    }
    let token = world.lab.domain().token(&world.sid("svc-pamrest"));
    assert!(world.sql.has(SYNC, &token, lab::mim::Role::Owner));
}

#[tokio::test]
async fn what_fails_half_way_leaves_nothing_behind() {
    let world = World::new().await;
    let mut client = world.administrator().await;
    let before = world.sql.content();
    let sid = world.sid("svc-pamrest");
    let no_such_role = Repair::AddToRole {
        user: ACCOUNT.into(),
        role: "nobody's".into(),
    };
    let all = [&repairs()[..], &[no_such_role]].concat();
    let failed = client.run("test", &script(ACCOUNT, &sid, SYNC, &all)).await;
    assert_eq!(number(failed), 15151);
    let failed = client
        .run("test", &script(ACCOUNT, &sid, "nowhere", &repairs()))
        .await;
    assert_eq!(number(failed), 911);
    let nobody = script(
        r"CONTOSO\nobody",
        &"S-1-5-21-1-2-3-4".parse().unwrap(),
        SYNC,
        &repairs(),
    );
    assert_eq!(number(client.run("test", &nobody).await), 15401);
    assert_eq!(world.sql.content(), before);
}

#[tokio::test]
async fn who_may_not_is_refused_and_sees_only_itself() {
    let world = World::new().await;
    let mut client = world.service().await;
    let before = world.sql.content();
    let sid = world.sid("svc-pamrest");
    let repaired = client
        .run("test", &script(ACCOUNT, &sid, SYNC, &repairs()))
        .await;
    assert_eq!(number(repaired), 15247);
    assert_eq!(world.sql.content(), before);
    let server = ask(&mut client, questions::SERVER, &[]).await.unwrap();
    assert_eq!(server[0].number("sees_logins"), Some(0));
    let administrator = world.sid("Administrator").to_bytes();
    let of = [
        ("@sid", Parameter::Sid(&administrator)),
        ("@account", Parameter::Text(r"CONTOSO\Administrator")),
    ];
    assert_eq!(ask(&mut client, questions::LOGINS, &of).await.unwrap(), []);
    let jobs = [("@sid", Parameter::Sid(&administrator))];
    assert_eq!(number(ask(&mut client, questions::JOBS, &jobs).await), 229);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_as_a_server_does() {
    let world = World::new().await;
    let mut client = world.administrator().await;
    for (batch, expected) in [
        ("SELECT * FROM sys.objects", 102),
        ("DROP DATABASE [x]", 102),
        ("USE [x", 105),
        ("USE [nowhere]", 911),
    ] {
        assert_eq!(number(client.run("test", batch).await), expected, "{batch}");
    }
    let outcome = client
        .ask("test", "SELECT name FROM sys.objects", &[])
        .await;
    assert_eq!(number(outcome), 208);
    let outcome = ask(&mut client, questions::LOGINS, &[]).await;
    assert_eq!(number(outcome), 137);
    // The connection lives on.
    assert_eq!(
        ask(&mut client, questions::SERVER, &[])
            .await
            .unwrap()
            .len(),
        1
    );
}
