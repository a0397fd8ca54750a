//! Several domain controllers: `--on-all-dcs` waits for the slowest of them.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use lab::LabSeed;
use security::Interval;
use serde_json::{Value, json};

use crate::world::{ADMINISTRATOR, SERVICE, World};

/// Below what Kerberos allows clocks to differ: the lab's is moved on by it.
const DELAY: Interval = Interval::from_minutes(4);

fn three() -> World {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes());
    seed.other_controllers = vec!["DC2".to_owned(), "DC3".to_owned()];
    seed.replication_delay = DELAY;
    World::of(seed)
}

fn late(document: &Value) -> Vec<(&str, &str)> {
    let states = document["domain_controllers"].as_array().unwrap();
    assert_eq!(states.len(), 3, "{document}");
    let late = states.iter().filter(|one| !one["late"].is_null());
    late.map(|one| {
        (
            one["domain_controller"].as_str().unwrap(),
            one["late"].as_str().unwrap(),
        )
    })
    .collect()
}

const LOOK_ONCE: [&str; 3] = ["--on-all-dcs", "--within", "0"];

#[test]
fn who_is_late_is_named_with_what_it_lacks() {
    let world = three();
    let run = |line: &[&str], code: i32| world.json(&[line, &LOOK_ONCE].concat()).ended(code);
    let made = run(&["account", "create", "SyncGMSA", "--spn", "HTTP/sync"], 1);
    assert_eq!(made["changed"], true);
    let lacks = "it does not have CN=SyncGMSA,CN=Managed Service Accounts,DC=contoso,DC=com";
    assert_eq!(
        late(&made),
        [("dc2.contoso.com", lacks), ("dc3.contoso.com", lacks)]
    );

    let controllers = world.lab.controllers();
    for controller in controllers {
        controller.set_replication_delay(Interval::ZERO);
    }
    world.lab.clock().advance(DELAY);
    controllers[2].stop_replication();
    let set = run(&["account", "set", "SyncGMSA", "--description", "new"], 1);
    let lacks =
        "it does not show the change of CN=SyncGMSA,CN=Managed Service Accounts,DC=contoso,DC=com";
    assert_eq!(late(&set), [("dc3.contoso.com", lacks)]);
    let moved = run(&["spn", "move", "HTTP/sync", "--to", "svc-mimsync"], 1);
    assert_eq!(late(&moved).len(), 1, "{moved}");

    controllers[2].resume_replication();
    let gone = run(&["account", "delete", "SyncGMSA", "--yes"], 0);
    assert_eq!(late(&gone), []);
    let nothing = run(&["group", "remove", "MIMSyncAdmins", "MIMSYNC01"], 0);
    assert_eq!(
        (&nothing["changed"], late(&nothing)),
        (&json!(false), vec![])
    );
}

#[test]
fn it_waits_until_the_last_has_it_and_tells_on_the_way() {
    let world = three();
    let line = [
        "group",
        "create",
        "Hosts",
        "--member",
        "MIMSYNC01",
        "--on-all-dcs",
        "--within",
        "5",
    ];
    let mut waiting = world
        .command(&line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let told: Vec<_> = told.map(Result::unwrap).take(3).collect();
    assert_eq!(told[0], "dc1.contoso.com  up to date");
    assert!(
        told[1].contains("dc2.contoso.com  late: it does not have CN=Hosts"),
        "{told:?}"
    );
    world.lab.clock().advance(DELAY);
    let mut text = String::new();
    waiting
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(waiting.wait().unwrap().success(), "{text}");
    assert!(text.contains("dc3.contoso.com  up to date"), "{text}");
}

#[test]
fn one_that_cannot_be_asked_is_late() {
    let world = three();
    let estate = std::fs::read_to_string(world.path().join("estate.toml")).unwrap();
    let known = estate.replace("\"dc3.contoso.com\"", "\"dc4.contoso.com\"");
    world.write("estate.toml", known.as_bytes());
    world.lab.controllers()[1].set_replication_delay(Interval::ZERO);
    let line = [&["group", "create", "Hosts"][..], &LOOK_ONCE].concat();
    let made = world.json(&line).ended(1);
    let unknown = ("dc3.contoso.com", "no address is known for dc3.contoso.com");
    assert!(late(&made).contains(&unknown), "{made}");
}
