//! `gmsactl rehearse` tells what a plan would do on the operator's own estate, and touches nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use started_lab::{Planned, document, gmsactl};

/// With a folder of its own for what is temporary, which has to be empty again afterwards.
fn rehearse(planned: &Planned, arguments: &[&str]) -> Output {
    let temporary = planned.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let output = gmsactl(&["--json", "rehearse"])
        .arg(planned.path("plan.json"))
        .args(arguments)
        .env("TMPDIR", &temporary)
        .env("TMP", &temporary)
        .output()
        .unwrap();
    assert_eq!(files_in(&temporary), 0, "temporary files stay");
    output
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

fn run_of<'a>(document: &'a Value, fault: Option<&str>) -> &'a Value {
    let runs = document["runs"].as_array().unwrap();
    let run = runs.iter().find(|run| run["fault"].as_str() == fault);
    run.unwrap_or_else(|| panic!("{document:#}"))
}

#[test]
fn a_plan_is_rehearsed_on_the_estate_that_it_was_made_for() {
    let planned = Planned::new();
    let output = rehearse(
        &planned,
        &[
            "--fault",
            "disk-full",
            "--fault",
            "token-stale",
            "--fault",
            "restart-in-the-middle",
        ],
    );
    let document = document(&output);
    assert_eq!(output.status.code(), Some(0), "{document:#}");
    assert_eq!(document["passed"], true);
    assert_eq!(document["survives"], serde_json::json!(["token-stale"]));

    let alone = run_of(&document, None);
    assert_eq!(alone["outcome"], "done");
    assert_eq!(alone["verified"], true);
    assert_eq!(alone["rolled_back"], "unwound");
    assert_eq!(alone["differences"], serde_json::json!([]));
    assert_eq!(alone["downtime"][0]["service"], "FIMSynchronizationService");
    assert_eq!(alone["downtime"][0]["expected_seconds"], 106);
    // It stops and starts; the key set is activated in between.
    let down = alone["downtime"][0]["simulated_seconds"].as_f64().unwrap();
    assert!((30.0..106.0).contains(&down), "{down}");
    assert!(document["assumed"].to_string().contains("not measured"));

    let full = run_of(&document, Some("disk-full"));
    assert_eq!(full["outcome"], "unwound");
    assert_eq!(full["step"], "sync/export-key-set:MIMSYNC01");
    assert!(
        full["why"]
            .as_str()
            .unwrap()
            .contains("112 ERROR_DISK_FULL"),
        "{full:#}"
    );
    let restarted = run_of(&document, Some("restart-in-the-middle"));
    assert_eq!(restarted["outcome"], "stuck");
    assert_eq!(restarted["rolled_back"], "unwound");
    assert!(
        restarted["downtime"][0]["simulated_seconds"]
            .as_f64()
            .unwrap()
            >= 180.0
    );
}

#[test]
fn an_inventory_of_another_time_is_refused() {
    let planned = Planned::new();
    let path = planned.path("inventory.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(r"CONTOSO\\svc-mimsync", r"CONTOSO\\svc-pamrest");
    std::fs::write(&path, text).unwrap();
    let output = rehearse(&planned, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = &document(&output)["error"];
    assert_eq!(error["kind"], "stale-plan");
    assert!(
        error["causes"].to_string().contains("logon account: was"),
        "{error:#}"
    );
}

#[test]
fn without_an_inventory_it_says_where_to_get_one() {
    let planned = Planned::new();
    std::fs::remove_file(planned.path("inventory.json")).unwrap();
    let output = rehearse(&planned, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = &document(&output)["error"];
    assert_eq!(error["kind"], "not-configured");
    assert!(error["hint"].as_str().unwrap().contains("discover --out"));
}

#[test]
fn an_export_alone_is_told_that_it_has_no_hosts() {
    let planned = Planned::new();
    std::fs::remove_file(planned.path("inventory.json")).unwrap();
    let export = planned.path("export.ldf");
    std::fs::write(&export, THIRD_ACCOUNT).unwrap();
    let output = rehearse(&planned, &["--ldif", export.to_str().unwrap()]);
    let error = &document(&output)["error"];
    assert_eq!(error["kind"], "not-configured");
    assert!(
        error["message"].as_str().unwrap().contains("no hosts"),
        "{error}"
    );
}

#[test]
fn slow_replication_is_waited_for() {
    let planned = Planned::new();
    let delay = ["--domain-controllers", "2", "--replication-delay", "15m"];
    let output = rehearse(&planned, &delay);
    let document = document(&output);
    assert_eq!(output.status.code(), Some(0), "{document:#}");
    let alone = run_of(&document, None);
    assert_eq!(alone["outcome"], "done");
    assert_eq!(alone["rolled_back"], "unwound");
    let by_hand = alone["by_hand"].to_string();
    assert!(
        by_hand.contains("Waited for replication until"),
        "{by_hand}"
    );
}

/// An export knows of an account that the inventory does not, which has the service's SPN.
const THIRD_ACCOUNT: &str = "dn: CN=svc-old,CN=Users,DC=contoso,DC=com
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
sAMAccountName: svc-old
msExchVersion: 1
servicePrincipalName: PCNSCLNT/mimsync01.contoso.com
";

#[test]
fn what_an_export_has_besides_is_there_too() {
    let planned = Planned::new();
    let export = planned.path("export.ldf");
    std::fs::write(&export, THIRD_ACCOUNT).unwrap();
    let output = rehearse(&planned, &["--ldif", export.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document = document(&output);
    assert_eq!(document["passed"], false);
    let alone = run_of(&document, None);
    assert_eq!(alone["outcome"], "refused");
    assert!(alone["why"].to_string().contains("svc-old"), "{alone:#}");
    let left_out = &document["not_taken_over"];
    assert!(left_out.to_string().contains("msExchVersion"), "{left_out}");
}
