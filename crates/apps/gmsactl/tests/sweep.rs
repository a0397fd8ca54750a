//! `gmsactl sql sweep` and the databases of `gmsactl doctor`, on the reference estate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use serde_json::{Value, json};
use started_lab::{StartedLab, document};

#[test]
fn every_database_of_the_conversions_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let output = lab.run(&["sql", "sweep"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let swept = document(&output);
    let databases = swept["databases"].as_array().unwrap();
    let rows: Vec<_> = databases
        .iter()
        .map(|it| {
            (
                it["component"].clone(),
                it["account"].clone(),
                it["like"].clone(),
            )
        })
        .collect();
    let row = |component: &str, account: &str, like: &str| {
        let in_domain = |name: &str| json!(format!(r"CONTOSO\{name}"));
        (json!(component), in_domain(account), in_domain(like))
    };
    assert_eq!(
        rows,
        [
            row("sync", "MIMSyncGMSAsvc$", "svc-mimsync"),
            row("service", "MIMSrvGMSAsvc$", "svc-mimservice"),
        ]
    );
    for found in databases {
        let kinds: Vec<_> = found["lacks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["kind"])
            .collect();
        assert_eq!(kinds, ["create-login", "create-user", "add-to-role"]);
        assert_eq!(
            (&found["unknown"], &found["obstacle"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[test]
fn doctor_looks_whether_the_operator_may_let_the_gmsas_in() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let output = lab.run(&["doctor"]);
    let shown = document(&output);
    let checks = shown["checks"].as_array().unwrap().iter();
    let databases: Vec<_> = checks.filter(|check| check["id"] == "database").collect();
    assert_eq!(databases.len(), 2, "{shown:#}");
    for check in databases {
        assert_eq!(check["holds"], true, "{check:#}");
        let detail = check["detail"].as_str().unwrap();
        assert!(detail.contains("is a member of sysadmin"), "{detail}");
    }
}
