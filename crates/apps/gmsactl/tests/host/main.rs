//! `gmsactl host` on a lab: every verb, what it shows and what it changes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod access_lists;
#[path = "../started_lab/mod.rs"]
mod started_lab;

use std::path::PathBuf;

use serde_json::{Value, json};
use started_lab::{StartedLab, document};

const GMSA_FREE: &str = r"CONTOSO\svc-mimsync";
const SYNC: &str = "FIMSynchronizationService";
const TASK: &str = r"\MIM\Delta synchronization";

/// A lab, and gmsactl on its hosts.
struct Scene {
    folder: tempfile::TempDir,
    lab: StartedLab,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = StartedLab::start(&folder.path().join("lab"));
        Self { folder, lab }
    }

    /// The document of a verb that ends with this exit code.
    #[track_caller]
    fn host(&self, verb: &[&str], code: i32) -> Value {
        let output = self.lab.run(&[&["host"], verb].concat());
        assert_eq!(output.status.code(), Some(code), "{verb:?}: {output:?}");
        document(&output)
    }

    /// A change: shown only, then made, then found to hold already.
    #[track_caller]
    fn changes(&self, verb: &[&str]) -> Value {
        let shown = self.host(&[verb, &["--dry-run"]].concat(), 0);
        assert_eq!(shown["applied"], false, "{shown}");
        assert_ne!(shown["changes"], json!([]), "{verb:?}");
        let made = self.host(verb, 0);
        assert_eq!(
            (&made["applied"], &made["changes"]),
            (&json!(true), &shown["changes"])
        );
        let again = self.host(verb, 0);
        assert_eq!(
            (&again["applied"], &again["changes"]),
            (&json!(false), &json!([]))
        );
        made
    }

    fn password_file(&self) -> String {
        let file = self.folder.path().join("lab/service.password");
        file.to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: &Value) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path
    }
}

#[test]
fn a_service_is_stopped_given_another_account_and_started_as_before() {
    let scene = Scene::new();
    let before = scene.host(&["services", "MIMSYNC01", SYNC], 0);
    assert_eq!(before["services"][0]["state"], "running");
    let of_account = scene.host(&["services", "MIMSYNC01", "--account", GMSA_FREE], 0);
    assert_eq!(of_account["services"].as_array().unwrap().len(), 1);

    let stopped = scene.changes(&["stop", "MIMSYNC01", SYNC]);
    let last = stopped["stopped"].as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({ "service": SYNC, "prior": "running" }));

    let wrong = scene.host(
        &[
            "set-account",
            "MIMSYNC01",
            SYNC,
            "--account",
            r"CONTOSO\nobody",
            "--account-password-file",
            &scene.password_file(),
        ],
        1,
    );
    assert!(
        wrong["error"]["message"].as_str().unwrap().contains("1057"),
        "{wrong}"
    );
    let password = scene.password_file();
    let set = scene.changes(&["set-account", "MIMSYNC01", SYNC, "--account", "LocalSystem"]);
    assert_eq!(set["changes"][0]["from"], GMSA_FREE);
    scene.host(
        &[
            "set-account",
            "MIMSYNC01",
            SYNC,
            "--account",
            GMSA_FREE,
            "--account-password-file",
            &password,
        ],
        0,
    );

    let list = scene.file("stopped.json", &stopped);
    scene.changes(&["start", "MIMSYNC01", "--as-before", list.to_str().unwrap()]);
    assert_eq!(scene.host(&["services", "MIMSYNC01", SYNC], 0), before);
    let elsewhere = scene.host(
        &["start", "MIMSYNC02", "--as-before", list.to_str().unwrap()],
        1,
    );
    assert_eq!(elsewhere["error"]["kind"], "input");
    assert_eq!(
        scene.host(&["services", "MIMSYNC01", "nothing"], 1)["error"]["kind"],
        "not-found"
    );
}

