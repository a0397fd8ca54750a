//! The main job: the Synchronization Service of MIMSYNC01 moves to a gMSA, and back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{CHANGES, DONE};
use super::dump::Dump;
use super::scene::Scene;

const SERVICE: &str =
    r"[HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\FIMSynchronizationService]";
const SPN: &str = "PCNSCLNT/mimsync01.contoso.com";

#[test]
fn a_service_moves_to_a_gmsa_and_back() {
    let scene = Scene::new();
    let before = Dump::take();

    let inventory = discover(&scene);
    assert_eq!(
        inventory["coverage"]["answered"],
        inventory["coverage"]["asked"]
    );
    let plan = scene.plan();
    plan_keeps_its_contract(&plan);
    shows_old_and_new(&plan);
    before.assert_unchanged();

    let run = apply(&scene, &plan);
    verify(&scene, &run, &plan);
    is_converted(&Dump::take());
    nothing_is_left_to_do(&scene, &run);

    let detail = scene.json(&["runs", &run]).ended(DONE).json();
    assert_eq!(detail["outcome"], "done");
    assert_eq!(statuses(&detail), every_step(&plan, "checked"));

    scene.roll_back(&run);
    before.assert_unchanged();
    scene.roll_back(&run);
    before.assert_unchanged();
    let detail = scene.json(&["runs", &run]).ended(DONE).json();
    assert_eq!(
        (&detail["outcome"], &detail["open"]),
        (&"unwound".into(), &false.into())
    );
    assert_eq!(statuses(&detail), every_step(&plan, "undone"));
    assert_eq!(scene.plan(), plan, "the same plan, byte for byte");
}

#[test]
fn everything_is_said_for_people_too() {
    let scene = Scene::new();
    let planned = scene.run(&["plan", "--out", "plan.json"]).ended(CHANGES);
    for words in [
        r"CONTOSO\svc-mimsync → CONTOSO\MIMSyncGMSAsvc$",
        "svc-mimsync → MIMSyncGMSAsvc$",
    ] {
        assert!(planned.stdout.contains(words), "{planned}");
    }
    let applied = scene.run(&["apply", "plan.json"]).ended(DONE);
    assert!(applied.stdout.starts_with("Done, run "), "{applied}");
    let runs = scene.run(&["runs"]).ended(DONE);
    let run = runs.stdout.split_whitespace().next().unwrap();
    let verified = scene.run(&["verify", run]).ended(DONE);
    assert!(verified.stdout.contains("holds"), "{verified}");
    let account = scene
        .run(&["account", "show", "MIMSyncGMSAsvc"])
        .ended(DONE);
    assert!(account.stdout.contains(SPN), "{account}");
    let healthy = scene.run(&["doctor"]).ended(DONE);
    assert!(!healthy.stdout.contains("fail"), "{healthy}");
    scene.run(&["kds", "list"]).ended(DONE);
    scene.run(&["runs", run]).ended(DONE);
    let back = scene.run(&["rollback", run]).ended(DONE);
    assert!(back.stdout.starts_with("Unwound, run "), "{back}");
}

fn discover(scene: &Scene) -> Value {
    let said = scene.json(&[
        "discover",
        "--out",
        "inventory.json",
        "--intent",
        "proposed.toml",
    ]);
    let said = said.ended(DONE).json();
    let saved: Value =
        serde_json::from_slice(&std::fs::read(scene.path("inventory.json")).unwrap()).unwrap();
    assert_eq!(saved, said, "the file holds what is printed");
    let proposed = std::fs::read_to_string(scene.path("proposed.toml")).unwrap();
    assert!(proposed.contains("MIMSYNC01"), "{proposed}");
    saved
}

/// The fields that the design promises.
fn plan_keeps_its_contract(plan: &Value) {
    assert_eq!(plan["format"], 1);
    assert_eq!(plan["fingerprint"].as_str().unwrap().len(), 64);
    let mut known = Vec::new();
    for step in plan["steps"].as_array().unwrap() {
        for field in ["id", "kind", "subject"] {
            assert!(step[field].is_string(), "{field} of {step}");
        }
        for required in step["requires"].as_array().unwrap() {
            assert!(known.contains(&required), "{required} comes before {step}");
        }
        known.push(&step["id"]);
        assert!(
            step["changes"]
                .as_array()
                .unwrap()
                .iter()
                .all(|change| change["what"].is_string())
        );
        assert!(["free", "credential", "none"].contains(&step["reversible"].as_str().unwrap()));
        assert!(["change", "no-op"].contains(&step["status"].as_str().unwrap()));
    }
    for finding in plan["findings"].as_array().unwrap() {
        for field in ["id", "severity", "subject", "what", "advice", "source"] {
            assert!(finding[field].is_string(), "{field} of {finding}");
        }
    }
}

