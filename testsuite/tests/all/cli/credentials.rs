//! The old account's password: proved before anything is touched.

use super::dump::Dump;
use super::refusals::for_people;
use super::scene::Scene;
use crate::rig::Rig;

#[test]
fn a_run_without_the_old_accounts_password_is_not_begun() {
    let before = Dump::take();
    let wrong = [
        "svc-mimsync does not log on",
        "password or key is wrong",
        "nothing was touched",
    ];
    let missing = [
        "password of CONTOSO\\svc-mimsync is missing",
        "export-key-set",
        "[[credential]]",
    ];
    let scene = Scene::new();
    scene.plan();
    scene.write("svc-mimsync.password", "wrong\n");
    refused_before_it_began(&scene, &wrong);
    for_people(&scene, &["apply", "plan.json"]);

    scene.edit("estate.toml", "[[credential]]\naccount = 'CONTOSO\\svc-mimsync'\npassword = { file = \"svc-mimsync.password\" }\n", "");
    refused_before_it_began(&scene, &missing);
    let plan = scene.plan();
    let switch = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "set-logon-account");
    assert_eq!(switch.unwrap()["reversible"], "credential");
    refused_before_it_began(&scene, &missing);
    scene
        .json(&["apply", "plan.json", "--accept-no-way-back"])
        .refusal("credential", &missing);
    before.assert_unchanged();
}

fn refused_before_it_began(scene: &Scene, says: &[&str]) {
    let refused = scene
        .json(&["apply", "plan.json"])
        .refusal("credential", says);
    assert_eq!(refused["outcome"], "refused");
    assert!(scene.runs().is_empty());
}

/// A rollback needs the old account's password as well.
#[test]
fn a_rollback_with_a_wrong_password_touches_nothing() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    let run = scene.apply();
    let converted = Dump::take();
    scene.write("svc-mimsync.password", "wrong\n");
    scene
        .json(&["rollback", &run])
        .refusal("credential", &["does not log on", "nothing was touched"]);
    converted.assert_unchanged();
    assert_eq!(scene.runs()[0]["outcome"], "done");
    scene.write(
        "svc-mimsync.password",
        Rig::get().bytes("RIG_SYNC_PASSWORD_FILE"),
    );
    scene.roll_back(&run);
    before.assert_unchanged();
}
