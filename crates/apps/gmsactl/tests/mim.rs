//! `gmsactl mim detect` on the reference estate, and the conversion.toml that is proposed for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use std::path::Path;

use serde_json::{Value, json};
use started_lab::{StartedLab, document};

/// A lab, and its inventory as a file.
fn discovered(folder: &Path) -> (StartedLab, Value) {
    let lab = StartedLab::start(&folder.join("lab"));
    let path = folder.join("inventory.json");
    let output = lab.run(&["discover", "--out", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let inventory = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    (lab, inventory)
}

fn detect(lab: &StartedLab, inventory: &Value, folder: &Path) -> (Value, Option<i32>) {
    let path = folder.join("changed.json");
    std::fs::write(&path, inventory.to_string()).unwrap();
    let output = lab.run(&["mim", "detect", "--inventory", path.to_str().unwrap()]);
    (document(&output), output.status.code())
}

fn host<'a>(inventory: &'a mut Value, name: &str) -> &'a mut Value {
    let hosts = inventory["hosts"].as_array_mut().unwrap();
    hosts.iter_mut().find(|host| host["name"] == name).unwrap()
}

/// `host: role` of every node.
fn roles(detection: &Value, component: &str) -> Vec<String> {
    let mut all = detection["components"].as_array().unwrap().iter();
    let found = all.find(|found| found["component"] == component).unwrap();
    let nodes = found["nodes"].as_array().unwrap().iter();
    let role = |node: &Value| format!("{}: {}", node["host"], node["role"]).replace('"', "");
    nodes.map(role).collect()
}

fn part<'a>(detection: &'a Value, component: &str) -> &'a Value {
    let mut all = detection["stays"].as_array().unwrap().iter();
    all.find(|part| part["component"] == component).unwrap()
}

