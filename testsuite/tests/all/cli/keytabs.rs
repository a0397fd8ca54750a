//! The directory's verbs and the keytab they lead to, with MIT Kerberos against a real domain controller as the judge.

use std::process::Command;

use super::answer::DONE;
use super::scene::Scene;
use crate::rig::Rig;

const AS_HOST: [&str; 6] = [
    "--auth",
    "keytab",
    "--keytab",
    "mimsync01.keytab",
    "--user",
    "MIMSYNC01$",
];

#[test]
fn a_gmsa_made_by_hand_logs_on_with_its_keytab() {
    let scene = Scene::new();
    let name = format!("KT{:x}", std::process::id());
    let spn = format!("HTTP/{}.contoso.com", name.to_lowercase());
    let create = [
        "account",
        "create",
        &name,
        "--allow",
        "MIMSYNC01",
        "--spn",
        &spn,
    ];
    let made = scene.json(&create).ended(DONE).json();
    let write = [
        &["keytab", "write", &name, "--out", "gmsa.keytab"][..],
        &AS_HOST,
    ];
    let written = scene.json(&write.concat());
    let account = format!("{name}$");
    let mut kinit = Command::new("kinit");
    kinit
        .args(["-k", "-t", "gmsa.keytab", "-c", "gmsa.ccache", &account])
        .current_dir(scene.path(""))
        .env("KRB5_CONFIG", Rig::get().path("RIG_KRB5_CONFIG"));
    let logged_on = kinit.output().unwrap();
    let again = scene.json(&create);
    let deleted = scene.json(&["account", "delete", &name, "--yes"]);

    assert_eq!(made["changed"], true, "{made}");
    assert_eq!(written.ended(DONE).json()["spns"][0], spn.as_str());
    assert!(logged_on.status.success(), "{logged_on:?}");
    assert_eq!(again.ended(DONE).json()["changed"], false);
    assert_eq!(deleted.ended(DONE).json()["changed"], true);
}
