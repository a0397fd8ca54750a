//! `gmsactl kds add`, `kds wait` and `keytab`.

use std::os::unix::fs::PermissionsExt;

use managed_password::Keytab;
use security::Interval;

use crate::world::World;

#[test]
fn a_root_key_is_created_once_and_waited_for() {
    let world = World::new();
    world
        .json(&["kds", "add", "--yes"])
        .refused("exists", "can be used");
    world
        .json(&["kds", "add", "--another"])
        .refused("refused", "10 hours");
    let before = world.lab.snapshot();
    let shown = world.json(&["kds", "add", "--another", "--dry-run"]).done();
    assert_eq!(world.lab.snapshot(), before);
    assert!(shown.to_string().contains("(64 secret bytes)"), "{shown}");
    let made = world.json(&["kds", "add", "--another", "--yes"]).done();
    let dn = made["changes"][0]["dn"].as_str().unwrap();
    let id = &dn[3..39];

    // Any key can be used; the new one only hours later.
    world.json(&["kds", "wait", "--timeout", "0"]).done();
    let late = world.json(&["kds", "wait", id, "--timeout", "0"]).ended(1);
    assert_eq!(late["usable"], false);
    let why = late["domain_controllers"][0]["late"].as_str().unwrap();
    assert!(why.contains("can be used from"), "{why}");
    let past = [
        "kds",
        "add",
        "--another",
        "--yes",
        "--effective",
        "2020-01-01T00:00:00Z",
    ];
    let made = world.json(&past).done();
    assert!(made["notes"].to_string().contains("in the past"), "{made}");
    let id = made["changes"][0]["dn"].as_str().unwrap()[3..39].to_owned();
    world.json(&["kds", "wait", &id, "--timeout", "0"]).done();
    world
        .json(&[
            "kds",
            "add",
            "--another",
            "--yes",
            "--user",
            "svc-mimsync",
            "--password-file",
            "service-password",
        ])
        .refused("denied", "may not read them");
}

/// A gMSA that the host MIMSYNC01 may use.
fn world_with_gmsa() -> World {
    let world = World::new();
    world.changes(&[
        "account",
        "create",
        "WebGMSA",
        "--allow",
        "MIMSYNC01",
        "--spn",
        "HTTP/web.contoso.com",
    ]);
    world
}

const AS_HOST: [&str; 4] = ["--keytab", "host.keytab", "--user", "MIMSYNC01$"];

fn keytab(world: &World) -> Keytab {
    Keytab::from_bytes(&std::fs::read(world.path().join("web.keytab")).unwrap()).unwrap()
}

#[test]
fn a_keytab_is_written_for_its_owner_and_refreshed_where_it_differs() {
    let world = world_with_gmsa();
    let line = |verb: &[&'static str]| {
        [
            &["keytab"],
            verb,
            &["WebGMSA", "--out", "web.keytab"],
            &AS_HOST,
        ]
        .concat()
    };
    let written = world.json(&line(&["write"])).done();
    assert_eq!(
        written["versions"].as_array().unwrap().len(),
        1,
        "{written}"
    );
    let mode = std::fs::metadata(world.path().join("web.keytab"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = keytab(&world);
    let names: Vec<_> = first
        .entries
        .iter()
        .map(|entry| entry.principal.components.join("/"))
        .collect();
    assert_eq!(
        names,
        [
            "WebGMSA$",
            "WebGMSA$",
            "HTTP/web.contoso.com",
            "HTTP/web.contoso.com"
        ]
    );

    let hooked = [
        &line(&["refresh"])[..],
        &["--post-hook", "touch", "--post-hook", "hooked"],
    ]
    .concat();
    let fresh = world.json(&hooked).done();
    assert_eq!(fresh["changed"], false);
    assert!(!world.path().join("hooked").exists());

    // A file that is gone is as good as one with old keys.
    std::fs::remove_file(world.path().join("web.keytab")).unwrap();
    let fresh = world.json(&hooked).done();
    assert_eq!(fresh["changed"], true);
    assert!(world.path().join("hooked").exists());
    let failing = [&line(&["refresh"])[..], &["--post-hook", "false"]].concat();
    std::fs::remove_file(world.path().join("web.keytab")).unwrap();
    world
        .json(&failing)
        .refused("post-hook", "the keytab is written");
}

#[test]
fn watching_sees_the_rollover() {
    let world = world_with_gmsa();
    let line = [
        "keytab",
        "refresh",
        "WebGMSA",
        "--out",
        "web.keytab",
        "--watch",
        "--every",
        "1",
    ];
    let mut watching = world
        .command(&[&line[..], &AS_HOST].concat())
        .spawn()
        .unwrap();
    let kvno = || {
        let bytes = std::fs::read(world.path().join("web.keytab")).ok()?;
        let keytab = Keytab::from_bytes(&bytes).ok()?;
        Some((keytab.entries.first()?.kvno, keytab.entries.len()))
    };
    let seen = |wanted: &dyn Fn((u32, usize)) -> bool| {
        (0..300).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            kvno().is_some_and(wanted)
        })
    };
    let first = seen(&|_| true).then(kvno).flatten();
    world.lab.clock().advance(Interval::from_hours(31 * 24));
    let rolled = seen(&|now| Some(now.0) > first.map(|first| first.0) && now.1 == 8);
    drop(watching.kill());
    drop(watching.wait());
    assert!(rolled, "{first:?}, then {:?}", kvno());
}

#[test]
fn who_may_not_retrieve_gets_no_keytab() {
    let world = world_with_gmsa();
    let line = ["keytab", "write", "WebGMSA", "--out", "web.keytab"];
    world
        .json(&line)
        .refused("denied", "not among those who may retrieve it");
    assert!(!world.path().join("web.keytab").exists());
    world
        .json(&["keytab", "write", "svc-mimsync", "--out", "web.keytab"])
        .refused("conflict", "is no gMSA");
    let nowhere = [
        &["keytab", "write", "WebGMSA", "--out", "no/web.keytab"][..],
        &AS_HOST,
    ]
    .concat();
    world.json(&nowhere).refused("output", "no/web.keytab");
}