#[test]
fn the_reference_estate_is_detected_with_roles_accounts_and_builds() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let output = lab.run(&["mim", "detect"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let detection = document(&output);
    assert_eq!(detection["components"].as_array().unwrap().len(), 7);
    assert_eq!(detection["not_found"], json!([]));
    assert_eq!(
        roles(&detection, "sync"),
        ["MIMSYNC01: active", "MIMSYNC02: standby"]
    );
    assert_eq!(
        roles(&detection, "service"),
        ["MIMSVC01: one-of-several", "MIMSVC02: one-of-several"]
    );
    assert_eq!(roles(&detection, "pam-rest"), ["MIMPAM01: only"]);
    let sync = &detection["components"][0]["nodes"][0];
    assert_eq!(sync["account"], r"CONTOSO\svc-mimsync");
    assert_eq!(sync["account_kind"], "password");
    assert_eq!(sync["version"], "4.6.34.0");
    assert_eq!(sync["supports_gmsa"], true);
    assert_eq!(sync["database"], "FIMSynchronizationService on SQL01");
    assert!(
        sync["evidence"][0]
            .as_str()
            .unwrap()
            .contains("miiserver.exe")
    );
    assert_eq!(part(&detection, "management-agents")["found"], true);
    for absent in ["portal", "certificate-management", "bhold"] {
        let part = part(&detection, absent);
        assert_eq!(part["found"], false, "{part:#}");
        assert_ne!(part["why"], "");
    }
    // What nobody asked is said.
    let unknown = detection["unknown"].to_string();
    assert!(
        unknown.contains("does not look into MIM's own tables"),
        "{unknown}"
    );
}

#[test]
fn what_keeps_its_passwords_is_found_and_what_cannot_be_known_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, inventory) = discovered(folder.path());
    let mut estate = inventory.clone();
    let service = host(&mut estate, "MIMSVC01");
    let portal = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Portal!Location";
    service["registry"][portal] = json!(r"C:\inetpub\portal\");
    let pool = |name: &str| json!({ "name": name, "account": format!(r"CONTOSO\svc-{name}"), "started": true, "folders": [] });
    for name in ["CLMAppPool", "CoreAppPool", "SharePoint - 80"] {
        service["app_pools"]
            .as_array_mut()
            .unwrap()
            .push(pool(name));
    }
    let (detection, _) = detect(&lab, &estate, folder.path());
    for (component, sign) in [
        ("portal", r"C:\inetpub\portal\"),
        ("certificate-management", "application pool CLMAppPool"),
        ("bhold", "application pool CoreAppPool"),
    ] {
        let part = part(&detection, component);
        assert_eq!(part["found"], true, "{part:#}");
        assert_eq!(part["hosts"], json!(["MIMSVC01"]));
        let evidence = part["evidence"].to_string().replace(r"\\", r"\");
        assert!(evidence.contains(sign), "{evidence}");
        assert_ne!(part["instead"], "");
    }
    let task = |host: &str| json!({ "host": host, "name": r"\MIM\Delta synchronization", "account": r"CONTOSO\svc-mimsync" });
    assert_eq!(
        detection["others"],
        json!([
            { "host": "MIMSVC01", "name": "SharePoint - 80", "account": r"CONTOSO\svc-SharePoint - 80" },
            task("MIMSYNC01"),
            task("MIMSYNC02"),
        ])
    );

    // Both servers run: which is the active one, only the operator knows.
    let mut estate = inventory.clone();
    for service in host(&mut estate, "MIMSYNC02")["services"]
        .as_array_mut()
        .unwrap()
    {
        service["state"] = json!("running");
    }
    let (detection, code) = detect(&lab, &estate, folder.path());
    assert_eq!(
        roles(&detection, "sync"),
        ["MIMSYNC01: unknown", "MIMSYNC02: unknown"]
    );
    assert!(detection["unknown"].to_string().contains("warm standby"));
    assert_eq!(code, Some(0));

    // A host is silent, another one's pools cannot be read, a build is no build.
    let mut estate = inventory.clone();
    let answered = estate["coverage"]["answered"].as_array_mut().unwrap();
    answered.retain(|name| name != "MIMPAM01");
    let hosts = estate["hosts"].as_array_mut().unwrap();
    hosts.retain(|host| host["name"] != "MIMPAM01");
    estate["coverage"]["gaps"] =
        json!([{ "subject": "MIMSVC01, application pools", "why": "denied", "advice": null }]);
    host(&mut estate, "MIMSYNC01")["products"] = json!([]);
    let (detection, code) = detect(&lab, &estate, folder.path());
    assert_eq!(code, Some(1));
    assert_eq!(part(&detection, "bhold")["found"], Value::Null);
    assert_eq!(
        detection["not_found"],
        json!(["pam-rest", "pam-component", "pam-monitoring"])
    );
    assert_eq!(
        detection["components"][0]["nodes"][0]["supports_gmsa"],
        Value::Null
    );
    let unknown = detection["unknown"].to_string();
    assert!(unknown.contains("which build it is"), "{unknown}");
    assert!(unknown.contains("denied"), "{unknown}");
}

#[test]
fn the_proposal_is_commented_and_plan_takes_it_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversion.toml");
    let path = path.to_str().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let output = lab.run(&["discover", "--intent", path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.matches("[[conversion]]").count(), 7, "{text}");
    assert_eq!(text.matches("\nstrategy = ").count(), 7, "{text}");
    for line in [
        "# Synchronization Service\n",
        r"# MIMSYNC01: FIMSynchronizationService runs, as CONTOSO\svc-mimsync, build 4.6.34.0",
        "# MIMSYNC02: FIMSynchronizationService does not run,",
        "# MIMSyncGMSAsvc$ has 15 of 15 characters at most. It is made.",
        r"# SPNs that move to MIMSrvGMSAsvc$: FIMService/mimservice (from CONTOSO\svc-mimservice)",
        "# Groups of the product that the old account is in; the gMSA joins them.\ngroups = [",
        "# SPNs that move to MIMPamMon$: none is held",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let output = lab.run(&["plan", "--intent", path]);
    let plan = document(&output);
    assert_eq!(output.status.code(), Some(2), "{plan:#}");
    let findings = plan["findings"].as_array().unwrap();
    assert!(!findings.iter().any(|found| found["severity"] == "blocks"));
    let proposed = lab.run(&["plan", "--intent", path]);
    assert_eq!(document(&proposed)["intent"], plan["intent"]);
}

/// A name that something else has in the directory is not proposed.
#[test]
fn a_name_that_is_taken_gets_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conversion.toml");
    let lab = StartedLab::start(&folder.path().join("lab"));
    let taken = ["group", "create", "MIMSyncGMSAsvc$"];
    let output = lab.run(&taken);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = lab.run(&["discover", "--intent", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("gmsa = \"MIMSyncGMSAsv2\""), "{text}");
}

/// Everything that is refused, each before anything is touched; then on the command line what the unit tests do inside.
#[test]
fn the_exchange_password_is_stored_under_the_gmsa_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let store = |more: &[&str]| {
        let output = lab.run(&[&["mim", "exchange-password"], more].concat());
        (output.status.code(), document(&output))
    };
    let known = ["--account", r"CONTOSO\svc-pammon"];
    let (code, said) = store(&known);
    assert_eq!(code, Some(1), "{said:#}");
    assert!(said.to_string().contains("which is no gMSA"), "{said:#}");

    let (intent, plan) = (path("service.toml"), path("plan.json"));
    std::fs::write(&intent, SERVICE).unwrap();
    let planned = lab.run(&["plan", "--intent", &intent, "--out", &plan]);
    assert_eq!(planned.status.code(), Some(2), "{planned:?}");
    let mut applied = lab.run(&["apply", &plan]);
    for host in ["MIMSVC01", "MIMSVC02"] {
        let purged = lab.run(&["host", "purge-tickets", host]);
        assert_eq!(purged.status.code(), Some(0), "{purged:?}");
        applied = lab.run(&["apply", &plan]);
    }
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");

    for (more, says) in [
        (&known[..], "--mailbox online"),
        (
            &["--account", "mim@contoso.example", "--mailbox", "online"],
            "is missing",
        ),
        (
            &["--account", r"CONTOSO\svc-pammon", "--host", "MIMPAM01"],
            "no MIM Service",
        ),
    ] {
        let (code, said) = store(more);
        assert_eq!(code, Some(1), "{said:#}");
        assert!(said.to_string().contains(says), "{says}: {said:#}");
        let value = lab.run(&["host", "registry", "show", "MIMSVC01", SETTINGS, ON_PREMISE]);
        assert_eq!(document(&value)["value"], Value::Null);
    }
    let on_premise = [&known[..], &["--mailbox", "on-premise"]].concat();
    let (code, shown) = store(&[&on_premise[..], &["--dry-run"]].concat());
    assert_eq!(code, Some(2), "{shown:#}");
    assert_eq!(shown["steps"].as_array().unwrap().len(), 6);
    let (code, said) = store(&on_premise);
    assert_eq!(
        (code, &said["outcome"]),
        (Some(0), &json!("done")),
        "{said:#}"
    );
    let value = |host: &str, name: &str| {
        let shown = lab.run(&["host", "registry", "show", host, SETTINGS, name]);
        document(&shown)["value"]["REG_SZ"]
            .as_str()
            .map(str::to_owned)
    };
    let stored = ["MIMSVC01", "MIMSVC02"].map(|host| {
        assert_eq!(value(host, ONLINE).as_deref(), Some(""));
        value(host, ON_PREMISE).unwrap()
    });
    assert!(
        stored
            .iter()
            .all(|text| text.starts_with("AQAAANCMnd8BFdER"))
    );
    assert_ne!(
        stored[0], stored[1],
        "it is encrypted on each host for itself"
    );
    // Now the values themselves tell which mailbox it is.
    let (code, again) = store(&known);
    assert_eq!(code, Some(0), "{again:#}");
    assert_ne!(again["run"], said["run"]);
    let run = again["run"].as_str().unwrap();
    let verified = lab.run(&["verify", run]);
    assert!(
        document(&verified)
            .to_string()
            .contains("event 4355 was written"),
        "{verified:?}"
    );
}

const SETTINGS: &str = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Service";
const ONLINE: &str = "GMSAEncryptedExchangeOnlineAccountPassword";
const ON_PREMISE: &str = "GMSAEncryptedExchangeOnPremiseAccountPassword";
const SERVICE: &str = r#"
format = 1
[[conversion]]
component = "service"
hosts = ["MIMSVC01", "MIMSVC02"]
gmsa = "MIMSrvGMSAsvc"
retrieval-group = "MIMService_Servers"
groups = ["MIMSyncAdmins"]
"#;