#[test]
fn rights_groups_triggers_and_values_are_changed_and_taken_back() {
    let scene = Scene::new();
    let before = scene.host(&["rights", "show", "MIMSYNC01"], 0);
    assert_eq!(before["rights"].as_array().unwrap().len(), 7);
    let right = "SeDenyNetworkLogonRight";
    scene.changes(&["rights", "grant", "MIMSYNC01", right, "--to", GMSA_FREE]);
    let between = scene.host(&["rights", "show", "MIMSYNC01"], 0);
    let denied = between["rights"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["right"] == right);
    assert_eq!(denied.unwrap()["holders"][0]["name"], GMSA_FREE);
    scene.changes(&["rights", "revoke", "MIMSYNC01", right, "--from", GMSA_FREE]);
    assert_eq!(scene.host(&["rights", "show", "MIMSYNC01"], 0), before);
    let nobody = scene.host(
        &[
            "rights",
            "grant",
            "MIMSYNC01",
            right,
            "--to",
            r"CONTOSO\nobody",
        ],
        1,
    );
    assert_eq!(nobody["error"]["kind"], "not-found");

    let member = ["--member", GMSA_FREE];
    scene.changes(
        &[
            &["local-group", "add", "MIMSVC01", "IIS_IUSRS"][..],
            &member,
        ]
        .concat(),
    );
    let members = scene.host(&["local-group", "show", "MIMSVC01", "IIS_IUSRS"], 0);
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
    scene.changes(
        &[
            &["local-group", "remove", "MIMSVC01", "IIS_IUSRS"][..],
            &member,
        ]
        .concat(),
    );
    assert_eq!(
        scene.host(&["local-group", "show", "MIMSVC01", "Nobody"], 1)["error"]["kind"],
        "not-found"
    );

    scene.changes(&["trigger", "add", "MIMSYNC01", SYNC]);
    let triggers = scene.host(&["trigger", "show", "MIMSYNC01", SYNC], 0);
    assert_eq!(triggers["triggers"][0]["name"], "start/networkon");
    scene.changes(&["trigger", "remove", "MIMSYNC01", SYNC]);

    let key = r"HKLM\SYSTEM\CurrentControlSet\Services\FIMSynchronizationService";
    scene.changes(&[
        "registry",
        "set",
        "MIMSYNC01",
        key,
        "Converted",
        "--dword",
        "1",
    ]);
    let value = scene.host(&["registry", "show", "MIMSYNC01", key, "Converted"], 0);
    assert_eq!(value["value"], json!({ "REG_DWORD": 1 }));
    scene.changes(&["registry", "delete", "MIMSYNC01", key, "Converted"]);
    let no_key = scene.host(
        &[
            "registry",
            "set",
            "MIMSYNC01",
            r"HKLM\SOFTWARE\Nobody",
            "x",
            "--text",
            "y",
        ],
        1,
    );
    assert_eq!(no_key["error"]["kind"], "not-found");
}

#[test]
fn a_pool_gets_an_account_and_its_old_one_back() {
    let scene = Scene::new();
    let before = scene.host(&["app-pools", "show", "MIMSVC01"], 0);
    let pool = &before["app_pools"][0];
    let (name, folder) = (
        pool["name"].as_str().unwrap(),
        pool["applications"][0]["physical_path"].as_str().unwrap(),
    );
    let listens = &pool["applications"][0]["bindings"][0];
    assert_eq!(
        listens,
        &json!({ "protocol": "http", "information": "*:8088:" })
    );
    let serving = scene.host(
        &[
            "app-pools",
            "show",
            "MIMSVC01",
            "--serves",
            &folder.to_uppercase(),
        ],
        0,
    );
    assert_eq!(serving["app_pools"], json!([pool]));

    let set = scene.changes(&[
        "app-pools",
        "set-built-in",
        "MIMSVC01",
        name,
        "network-service",
    ]);
    assert!(
        set["advice"][0].as_str().unwrap().contains("recycled"),
        "{set}"
    );
    scene.host(&["app-pools", "recycle", "MIMSVC01", name], 0);
    let account = pool["identity"]["SpecificUser"].as_str().unwrap();
    let password = scene.password_file();
    let back = [
        "app-pools",
        "set-identity",
        "MIMSVC01",
        name,
        "--account",
        account,
    ];
    scene.host(
        &[&back[..], &["--account-password-file", &password]].concat(),
        0,
    );
    scene.changes(&["app-pools", "stop", "MIMSVC01", name]);
    scene.changes(&["app-pools", "start", "MIMSVC01", name]);
    assert_eq!(scene.host(&["app-pools", "show", "MIMSVC01"], 0), before);

    let none = scene.host(&["app-pools", "show", "MIMSYNC01"], 0);
    assert_eq!(none["web_server"], false);
    let missing = scene.host(&["app-pools", "start", "MIMSYNC01", "x"], 1);
    assert_eq!(missing["error"]["kind"], "not-found");
}

