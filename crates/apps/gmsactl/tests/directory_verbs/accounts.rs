//! `gmsactl account`.

use serde_json::json;

use crate::world::World;

#[test]
fn a_gmsa_lives_from_creation_to_deletion() {
    let world = World::new();
    world.changes(&["group", "create", "Hosts"]);
    let made = world.changes(&[
        "account",
        "create",
        "SyncGMSA$",
        "--allow",
        "Hosts",
        "--spn",
        "HTTP/sync.contoso.com",
        "--description",
        "of a test",
        "--home-page",
        "https://contoso.com",
        "--interval-days",
        "7",
        "--sensitive",
        "on",
    ]);
    let attributes = made["changes"][0]["attributes"].as_array().unwrap();
    let value = |name: &str| {
        let found = attributes.iter().find(|one| one["attribute"] == name);
        found.unwrap_or_else(|| panic!("{name}: {made}"))["to"][0].clone()
    };
    assert_eq!(value("msDS-SupportedEncryptionTypes"), "24");
    assert_eq!(value("userAccountControl"), "1052672"); // 0x101000
    assert_eq!(value("dNSHostName"), "syncgmsa.contoso.com");
    assert!(
        value("msDS-GroupMSAMembership")
            .as_str()
            .unwrap()
            .starts_with("O:BAD:(A;;")
    );

    let shown = world.json(&["account", "show", "syncgmsa"]).done();
    assert_eq!(shown["gmsa"]["interval_days"], 7);
    assert_eq!(shown["gmsa"]["principals"][0]["name"], "Hosts");
    let list = world.json(&["account", "list"]).done();
    assert_eq!(list["gmsas"].as_array().unwrap().len(), 1);

    world.changes(&["account", "allow", "SyncGMSA", "MIMSYNC01"]);
    world.changes(&["account", "deny", "SyncGMSA", "Hosts"]);
    world.changes(&["account", "allow", "SyncGMSA", "Hosts", "--replace"]);
    let shown = world.json(&["account", "show", "SyncGMSA"]).done();
    assert_eq!(shown["gmsa"]["principals"].as_array().unwrap().len(), 1);

    let set = world.changes(&[
        "account",
        "set",
        "SyncGMSA",
        "--description",
        "",
        "--enabled",
        "off",
        "--sensitive",
        "off",
        "--encryption-types",
        "aes256,rc4",
        "--expires",
        "2030-01-01T00:00:00Z",
    ]);
    assert_eq!(
        set["changes"].as_array().unwrap().len(),
        1,
        "one change: {set}"
    );
    let shown = world.json(&["account", "show", "SyncGMSA"]).done();
    assert_eq!(
        (&shown["enabled"], &shown["encryption_types"]),
        (&json!(false), &json!(20))
    );

    world
        .json(&["account", "delete", "SyncGMSA"])
        .refused("refused", "--yes");
    let deleted = world.changes(&["account", "delete", "SyncGMSA", "--yes"]);
    assert_eq!(deleted["changes"][0]["change"], "delete");
    assert!(
        deleted["notes"]
            .to_string()
            .contains("HTTP/sync.contoso.com"),
        "{deleted}"
    );
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_done() {
    let world = World::new();
    world.changes(&["account", "create", "OneGMSA"]);
    let before = world.lab.snapshot();
    for (line, code) in [
        (&["account", "create", "far-too-long-name"][..], 64),
        (
            &["account", "create", "TwoGMSA", "--interval-days", "0"],
            64,
        ),
        (
            &["account", "set", "OneGMSA", "--encryption-types", "des"],
            64,
        ),
        (&["account", "set", "OneGMSA", "--interval-days", "9"], 64),
        (&["account", "set", "OneGMSA"], 64),
    ] {
        assert_eq!(
            world.json(line).ended(code)["error"]["kind"],
            "usage",
            "{line:?}"
        );
    }
    for (line, kind, says) in [
        (
            &["account", "create", "OneGMSA", "--interval-days", "9"][..],
            "exists",
            "interval is 30",
        ),
        (
            &["account", "create", "OneGMSA", "--allow", "MIMSYNC01"],
            "exists",
            "lacks",
        ),
        (&["account", "create", "MIMSYNC01"], "exists", "is no gMSA"),
        (
            &["account", "create", "TwoGMSA", "--allow", "nobody"],
            "not-found",
            "nobody",
        ),
        (
            &["account", "create", "TwoGMSA", "--spn", "HTTP/pamapi"],
            "conflict",
            "svc-pamrest",
        ),
        (
            &[
                "account",
                "create",
                "TwoGMSA",
                "--path",
                "OU=no,DC=contoso,DC=com",
            ],
            "not-found",
            "OU=no",
        ),
        (
            &["account", "allow", "svc-mimsync", "MIMSYNC01"],
            "conflict",
            "is no gMSA",
        ),
        (
            &["account", "delete", "svc-mimsync", "--yes"],
            "conflict",
            "is no gMSA",
        ),
        (&["account", "show", "nobody"], "not-found", "nobody"),
    ] {
        world.json(line).refused(kind, says);
    }
    let denied = [
        "account",
        "create",
        "TwoGMSA",
        "--user",
        "svc-mimsync",
        "--password-file",
        "service-password",
    ];
    world
        .json(&denied)
        .refused("denied", "Create msDS-GroupManagedServiceAccount");
    let unreachable = world.json(&["account", "list", "--server", "nowhere.invalid"]);
    unreachable.refused("unreachable", "nowhere.invalid");
    assert_eq!(world.lab.snapshot(), before);
}

#[test]
fn lost_answers_are_read_back() {
    let world = World::new();
    for line in [
        &["account", "create", "OneGMSA"][..],
        &["account", "allow", "OneGMSA", "MIMSYNC01"],
        &["account", "set", "OneGMSA", "--enabled", "off"],
        &["account", "delete", "OneGMSA", "--yes"],
    ] {
        world.lose_the_next_answer();
        assert_eq!(world.json(line).done()["changed"], true, "{line:?}");
    }
}

#[test]
fn a_test_names_the_one_cause() {
    let world = World::new();
    world.changes(&["group", "create", "Hosts"]);
    world.changes(&["account", "create", "WebGMSA", "--allow", "Hosts"]);
    let test = ["account", "test", "WebGMSA", "--host", "MIMSYNC01"];
    let cause = |id: &str, says: &str| {
        let document = world.json(&test).ended(1);
        assert_eq!(document["cause"]["id"], id, "{document}");
        assert!(document["cause"].to_string().contains(says), "{document}");
    };
    cause("allowed", "gmsactl group add Hosts MIMSYNC01$");
    world.changes(&["group", "create", "Inner"]);
    world.changes(&["group", "add", "Inner", "MIMSYNC01"]);
    world.changes(&["group", "add", "Hosts", "Inner"]);
    let usable = world.json(&test).done();
    assert!(
        usable
            .to_string()
            .contains("CN=Inner,CN=Users,DC=contoso,DC=com → CN=Hosts"),
        "{usable}"
    );
    let checks = usable["checks"].as_array().unwrap();
    let check = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap();
    assert_eq!(check("retrieval")["holds"], true, "{usable}");
    assert_eq!(check("log-on")["holds"], true, "{usable}");
    assert_eq!(
        check("ticket")["holds"],
        json!(null),
        "no agent answers: {usable}"
    );

    world.changes(&["account", "set", "WebGMSA", "--encryption-types", "rc4"]);
    world.changes(&[
        "account",
        "set",
        "MIMSYNC01",
        "--encryption-types",
        "aes256",
    ]);
    cause("encryption-types", "none in common");
    world.changes(&["account", "set", "WebGMSA", "--enabled", "off"]);
    cause("enabled", "--enabled on");
    let other = world.json(&["account", "test", "svc-mimsync"]).ended(1);
    assert_eq!(other["cause"]["id"], "account");
}
