//! Logging on as who you are: with the tickets of MIT's kinit, and with a keytab.

use std::fs::File;
use std::process::Command;

use super::answer::{DONE, REFUSED, USAGE};
use super::scene::Scene;
use crate::rig::Rig;

/// Runs kinit for an account of the rig; its tickets are in the file that the scene's commands look for.
pub fn kinit(scene: &Scene, user: &str, proof: &[&str]) {
    let rig = Rig::get();
    let mut kinit = Command::new("kinit");
    kinit
        .args(proof)
        .arg(user)
        .env("KRB5_CONFIG", rig.path("RIG_KRB5_CONFIG"))
        .env("KRB5CCNAME", scene.path("tickets"))
        .stdin(File::open(rig.path("RIG_PASSWORD_FILE")).unwrap());
    let output = kinit.output().unwrap();
    assert!(output.status.success(), "{kinit:?}: {output:?}");
}

/// A scene whose estate names nobody.
pub fn scene() -> Scene {
    let scene = Scene::new();
    let rig = Rig::get();
    scene.edit("estate.toml", "auth = \"kerberos\"\n", "");
    scene.edit(
        "estate.toml",
        &format!("user = \"{}\"\n", rig.value("RIG_ADMIN")),
        "",
    );
    scene.edit(
        "estate.toml",
        "password = { file = \"Administrator.password\" }\n",
        "",
    );
    scene.set_environment("KRB5CCNAME", scene.path("tickets").to_str().unwrap());
    scene
}

fn directory_check(scene: &Scene, options: &[&str]) -> (bool, String, String) {
    directory_check_of(scene, scene.gmsactl(), options)
}

/// What `doctor` says of the directory: whether it holds, the detail, the advice.
pub fn directory_check_of(
    scene: &Scene,
    mut gmsactl: Command,
    options: &[&str],
) -> (bool, String, String) {
    let answer = scene.answer(gmsactl.args(["doctor", "--json"]).args(options));
    let document = answer.json();
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == "directory");
    let check = check.unwrap_or_else(|| panic!("nothing of the directory: {document}"));
    (
        check["holds"].as_bool().unwrap(),
        check["detail"].as_str().unwrap().to_owned(),
        check["advice"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn tickets_of_kinit_are_enough() {
    let scene = scene();
    let (holds, detail, advice) = directory_check(&scene, &[]);
    assert!(
        !holds && detail.contains("nobody is named") && detail.contains("there is no ticket cache"),
        "{detail}"
    );
    assert!(advice.contains("kinit"), "{advice}");

    kinit(&scene, Rig::get().value("RIG_ADMIN"), &[]);
    let (holds, detail, _) = directory_check(&scene, &[]);
    assert!(holds, "{detail}");
    let expected = format!(
        "as {}@{}, with the tickets in {}",
        Rig::get().value("RIG_ADMIN"),
        Rig::get().value("RIG_REALM"),
        scene.path("tickets").display()
    );
    assert!(detail.ends_with(&expected), "{detail}");
    scene
        .answer(
            scene
                .gmsactl()
                .args(["kds", "list", "--auth", "ticket-cache"]),
        )
        .ended(DONE);
}

#[test]
fn tickets_of_somebody_else_are_not_taken() {
    let scene = scene();
    kinit(&scene, Rig::get().value("RIG_ADMIN"), &[]);
    let (holds, detail, _) =
        directory_check(&scene, &["--auth", "ticket-cache", "--user", "svc-mimsync"]);
    assert!(!holds && detail.contains("not svc-mimsync's"), "{detail}");
    let (holds, detail, _) = directory_check(
        &scene,
        &[
            "--user",
            "svc-mimsync",
            "--password-file",
            "svc-mimsync.password",
        ],
    );
    assert!(
        holds && detail.ends_with("as svc-mimsync, by Kerberos with a password"),
        "{detail}"
    );
    let (_, detail, advice) = directory_check(&scene, &["--domain", "fabrikam.com"]);
    assert!(
        detail.contains("no ticket-granting ticket of FABRIKAM.COM"),
        "{detail} {advice}"
    );
}

/// The option counts whatever the estate says.
#[test]
fn a_keytab_that_an_option_names_is_used() {
    let scene = Scene::new();
    let keytab = ["--keytab", "mimsync01.keytab", "--user", "MIMSYNC01$"];
    let (holds, detail, _) = directory_check(&scene, &keytab);
    assert!(
        holds && detail.ends_with("as MIMSYNC01$, with a key in mimsync01.keytab"),
        "{detail}"
    );
    let (holds, detail, _) = directory_check(&scene, &["--keytab", "no.keytab"]);
    assert!(!holds && detail.contains("no.keytab"), "{detail}");
    let ntlm = [
        "kds",
        "list",
        "--auth",
        "ntlm",
        "--keytab",
        "mimsync01.keytab",
    ];
    let refused = scene.json(&ntlm).ended(USAGE);
    assert_eq!(
        refused.text("/error/message"),
        "--auth ntlm takes no keytab"
    );
}

#[test]
fn a_keytab_logs_on_and_says_so() {
    let scene = scene();
    let keytab = ["--auth", "keytab", "--keytab", "mimsync01.keytab"];
    let (holds, detail, _) = directory_check(&scene, &keytab);
    assert!(
        holds && detail.ends_with("as MIMSYNC01$, with a key in mimsync01.keytab"),
        "{detail}"
    );
    let command = &mut scene.gmsactl();
    scene
        .answer(
            command
                .args(["kds", "list", "--user", "nobody"])
                .args(keytab),
        )
        .ended(REFUSED);
}

#[test]
fn a_cache_that_is_no_file_says_what_to_do() {
    let scene = scene();
    scene.set_environment("KRB5CCNAME", "KCM:0");
    let (holds, detail, advice) = directory_check(&scene, &["--auth", "ticket-cache"]);
    assert!(!holds && detail.contains("kind KCM"), "{detail}");
    assert!(advice.contains("set KRB5CCNAME to a file"), "{advice}");
}
