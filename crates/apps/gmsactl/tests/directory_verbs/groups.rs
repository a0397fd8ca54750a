//! `gmsactl group`.

use serde_json::json;

use crate::world::World;

#[test]
fn members_come_and_go_and_are_shown_through_other_groups() {
    let world = World::new();
    let made = world.changes(&[
        "group",
        "create",
        "Hosts",
        "--description",
        "hosts of a test",
    ]);
    assert_eq!(made["changes"][0]["change"], "add");
    world.changes(&["group", "create", "Outer"]);
    let added = world.changes(&["group", "add", "Hosts", r"CONTOSO\MIMSYNC01", "mimsync02$"]);
    assert_eq!(added["changes"].as_array().unwrap().len(), 2);
    world.changes(&["group", "add", "Outer", "Hosts"]);
    // In a circle.
    world.changes(&["group", "add", "Hosts", "Outer"]);

    let shown = world.json(&["group", "show", "Outer"]).done();
    let members = shown["members"].as_array().unwrap();
    let found: Vec<_> = members
        .iter()
        .map(|member| (member["name"].as_str().unwrap(), &member["through"]))
        .collect();
    assert_eq!(
        found,
        [
            ("Hosts", &json!([])),
            ("MIMSYNC01$", &json!(["Hosts"])),
            ("MIMSYNC02$", &json!(["Hosts"])),
        ]
    );
    let text = world.text(&["group", "show", "Outer"]);
    assert!(text.contains("MIMSYNC01$  through Hosts"), "{text}");
    world.changes(&["group", "remove", "Hosts", "MIMSYNC02"]);
}

#[test]
fn wrong_names_and_types_leave_nothing_half_done() {
    let world = World::new();
    world.changes(&["group", "create", "Hosts"]);
    let before = world.lab.snapshot();
    world
        .json(&["group", "add", "Hosts", "MIMSYNC01", "NOBODY"])
        .refused("not-found", "NOBODY");
    world
        .json(&["group", "add", "NoGroup", "MIMSYNC01"])
        .refused("not-found", "there is no group NoGroup");
    world
        .json(&["group", "add", "svc-mimsync", "MIMSYNC01"])
        .refused("not-found", "there is no group svc-mimsync");
    world
        .json(&["group", "create", "svc-mimsync"])
        .refused("exists", "CN=svc-mimsync");
    world
        .json(&["group", "add", "Hosts", "Hosts"])
        .refused("conflict", "itself");
    world.json(&["group", "add", "Hosts"]).ended(64);
    let user = world.path().join("service-password");
    let denied = [
        "group",
        "add",
        "Hosts",
        "MIMSYNC01",
        "--user",
        "svc-mimsync",
        "--password-file",
        user.to_str().unwrap(),
    ];
    world.json(&denied).refused("denied", "Write Members");
    assert_eq!(world.lab.snapshot(), before);
}

#[test]
fn a_lost_answer_is_read_back() {
    let world = World::new();
    world.lose_the_next_answer();
    let made = world.json(&["group", "create", "Hosts"]).done();
    assert_eq!(made["changed"], true);
    world.lose_the_next_answer();
    let added = world.json(&["group", "add", "Hosts", "MIMSYNC01"]).done();
    assert_eq!(added["changes"][0]["attributes"][0]["attribute"], "member");
}
