//! `gmsactl delegation`.

use serde_json::json;

use crate::world::World;

#[test]
fn every_form_is_set_shown_and_taken_back() {
    let world = World::new();
    let before = world.lab.snapshot();
    world.changes(&[
        "delegation",
        "set",
        "svc-pamrest",
        "--to",
        "FIMService/mimservice",
        "--from",
        "MIMPAM01",
        "--protocol-transition",
        "on",
        "--sensitive",
        "on",
        "--danger-unconstrained",
        "on",
    ]);
    let shown = world.json(&["delegation", "show", "svc-pamrest"]).done();
    assert_eq!(
        shown["delegation"]["services"],
        json!(["FIMService/mimservice"])
    );
    assert_eq!(shown["callers"][0]["name"], "MIMPAM01$");
    for bit in ["unconstrained", "protocol_transition", "not_delegated"] {
        assert_eq!(shown["delegation"][bit], true, "{shown}");
    }
    let text = world.text(&["delegation", "show", "svc-pamrest"]);
    assert!(text.contains("unconstrained          on"), "{text}");
    world.changes(&[
        "delegation",
        "set",
        "svc-pamrest",
        "--not-to",
        "fimservice/MIMSERVICE",
        "--not-from",
        "MIMPAM01",
        "--protocol-transition",
        "off",
        "--sensitive",
        "off",
        "--danger-unconstrained",
        "off",
    ]);
    assert_eq!(
        world.lab.snapshot().differences(&before),
        Vec::<String>::new()
    );
}

#[test]
fn a_missing_privilege_is_named() {
    let world = World::new();
    let line = [
        "delegation",
        "set",
        "svc-mimsync",
        "--to",
        "HTTP/x",
        "--user",
        "svc-mimsync",
        "--password-file",
        "service-password",
    ];
    world
        .json(&line)
        .refused("denied", "SeEnableDelegationPrivilege");
    world.json(&["delegation", "set", "svc-mimsync"]).ended(64);
    world
        .json(&["delegation", "show", "nobody"])
        .refused("not-found", "nobody");
}
