//! `gmsactl account test`: every cause that it can name, on a lab that has it. Those of a host's agent are in
//! `tests/lab.rs`, on a lab with hosts that listen.

use lab::{DirectoryFault, LabSeed};
use security::Interval;
use serde_json::{Value, json};

use crate::world::{ADMINISTRATOR, SERVICE, World};

const TEST: [&str; 5] = ["account", "test", "WebGMSA", "--host", "MIMSYNC01"];

/// With a gMSA that MIMSYNC01 may use.
fn world(seed: impl FnOnce(&mut LabSeed)) -> World {
    let mut of = LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes());
    seed(&mut of);
    let world = World::of(of);
    world.changes(&["account", "create", "WebGMSA", "--allow", "MIMSYNC01"]);
    world
}

#[track_caller]
fn cause(world: &World, line: &[&str], id: &str, says: &[&str]) -> Value {
    let document = world.json(line).ended(1);
    assert_eq!(document["usable"], false);
    assert_eq!(document["cause"]["id"], id, "{document}");
    let cause = document["cause"].to_string();
    for words in says {
        assert!(cause.contains(words), "{words}: {cause}");
    }
    document
}

#[test]
fn a_read_only_domain_controller_is_the_cause() {
    let world = world(|seed| seed.grow_read_only_to(1).unwrap());
    let usable = world.json(&TEST).done();
    assert_eq!(usable["checks"][0]["id"], "controller", "{usable}");
    let there = [&TEST[..], &["--server", "rodc1.contoso.com"]].concat();
    let says = [
        "rodc1.contoso.com is a read-only domain controller",
        "name a writable one (dc1.contoso.com)",
        "--server",
    ];
    let document = cause(&world, &there, "controller", &says);
    assert_eq!(document["checks"].as_array().unwrap().len(), 1);
    // Every other verb refuses with the same words, before anything is asked.
    let before = world.lab.snapshot();
    let verb = ["group", "create", "Hosts", "--server", "rodc1.contoso.com"];
    world.json(&verb).refused("read-only", says[0]);
    let estate = std::fs::read_to_string(world.path().join("estate.toml")).unwrap();
    let named = estate.replace(
        "server = \"dc1.contoso.com\"",
        "server = \"rodc1.contoso.com\"",
    );
    assert_ne!(named, estate);
    world.write("estate.toml", named.as_bytes());
    world
        .json(&["discover"])
        .refused("read-only", "server under [domain]");
    assert_eq!(world.lab.snapshot(), before);
}

#[test]
fn a_connection_that_does_not_count_as_encrypted_is_the_cause() {
    let world = world(|_| ());
    let of = |id: &str, document: &Value| {
        let checks = document["checks"].as_array().unwrap().iter();
        checks.filter(|one| one["id"] == id).count()
    };
    assert_eq!(of("confidential", &world.json(&TEST).done()), 1);
    world.lab.controllers()[0].doubt_encryption(true);
    let says = ["8237", "load balancer", "transport \\\"sealed\\\""];
    let document = cause(&world, &TEST, "confidential", &says);
    assert_eq!(of("retrieval", &document), 0, "{document}");
    world.changes(&["account", "allow", "WebGMSA", "Administrator"]);
    let keytab = ["keytab", "write", "WebGMSA", "--out", "web.keytab"];
    world
        .json(&keytab)
        .refused("not-confidential", "load balancer");
}

#[test]
fn no_usable_root_key_is_the_cause() {
    let world = world(|_| ());
    assert!(world.lab.suffer(DirectoryFault::KdsKeyNotEffective));
    cause(&world, &TEST, "root-key", &["gmsactl kds list"]);
}

#[test]
fn a_domain_controller_that_has_not_heard_of_it_is_the_cause() {
    let world = world(|seed| {
        seed.grow_to(2).unwrap();
        seed.replication_delay = Interval::from_minutes(4);
    });
    let says = ["it has not come to dc2.contoso.com yet", "repadmin"];
    cause(&world, &TEST, "replicated", &says);
    world.lab.clock().advance(Interval::from_minutes(4));
    world.json(&TEST).done();
}

#[test]
fn clocks_that_differ_are_the_cause() {
    let world = world(|seed| seed.grow_to(2).unwrap());
    // Another domain controller does not let us in: whether its clock is why, it does not say.
    world.lab.controllers()[1].set_clock_skew(600);
    let usable = world.json(&TEST).done();
    let checks = usable["checks"].as_array().unwrap();
    let clock = checks.iter().find(|one| one["id"] == "clock").unwrap();
    assert_eq!(clock["holds"], json!(null), "{usable}");
    assert!(clock["detail"].to_string().contains("dc2.contoso.com"));

    world.lab.controllers()[1].set_clock_skew(0);
    world.lab.controllers()[0].set_clock_skew(600);
    let says = ["the clocks differ by", "dc1.contoso.com", "5 minutes"];
    cause(&world, &TEST, "clock", &says);
}

#[test]
fn an_account_that_is_no_gmsa_or_not_there_is_the_cause() {
    let world = world(|_| ());
    for name in ["svc-mimsync", "nobody"] {
        let document = cause(&world, &["account", "test", name], "account", &[name]);
        assert_ne!(document["cause"]["advice"], json!(null));
    }
}
