//! `gmsactl account retire` on the reference estate: refused while something uses the account, taken back when asked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use serde_json::Value;
use started_lab::{StartedLab, document};

fn ended(lab: &StartedLab, line: &[&str], code: i32) -> Value {
    let output = lab.run(line);
    assert_eq!(output.status.code(), Some(code), "{line:?}: {output:?}");
    document(&output)
}

fn is_enabled(lab: &StartedLab, account: &str) -> bool {
    let shown = ended(lab, &["account", "show", account], 0);
    shown["enabled"].as_bool().unwrap()
}

fn what(document: &Value, id: &str) -> String {
    let findings = document["error"]["findings"]
        .as_array()
        .or(document["findings"].as_array());
    let findings = findings.unwrap_or_else(|| panic!("{document:#}"));
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {document:#}"))["what"].to_string()
}

#[test]
fn it_is_refused_while_something_uses_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    for dry_run in [&[][..], &["--dry-run"]] {
        let line = [&["account", "retire", "svc-mimsync"], dry_run].concat();
        let used_by = what(&ended(&lab, &line, 1), "GMSA-091");
        for user in [
            "FIMSynchronizationService on MIMSYNC01",
            "FIMSynchronizationService on MIMSYNC02",
            "Delta synchronization on MIMSYNC01",
        ] {
            assert!(used_by.contains(user), "{user}: {used_by}");
        }
    }
    let nobody = ended(&lab, &["account", "retire", "svc-nobody"], 1);
    what(&nobody, "GMSA-090");
    assert!(is_enabled(&lab, "svc-mimsync"));
}

#[test]
fn an_account_that_nothing_uses_is_disabled_and_enabled_again() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let service = "PamMonitoringService";
    let elsewhere = ["--account", "LocalSystem"];
    let set = ["host", "set-account", "MIMPAM01", service];
    ended(&lab, &[&set[..], &elsewhere].concat(), 0);

    let retire = ["account", "retire", "svc-pammon"];
    let shown = ended(&lab, &[&retire[..], &["--dry-run"]].concat(), 2);
    assert_eq!(shown["steps"][0]["kind"], "disable-account");
    assert!(is_enabled(&lab, "svc-pammon"), "only rehearsed");

    let done = ended(&lab, &retire, 0);
    assert_eq!(done["outcome"], "done", "{done:#}");
    assert!(!is_enabled(&lab, "svc-pammon"));
    let again = ended(&lab, &retire, 0);
    assert_eq!(again["outcome"], "done", "{again:#}");

    let run = done["run"].as_str().unwrap();
    let back = ended(&lab, &["rollback", run], 0);
    assert_eq!(back["outcome"], "unwound", "{back:#}");
    assert!(is_enabled(&lab, "svc-pammon"));
}
