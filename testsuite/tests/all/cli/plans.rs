//! Plan files that must not be applied, and a plan whose world has changed.

use ldap::{Attribute, Dn};
use model::plan::PlanDocument;
use serde_json::{Value, json};

use super::dump::{self, Dump};
use super::scene::Scene;

fn plan_text(scene: &Scene) -> String {
    scene.plan();
    std::fs::read_to_string(scene.path("plan.json")).unwrap()
}

#[test]
fn a_plan_that_was_edited_or_damaged_is_refused() {
    let scene = Scene::new();
    let before = Dump::take();
    let text = plan_text(&scene);
    let edited = |change: &dyn Fn(&mut Value)| {
        let mut plan: Value = serde_json::from_str(&text).unwrap();
        change(&mut plan);
        plan.to_string()
    };
    let cases: &[(&str, String, &[&str])] = &[
        (
            "an account exchanged",
            text.replace("MIMSyncGMSAsvc", "MIMSyncOther"),
            &["changed after it was made", "seal", "gmsactl plan"],
        ),
        (
            "a field added",
            edited(&|plan| plan["also"] = json!(1)),
            &["changed after it was made"],
        ),
        (
            "a step removed",
            edited(&|plan| drop(plan["steps"].as_array_mut().unwrap().pop())),
            &["changed after it was made"],
        ),
        (
            "another format",
            edited(&|plan| plan["format"] = json!(2)),
            &["format 2", "format 1"],
        ),
        (
            "cut off",
            text[..text.len() / 2].to_owned(),
            &["not a plan file", "line"],
        ),
        ("empty", String::new(), &["not a plan file"]),
        (
            "another document",
            "[1, 2]".to_owned(),
            &["not a plan file", "gmsactl plan --out"],
        ),
    ];
    for (name, content, says) in cases {
        scene.write("plan.json", content);
        let refused = scene.json(&["apply", "plan.json"]).refusal("plan", says);
        assert_eq!(refused["outcome"], "refused", "{name}");
    }
    for (name, content) in [("plan.json", &b"\xff\xfe\x00"[..]), ("folder/x", b"")] {
        std::fs::create_dir_all(scene.path("folder")).unwrap();
        scene.write(name, content);
    }
    scene
        .json(&["apply", "plan.json"])
        .refusal("plan", &["plan.json", "UTF-8"]);
    scene
        .json(&["apply", "folder"])
        .refusal("plan", &["folder", "Is a directory"]);
    scene
        .json(&["apply", "none.json"])
        .refusal("plan", &["none.json", "No such file"]);
    assert!(scene.runs().is_empty());
    before.assert_unchanged();
}

#[test]
fn a_plan_of_another_domain_is_refused() {
    let scene = Scene::new();
    let before = Dump::take();
    let mut plan = PlanDocument::parse(&plan_text(&scene)).unwrap().plan;
    plan.estate.domain_sid = "S-1-5-21-1-2-3".parse().unwrap();
    scene.write(
        "plan.json",
        PlanDocument::seal(plan).unwrap().to_text().unwrap(),
    );
    let says = [
        "the plan is for contoso.com (S-1-5-21-1-2-3)",
        "this estate is contoso.com (S-1-5-21-",
        "estate.toml",
    ];
    scene
        .json(&["apply", "plan.json"])
        .refusal("other-estate", &says);
    assert!(scene.runs().is_empty());
    before.assert_unchanged();
}

#[test]
fn a_plan_whose_world_has_changed_is_stale() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let group = Dn::from("CN=Users,DC=contoso,DC=com").child("CN", "MIMSync_Servers");
    let directory = runtime.block_on(dump::connect());
    let attributes = [
        Attribute::new("objectClass", ["group"]),
        Attribute::new("sAMAccountName", ["MIMSync_Servers"]),
    ];
    runtime
        .block_on(directory.add(&group, &attributes, &[]))
        .unwrap();
    let applied = scene.json(&["apply", "plan.json"]);
    let planned = scene.json(&["plan"]);
    runtime.block_on(directory.delete(&group, &[])).unwrap();
    applied.refusal(
        "stale-plan",
        &[
            "stale: 1 fact",
            "MIMSync_Servers, SID: was -, is S-1-5-21-",
            "plan again",
        ],
    );
    let planned = planned.ended(super::answer::CHANGES).json();
    let steps = planned["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["id"] == "sync/create-group" && step["status"] == "no-op")
    );
    assert!(scene.runs().is_empty());
    before.assert_unchanged();
}
