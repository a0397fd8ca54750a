//! `gmsactl sql check` on a database server of the lab.

use std::sync::Arc;

use lab::mim::{Role, SqlServer};
use lab::{LabSeed, RunningDatabaseServer};
use security::Sid;
use serde_json::{Value, json};

use crate::world::{ADMINISTRATOR, SERVICE, World};

const DATABASE: &str = "FIMSynchronizationService";
const NEW: &str = r"CONTOSO\MIMSyncGMSA$";

/// A domain, its database server with the old account's login and user, and the new account.
struct Estate {
    world: World,
    sql: Arc<SqlServer>,
    _server: RunningDatabaseServer,
}

impl Estate {
    fn new() -> Self {
        let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes());
        seed.database_server("SQL01");
        let world = World::of(seed);
        let sql = Arc::new(SqlServer::default());
        let server = world.database_server(&sql);
        let estate = Self {
            world,
            sql,
            _server: server,
        };
        estate.sql.make_administrator(estate.sid("Administrator"));
        estate
            .sql
            .grant(DATABASE, estate.sid("svc-mimsync"), Role::Owner);
        estate.create();
        estate
    }

    fn create(&self) {
        let created = ["account", "create", "MIMSyncGMSA", "--allow", "MIMSYNC01"];
        self.world.json(&created).done();
    }

    fn sid(&self, account: &str) -> Sid {
        let name = account.parse().unwrap();
        self.world.lab.domain().find(&name).unwrap().sid
    }

    /// Whether the new account owns the database, as MIM itself would find out.
    fn owns(&self) -> bool {
        let token = self.world.lab.domain().token(&self.sid("MIMSyncGMSA$"));
        self.sql.has(DATABASE, &token, Role::Owner)
    }
}

/// `sql check` of the new account, with more options.
fn line<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let check = [
        "sql",
        "check",
        "SQL01",
        "--database",
        DATABASE,
        "--account",
        "MIMSyncGMSA",
    ];
    [&check, more].concat()
}

fn holds(document: &Value) -> Vec<(String, bool)> {
    let checks = document["checks"].as_array().unwrap().iter();
    checks
        .map(|check| {
            let id = check["id"].as_str().unwrap().to_owned();
            (id, check["holds"].as_bool().unwrap())
        })
        .collect()
}

fn kinds(document: &Value) -> Vec<&str> {
    let repairs = document["repairs"].as_array().unwrap().iter();
    repairs.map(|it| it["kind"].as_str().unwrap()).collect()
}

#[test]
fn what_the_new_account_lacks_is_shown_given_and_seen_to_be_there() {
    let estate = Estate::new();
    let like = ["--like", "svc-mimsync"];
    let before = estate.sql.content();
    let shown = estate.world.json(&line(&like)).ended(1);
    assert_eq!(shown["account"], NEW);
    assert_eq!(
        holds(&shown),
        [
            ("login".to_owned(), false),
            ("database".to_owned(), true),
            ("user".to_owned(), false),
            ("roles".to_owned(), true),
            ("like".to_owned(), false),
            ("operator".to_owned(), true),
        ]
    );
    assert_eq!(
        kinds(&shown),
        ["create-login", "create-user", "add-to-role"]
    );
    let rehearsed = [&like[..], &["--repair", "--dry-run"]].concat();
    let rehearsed = estate.world.json(&line(&rehearsed)).ended(1);
    assert_eq!(estate.sql.content(), before, "nothing was changed");
    assert!(!estate.owns());

    let repair = [&like[..], &["--repair"]].concat();
    let repaired = estate.world.json(&line(&repair)).done();
    assert_eq!(repaired["changed"], true);
    assert_eq!(
        repaired["script"], rehearsed["script"],
        "what was shown is what was run"
    );
    assert!(
        holds(&repaired).iter().all(|(_, holds)| *holds),
        "{repaired}"
    );
    assert!(estate.owns());

    let again = estate.world.json(&line(&repair)).done();
    assert_eq!(again["changed"], false);
    assert_eq!(again["script"], "");
}

