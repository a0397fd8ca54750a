//! `gmsactl account rights` and `account copy-rights`.

use serde_json::json;

use crate::world::World;

const MEMBER: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";
const HEAD: &str = "DC=contoso,DC=com";
const HOLDER: &str = "CN=AdminSDHolder,CN=System,DC=contoso,DC=com";

#[test]
fn what_was_delegated_is_shown_and_copied() {
    let world = World::new();
    let shown = world.json(&["account", "rights", "svc-pamcomp"]).done();
    let rights = shown["rights"].as_array().unwrap();
    let on = |object: &str| {
        rights
            .iter()
            .filter(|right| right["object"] == object)
            .count()
    };
    assert_eq!((on(HEAD), on(HOLDER), rights.len()), (3, 1, 4), "{shown}");
    assert_eq!(shown["unreadable"], 0);
    let text = world.text(&["account", "rights", "svc-mimservice"]);
    for words in [
        "on DC=contoso,DC=com\n",
        "allow create, delete what is in it: user, on it and everything below",
        "allow read, write: member, on each group below",
        "on CN=Shadow Principal Configuration,CN=Services,CN=Configuration,DC=contoso,DC=com\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }

    let done = world.changes(&["account", "copy-rights", "svc-pamcomp", "svc-pamrest"]);
    assert_eq!(done["changes"].as_array().unwrap().len(), 2, "{done}");
    let copied = world.json(&["account", "rights", "svc-pamrest"]).done();
    let sid = copied["sid"].as_str().unwrap();
    let entries = copied["rights"].as_array().unwrap();
    let on_the_holder = entries.iter().find(|right| right["object"] == HOLDER);
    let entry = format!("(OA;;WP;{MEMBER};;{sid})");
    assert_eq!(on_the_holder.unwrap()["entry"], entry, "{copied}");
    assert_eq!(entries.len(), 4, "{copied}");
    // Nobody else lost anything, and what was written is what was shown.
    assert_eq!(
        world.json(&["account", "rights", "svc-pamcomp"]).done(),
        shown
    );
    let attribute = &done["changes"][0]["attributes"][0];
    assert_eq!(attribute["attribute"], "nTSecurityDescriptor");
    assert_eq!(attribute["from"], json!([]));
    assert_eq!(attribute["to"], json!([entry]));
}

#[test]
fn one_object_alone_and_who_is_nobody() {
    let world = World::new();
    let line = [
        "account",
        "copy-rights",
        "svc-mimservice",
        "svc-pamrest",
        "--on",
        "cn=adminsdholder,cn=system,dc=contoso,dc=com",
    ];
    let done = world.changes(&line);
    assert_eq!(done["changes"].as_array().unwrap().len(), 1, "{done}");
    let nothing = world
        .json(&["account", "copy-rights", "svc-ssprreg", "svc-pamrest"])
        .done();
    assert_eq!(nothing["changed"], false);
    assert_eq!(
        nothing["notes"],
        json!(["svc-ssprreg has no entries there"])
    );
    world
        .json(&["account", "rights", "nobody"])
        .refused("not-found", "nobody");
}

#[test]
fn a_missing_right_is_named() {
    let world = World::new();
    let line = [
        "account",
        "copy-rights",
        "svc-pamcomp",
        "svc-pamrest",
        "--user",
        "svc-mimsync",
        "--password-file",
        "service-password",
    ];
    let error = world.json(&line).refused("denied", "Modify permissions");
    assert!(error.to_string().contains(HOLDER), "{error}");
}