fn shows_old_and_new(plan: &Value) {
    let changes: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|step| step["changes"].as_array().unwrap())
        .map(|change| ["what", "from", "to"].map(|field| change[field].as_str().unwrap_or("-")))
        .collect();
    for wanted in [
        [
            "logon account",
            r"CONTOSO\svc-mimsync",
            r"CONTOSO\MIMSyncGMSAsvc$",
        ],
        ["managed-account flag", "false", "true"],
        [&format!("SPN {SPN}"), "svc-mimsync", "MIMSyncGMSAsvc$"],
        [
            "key set active for",
            r"CONTOSO\svc-mimsync",
            r"CONTOSO\MIMSyncGMSAsvc$",
        ],
        ["key set file", "-", r"C:\MIMBackup\miiskeys-1.bin"],
    ] {
        assert!(changes.contains(&wanted), "{wanted:?} in {changes:#?}");
    }
}

fn apply(scene: &Scene, plan: &Value) -> String {
    let answer = scene.json(&["apply", "plan.json"]).ended(DONE);
    let report = answer.json();
    assert_eq!(report["outcome"], "done");
    assert!(report["findings"].is_array());
    assert_eq!(statuses(&report), every_step(plan, "checked"));
    let steps = plan["steps"].as_array().unwrap().len();
    assert_eq!(
        answer.stderr.lines().count(),
        steps,
        "a line of progress for each step: {answer}"
    );
    report["run"].as_str().unwrap().to_owned()
}

fn verify(scene: &Scene, run: &str, plan: &Value) {
    let verified = scene.json(&["verify", run]).ended(DONE).json();
    assert_eq!(verified["holds"], true);
    let checks = verified["checks"].as_array().unwrap();
    assert!(
        checks.iter().all(|check| check["holds"] == true),
        "{checks:#?}"
    );
    assert!(
        checks.len() + 2 >= plan["steps"].as_array().unwrap().len(),
        "{checks:#?}"
    );
    let proof = checks
        .iter()
        .find(|check| check["id"] == "sync/prove-logon:MIMSYNC01")
        .unwrap();
    for words in [
        "over a sealed connection",
        "equals the one retrieved",
        "AES-256 key",
        "succeeded",
    ] {
        assert!(
            proof["detail"].as_str().unwrap().contains(words),
            "{words}: {proof}"
        );
    }
}

/// Directory and host say the same without gmsactl.
fn is_converted(now: &Dump) {
    assert!(now.says(&format!(
        "{SERVICE} \"ObjectName\"=\"CONTOSO\\\\MIMSyncGMSAsvc$\""
    )));
    assert!(
        now.says("service FIMSynchronizationService STATE              : 4  RUNNING"),
        "{:?}",
        now.about("service ")
    );
    let flags = now.about(&format!("{SERVICE} \"ServiceAccountManaged\""));
    assert_eq!(flags.len(), 1, "{:?}", now.about(SERVICE));
    let holders = now.about(&format!("servicePrincipalName: {SPN}"));
    assert_eq!(
        holders,
        [format!(
            "CN=MIMSyncGMSAsvc,CN=Managed Service Accounts,DC=contoso,DC=com servicePrincipalName: {SPN}"
        )]
    );
    assert_eq!(now.about("miiskeys-1.bin").len(), 1);
}

fn nothing_is_left_to_do(scene: &Scene, run: &str) {
    let now = Dump::take();
    let records = |scene: &Scene| scene.runs()[0]["records"].clone();
    let written = records(scene);
    let again = scene.json(&["plan"]).ended(DONE).json();
    assert!(
        again["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["status"] == "no-op")
    );
    let applied = scene.json(&["apply", "plan.json"]).ended(DONE);
    assert_eq!(
        (applied.text("/run"), applied.text("/outcome")),
        (run.to_owned(), "done".to_owned())
    );
    assert_eq!(records(scene), written, "nothing was written");
    now.assert_unchanged();
}

fn statuses(report: &Value) -> BTreeMap<String, String> {
    let pair = |step: &Value| {
        let text = |field: &str| step[field].as_str().unwrap().to_owned();
        (text("id"), text("status"))
    };
    report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect()
}

fn every_step(plan: &Value, status: &str) -> BTreeMap<String, String> {
    let pair = |step: &Value| (step["id"].as_str().unwrap().to_owned(), status.to_owned());
    plan["steps"].as_array().unwrap().iter().map(pair).collect()
}