#[test]
fn the_script_alone_does_the_same() {
    let estate = Estate::new();
    let like = ["--like", "svc-mimsync", "--script"];
    let shown = estate.world.json(&line(&like[..2])).ended(1);
    let output = estate
        .world
        .command(&line(&[&like[..], &["-"]].concat()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let script = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown["script"], script.as_str());
    estate
        .world
        .json(&line(&[&like[..], &["repair.sql"]].concat()))
        .ended(1);
    let file = std::fs::read_to_string(estate.world.path().join("repair.sql")).unwrap();
    assert_eq!(file, script);
}

#[test]
fn an_account_that_was_made_anew_gets_in_again() {
    let estate = Estate::new();
    let repair = ["--role", "db_owner", "--repair"];
    estate.world.json(&line(&repair)).done();
    estate
        .world
        .json(&["account", "delete", "MIMSyncGMSA", "--yes"])
        .done();
    estate.create();
    assert!(!estate.owns());
    let found = estate.world.json(&line(&repair[..2])).ended(1);
    assert!(
        found["checks"].to_string().contains("account that is gone"),
        "{found}"
    );
    assert!(found["checks"].to_string().contains("orphan"), "{found}");
    assert_eq!(
        kinds(&found),
        ["drop-stale-login", "create-login", "map-user"]
    );
    estate.world.json(&line(&repair)).done();
    assert!(estate.owns());
}

#[test]
fn everything_of_the_old_account_and_the_rest_told() {
    let estate = Estate::new();
    let old = estate.sid("svc-mimsync");
    let changed: Result<(), ()> = estate.sql.transact(|content| {
        let login = content.details.entry(old).or_default();
        login.roles.insert("dbcreator".into());
        let database = content.databases.get_mut(DATABASE).unwrap();
        let user = database.users.entry(old).or_default();
        user.default_schema = Some("fim".into());
        user.roles.insert("fim'role]".into());
        user.schemas.insert("fim".into());
        Ok(())
    });
    changed.unwrap();
    let repair = ["--like", "svc-mimsync", "--repair"];
    let repaired = estate.world.json(&line(&repair)).done();
    assert_eq!(
        kinds(&repaired),
        [
            "create-login",
            "add-to-server-role",
            "create-user",
            "set-default-schema",
            "add-to-role",
            "add-to-role"
        ]
    );
    assert_eq!(
        repaired["not_copied"],
        json!([r"CONTOSO\svc-mimsync owns the schema fim"])
    );
    let content = estate.sql.content();
    let new = estate.sid("MIMSyncGMSA$");
    assert!(content.details[&new].roles.contains("dbcreator"));
    let user = &content.databases[DATABASE].users[&new];
    assert_eq!(user.default_schema.as_deref(), Some("fim"));
    assert!(user.roles.contains("fim'role]"));
}

#[test]
fn a_group_is_told_as_such() {
    let estate = Estate::new();
    let group = ["group", "create", "MIMDatabases"];
    estate.world.json(&group).done();
    let add = ["group", "add", "MIMDatabases", "MIMSyncGMSA$"];
    estate.world.json(&add).done();
    let principal = estate.world.json(&["group", "show", "MIMDatabases"]).done();
    let sid = principal["sid"].as_str().unwrap().parse().unwrap();
    estate.sql.grant(DATABASE, sid, Role::Owner);
    let found = estate.world.json(&line(&["--role", "db_owner"])).done();
    assert!(
        found["checks"][0]["detail"]
            .to_string()
            .contains("through the Windows group"),
        "{found}"
    );
}

#[test]
fn who_is_not_let_in_or_may_not_is_told_what_to_do() {
    let estate = Estate::new();
    let service = [
        "--user",
        "svc-mimsync",
        "--password-file",
        "service-password",
    ];
    let repair = [&["--role", "db_owner", "--repair"][..], &service].concat();
    let before = estate.sql.content();
    estate
        .world
        .json(&line(&repair))
        .refused("denied", "ALTER ANY LOGIN");
    assert_eq!(estate.sql.content(), before);
    let stranger = [
        "--user",
        "svc-pamrest",
        "--password-file",
        "service-password",
    ];
    estate
        .world
        .json(&line(&stranger))
        .refused("credential", "18456");
    let sa = ["--sql-user", "sa", "--sql-password-file"];
    let wrong = [&sa[..], &["service-password"]].concat();
    estate
        .world
        .json(&line(&wrong))
        .refused("credential", "18456");
    let right = [&sa[..], &["password", "--strict"]].concat();
    let found = estate.world.json(&line(&right)).ended(1);
    assert_eq!(found["server"]["operator"], "sa");
    let nobody = line(&["--like", "svc-nobody"]);
    estate
        .world
        .json(&nobody)
        .refused("not-found", "svc-nobody");
}

#[test]
fn the_server_is_asked_where_there_is_no_directory() {
    let estate = Estate::new();
    let address = {
        let text = std::fs::read_to_string(estate.world.path().join("estate.toml")).unwrap();
        let line = text.lines().find(|line| line.contains("sql01")).unwrap();
        line.to_owned()
    };
    let alone = format!(
        "format = 1\n[domain]\nname = \"contoso.com\"\nca-file = \"ca.pem\"\n[addresses]\n{address}\n"
    );
    estate.world.write("estate.toml", alone.as_bytes());
    let sa = [
        "--sql-user",
        "sa",
        "--sql-password-file",
        "password",
        "--account",
    ];
    let check = ["sql", "check", "SQL01", "--database", DATABASE];
    let asked = |name| estate.world.json(&[&check[..], &sa, &[name]].concat());
    let found = asked(r"CONTOSO\svc-mimsync").done();
    assert!(
        found["notes"].to_string().contains("Windows groups"),
        "{found}"
    );
    asked(r"CONTOSO\svc-nobody").refused("not-found", "svc-nobody");
    asked("svc-mimsync").ended(64);
}

#[test]
fn a_server_that_is_not_there_or_not_trusted_is_an_error() {
    let estate = Estate::new();
    let at = |server| {
        [
            "sql",
            "check",
            server,
            "--database",
            DATABASE,
            "--account",
            "MIMSyncGMSA",
        ]
    };
    estate
        .world
        .json(&at(r"SQL01\MIM"))
        .refused("unreachable", "Browser");
    estate
        .world
        .write("ca.pem", World::new().lab.authority_pem().as_bytes());
    estate
        .world
        .json(&at("SQL01"))
        .refused("untrusted", "unknown authority");
    let anybody = [&at("SQL01")[..], &["--danger-any-certificate"]].concat();
    estate.world.json(&anybody).ended(1);
}

#[test]
fn an_answer_that_was_lost_is_read_back_and_nothing_is_done_twice() {
    let estate = Estate::new();
    let repair = ["--like", "svc-mimsync", "--repair"];
    estate.sql.lose_the_next_answer();
    let repaired = estate.world.json(&line(&repair)).done();
    assert_eq!(repaired["changed"], true);
    assert!(estate.owns());
    let content = estate.sql.content();
    let again = estate.world.json(&line(&repair)).done();
    assert_eq!(again["changed"], false);
    assert_eq!(estate.sql.content(), content);
}