#[test]
fn a_task_keeps_every_byte_but_for_its_principal() {
    let scene = Scene::new();
    let before = scene.host(&["tasks", "show", "MIMSYNC01", TASK], 0);
    let listed = scene.host(&["tasks", "show", "MIMSYNC01", "--account", GMSA_FREE], 0);
    assert_eq!(listed["tasks"], json!([before["task"]]));
    let set = ["tasks", "set-account", "MIMSYNC01", TASK, "--account"];
    scene.changes(&[&set[..], &["LocalSystem"]].concat());
    let between = scene.host(&["tasks", "show", "MIMSYNC01", TASK], 0);
    assert_eq!(between["task"]["principal"]["logon"], "service_account");
    let password = scene.password_file();
    let back = [&set[..], &[GMSA_FREE, "--account-password-file", &password]].concat();
    scene.host(&back, 0);
    assert_eq!(
        scene.host(&["tasks", "show", "MIMSYNC01", TASK], 0)["xml"],
        before["xml"]
    );
    let missing = scene.host(&["tasks", "show", "MIMSYNC01", r"\nothing"], 1);
    assert_eq!(missing["error"]["kind"], "not-found");
}

#[test]
fn the_host_as_a_whole_is_read_and_restarted() {
    let scene = Scene::new();
    let facts = scene.host(&["facts", "MIMSYNC01"], 0);
    assert_eq!(facts["computer_name"], "MIMSYNC01");
    let products = scene.host(&["products", "MIMSYNC01"], 0);
    assert!(!products["products"].as_array().unwrap().is_empty());
    scene.host(&["stop", "MIMSYNC01", SYNC], 0);
    let two = scene.host(&["events", "MIMSYNC01", "--id", "7036", "--limit", "1"], 0);
    assert_eq!(
        (two["events"][0]["id"].as_u64(), &two["more"]),
        (Some(7036), &json!(true))
    );
    let future = ["events", "MIMSYNC01", "--since", "2999-01-01T00:00:00Z"];
    assert_eq!(scene.host(&future, 0)["events"], json!([]));
    assert_eq!(
        scene.host(&["events", "MIMSYNC01", "--log-name", "x"], 1)["error"]["kind"],
        "not-found"
    );
    let purged = scene.host(&["purge-tickets", "MIMSYNC01"], 0);
    assert_eq!(purged["applied"], true);
    let reboot = ["reboot", "MIMSYNC01", "--delay", "0"];
    // The lab's restart takes three minutes.
    let waited = [&reboot[..], &["--wait", "--timeout", "1"]].concat();
    let late = scene.host(&waited, 1);
    assert_eq!(late["error"]["kind"], "timeout", "{late}");
    let reboot = ["reboot", "MIMSVC01", "--delay", "0"];
    assert_eq!(scene.host(&reboot, 0)["applied"], true);
    let gone = scene.host(&["facts", "MIMSYNC01"], 1);
    let why = gone["error"]["message"].as_str().unwrap();
    assert!(why.contains("closed the connection"), "{why}");
}
