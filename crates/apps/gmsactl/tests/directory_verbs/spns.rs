//! `gmsactl spn`.

use lab::{Fate, LabSeed, RequestKind};
use serde_json::json;

use crate::world::{SERVICE, World};

#[test]
fn spns_are_added_shown_moved_and_removed() {
    let world = World::new();
    world.changes(&[
        "spn",
        "add",
        "svc-mimsync",
        "HTTP/sync",
        "HTTP/sync.contoso.com",
    ]);
    let shown = world.json(&["spn", "show", "http/SYNC"]).done();
    assert_eq!(shown["spns"][0]["holder"], "svc-mimsync");
    let moved = world.json(&[
        "spn",
        "move",
        "HTTP/sync",
        "--to",
        "svc-pammon",
        "--dry-run",
    ]);
    assert_eq!(moved.done()["changes"].as_array().unwrap().len(), 2);
    let moved = world
        .json(&[
            "spn",
            "move",
            "HTTP/sync",
            "--to",
            "svc-pammon",
            "--from",
            "svc-mimsync",
        ])
        .done();
    assert_eq!(
        moved["changes"],
        json!([
            { "dn": "CN=svc-mimsync,CN=Users,DC=contoso,DC=com", "change": "modify", "attributes":
                [{ "attribute": "servicePrincipalName", "from": ["HTTP/sync"], "to": [] }] },
            { "dn": "CN=svc-pammon,CN=Users,DC=contoso,DC=com", "change": "modify", "attributes":
                [{ "attribute": "servicePrincipalName", "from": [], "to": ["HTTP/sync"] }] },
        ])
    );
    let again = world
        .json(&["spn", "move", "HTTP/sync", "--to", "svc-pammon"])
        .done();
    assert_eq!(again["changed"], false);
    world.changes(&["spn", "remove", "svc-pammon", "HTTP/sync"]);
    let check = world.json(&["spn", "check"]).done();
    assert_eq!(check["duplicates"], json!([]));
}

#[test]
fn what_is_taken_is_refused_with_its_holder() {
    let world = World::new();
    let before = world.lab.snapshot();
    let refused = world
        .json(&["spn", "add", "svc-mimsync", "HTTP/new", "http/pamapi"])
        .refused("conflict", "svc-pamrest");
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("spn move http/pamapi --to svc-mimsync")
    );
    world
        .json(&[
            "spn",
            "move",
            "HTTP/pamapi",
            "--to",
            "svc-mimsync",
            "--from",
            "svc-pammon",
        ])
        .refused("conflict", "is not on svc-pammon but on svc-pamrest");
    world
        .json(&["spn", "add", "nobody", "HTTP/new"])
        .refused("not-found", "nobody");
    world
        .json(&["spn", "add", "svc-mimsync", "nonsense"])
        .ended(64);
    assert_eq!(world.lab.snapshot(), before);
}

#[test]
fn a_move_whose_second_half_fails_is_put_back() {
    let world = World::new();
    let before = world.lab.snapshot();
    world.lab.faults().once(Fate::FailBefore, |request| {
        request.kind == RequestKind::Modify && request.subject.starts_with("CN=svc-mimsync,")
    });
    world
        .json(&["spn", "move", "HTTP/pamapi", "--to", "svc-mimsync"])
        .refused("failed", "HTTP/pamapi is on svc-pamrest again");
    assert_eq!(
        world.lab.snapshot().differences(&before),
        Vec::<String>::new()
    );
}

#[test]
fn duplicates_are_found() {
    let mut seed = LabSeed::reference_estate(b"Lab-Admin-Pa55", SERVICE.as_bytes());
    for object in &mut seed.objects {
        if object.name.starts_with("CN=svc-mimsync,") || object.name.starts_with("CN=svc-pammon,") {
            // As replication can leave it behind: past the check of uniqueness.
            object.force("servicePrincipalName", vec![b"HTTP/twice".to_vec()]);
        }
    }
    let world = World::of(seed);
    let check = world.json(&["spn", "check"]).ended(1);
    let duplicate = &check["duplicates"][0];
    assert_eq!(duplicate["spn"], "HTTP/twice");
    assert_eq!(duplicate["holders"].as_array().unwrap().len(), 2);
    world
        .json(&["spn", "move", "HTTP/twice", "--to", "svc-pamcomp"])
        .refused("conflict", "has 2 holders");
}
