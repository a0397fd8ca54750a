//! `gmsactl lab start` stays up, and gmsactl itself works on it as on any estate.
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
use started_lab::{CONVERSION, StartedLab, document, gmsactl};

#[test]
fn a_started_lab_is_an_estate_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let doctor = lab.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
    let by_ntlm = lab.run(&["--auth", "ntlm", "account", "show", "svc-mimsync"]);
    assert_eq!(by_ntlm.status.code(), Some(0), "{by_ntlm:?}");
    let found = document(&lab.run(&["discover"]));
    assert_eq!(found["coverage"]["answered"], lab.document["hosts"]);
    assert_eq!(found["coverage"]["gaps"], serde_json::json!([]));
    assert_eq!(lab.run(&["plan"]).status.code(), Some(2));
}

/// A plan for people.
fn planned(lab: &StartedLab, intent: &Path) -> String {
    let estate = lab.document["estate"].as_str().unwrap();
    let planned = gmsactl(&["--non-interactive", "--estate", estate, "plan", "--intent"])
        .arg(intent)
        .output()
        .unwrap();
    String::from_utf8(planned.stdout).unwrap()
}

/// What it says before its first step.
fn before(lab: &StartedLab, intent: &Path) -> Vec<String> {
    let text = planned(lab, intent);
    let before = text.split_once("Before you begin\n").unwrap().1;
    let lines = before.lines().take_while(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn a_plan_for_people_says_what_to_have_ready() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let intent = folder.path().join("conversion.toml");
    std::fs::write(&intent, CONVERSION).unwrap();
    let told = before(&lab, &intent);
    for (line, says) in [
        (0, r"passwords at hand: CONTOSO\svc-mimsync. "),
        (1, "a backup of FIMSynchronizationService on SQL01,"),
        (2, "gmsactl rollback"),
        (2, "The old accounts stay enabled"),
    ] {
        assert!(told[line].contains(says), "{says}: {told:#?}");
    }
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(!told[2].contains("no way back"), "{told:#?}");
    let text = planned(&lab, &intent);
    let heading = "sync  on MIMSYNC01 (rights on MIMSYNC02 too); down for";
    assert!(text.contains(heading), "{text}");

    let recipient =
        "recipient = \"age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk\"";
    std::fs::write(&intent, format!("{CONVERSION}\n{recipient}\n")).unwrap();
    let told = before(&lab, &intent);
    assert!(told[2].contains("(remove-key-set)"), "{told:#?}");
}

/// What a lab's directory has of an account, and who knows its password.
fn account(lab: &StartedLab, name: &str) -> Value {
    document(&lab.run(&["account", "show", name]))
}

fn order(arguments: &[&str], folder: &Path) -> Output {
    let (verb, rest) = arguments.split_first().unwrap();
    gmsactl(&["--json", "lab", verb])
        .arg(folder)
        .args(rest)
        .output()
        .unwrap()
}

#[test]
fn a_lab_is_saved_stopped_and_started_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (path, saved) = (folder.path().join("lab"), folder.path().join("saved.json"));
    let file = saved.to_str().unwrap();
    let lab = StartedLab::start(&path);
    let status = document(&order(&["status"], &path));
    assert_eq!(status["domain"], "contoso.com");
    assert_eq!(status["hosts"].as_array().unwrap().len(), 5);
    let (user, gmsas) = (account(&lab, "svc-mimsync"), lab.run(&["kds", "list"]));
    let password = std::fs::read(path.join("service.password")).unwrap();

    assert_eq!(order(&["save", file], &path).status.code(), Some(0));
    let again = order(&["save", file], &path);
    assert_eq!(
        again.status.code(),
        Some(1),
        "a saved lab is not written over"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&saved).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let stopped = order(&["stop"], &path);
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    assert!(lab.ended(), "the lab did not end well");
    assert!(!path.exists(), "passwords stay behind");
    let status = order(&["status"], &path);
    assert_eq!(status.status.code(), Some(1), "{status:?}");
    assert_eq!(document(&status)["error"]["kind"], "unreachable");

    let lab = StartedLab::start_with(&path, &["--seed", file]);
    assert_eq!(account(&lab, "svc-mimsync"), user);
    assert_eq!(lab.run(&["kds", "list"]).stdout, gmsas.stdout);
    assert_eq!(
        std::fs::read(path.join("service.password")).unwrap(),
        password
    );
    let doctor = lab.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
    assert_eq!(lab.run(&["plan"]).status.code(), Some(2));
}

#[test]
fn an_inventory_is_a_seed_and_faults_can_be_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.json");
    let file = inventory.to_str().unwrap();
    let lab = StartedLab::start(&folder.path().join("first"));
    let user = account(&lab, "svc-mimsync");
    let found = lab.run(&["discover", "--out", file]);
    assert_eq!(found.status.code(), Some(0), "{found:?}");

    let path = folder.path().join("second");
    let lab = StartedLab::start_with(&path, &["--seed", file, "--faults", "clock-off"]);
    assert_eq!(account(&lab, "svc-mimsync"), user);
    let status = order(&["fault", "disk-full", "--host", "MIMSYNC01"], &path);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    let faults = &document(&order(&["status"], &path))["faults"];
    assert_eq!(
        *faults,
        serde_json::json!(["clock-off", "disk-full on MIMSYNC01"])
    );
    let plan = lab.run(&["plan"]);
    assert_eq!(plan.status.code(), Some(1), "clocks differ: {plan:?}");
    let nobody = order(&["fault", "disk-full", "--host", "NOBODY"], &path);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
}

#[test]
fn a_fault_ends_where_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab");
    let lab = StartedLab::start_with(&path, &["--faults", "clock-off,kds-key-missing-on-one"]);
    assert_eq!(
        lab.document["domain_controllers"][1]["name"],
        "dc2.contoso.com"
    );
    let faults = || document(&order(&["status"], &path))["faults"].clone();
    let mend = |arguments: &[&str]| {
        let done = order(&[&["fault", "--mend"], arguments].concat(), &path);
        done.status.code()
    };
    assert_eq!(lab.run(&["doctor"]).status.code(), Some(1));
    assert_eq!(mend(&["kds-key-missing-on-one"]), Some(0));
    assert_eq!(mend(&["disk-full"]), Some(1), "it is not there");
    assert_eq!(mend(&["clock-off", "--host", "MIMSYNC01"]), Some(0));
    let others = faults();
    assert_eq!(others.as_array().unwrap().len(), 4, "{others}");
    assert!(!others.to_string().contains("MIMSYNC01"), "{others}");
    assert_eq!(mend(&["clock-off"]), Some(0));
    assert_eq!(faults(), serde_json::json!([]));
    let doctor = lab.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
}

#[test]
fn several_domain_controllers_are_found_saved_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let (path, saved) = (folder.path().join("lab"), folder.path().join("saved.json"));
    let inventory = folder.path().join("inventory.json");
    let delay = ["--domain-controllers", "3", "--replication-delay", "2h"];
    let lab = StartedLab::start_with(&path, &delay);
    let names = ["dc1.contoso.com", "dc2.contoso.com", "dc3.contoso.com"];
    let found = document(&lab.run(&["discover", "--out", inventory.to_str().unwrap()]));
    let controllers = |found: &Value| -> Vec<String> {
        let all = found["domain"]["domain_controllers"].as_array().unwrap();
        let name = |one: &Value| one["dns_name"].as_str().unwrap().to_owned();
        let mut names: Vec<_> = all.iter().map(name).collect();
        names.sort();
        names
    };
    assert_eq!(controllers(&found), names);
    let made = lab.run(&["group", "create", "MIMSync_Servers"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert_eq!(
        order(&["save", saved.to_str().unwrap()], &path)
            .status
            .code(),
        Some(0)
    );
    drop(lab);

    for seed in [&saved, &inventory] {
        let path = seed.with_extension("lab");
        let lab = StartedLab::start_with(&path, &["--seed", seed.to_str().unwrap()]);
        assert_eq!(controllers(&document(&lab.run(&["discover"]))), names);
        let fewer = [
            "--seed",
            seed.to_str().unwrap(),
            "--domain-controllers",
            "1",
        ];
        let refused = order(&[&["start"], &fewer[..]].concat(), &path.join("fewer"));
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    }
}

#[test]
fn what_is_no_seed_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab");
    for text in [
        "nonsense",
        r#"{"kind":"gmsactl-lab","format":1}"#,
        r#"{"format":1}"#,
    ] {
        let seed = folder.path().join("seed");
        std::fs::write(&seed, text).unwrap();
        let output = gmsactl(&["--json", "lab", "start"])
            .arg(&path)
            .arg("--seed")
            .arg(&seed)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}: {output:?}");
        assert!(!path.exists(), "{text}");
    }
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = gmsactl(&["lab", "start"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_export_is_a_seed() {
    let folder = tempfile::tempdir().unwrap();
    let export = "dn: CN=web,OU=Servers,DC=fabrikam,DC=net\nobjectClass: top\nobjectClass: person\n\
         objectClass: organizationalPerson\nobjectClass: user\nsAMAccountName: web\nuserAccountControl: 66048\n\
         servicePrincipalName: HTTP/www.fabrikam.net\n";
    let file = folder.path().join("export.ldf");
    std::fs::write(&file, export).unwrap();
    let path = folder.path().join("lab");
    let lab = StartedLab::start_with(&path, &["--seed", file.to_str().unwrap()]);
    assert_eq!(lab.document["domain"], "fabrikam.net");
    let web = account(&lab, "web");
    assert_eq!(web["dn"], "CN=web,OU=Servers,DC=fabrikam,DC=net");
    assert_eq!(web["spns"], serde_json::json!(["HTTP/www.fabrikam.net"]));
}

#[test]
fn a_read_only_domain_controller_is_told_and_not_worked_with() {
    let folder = tempfile::tempdir().unwrap();
    let (path, saved) = (folder.path().join("lab"), folder.path().join("saved.json"));
    let lab = StartedLab::start_with(&path, &["--read-only-domain-controllers", "1"]);
    let controllers = &lab.document["domain_controllers"];
    assert_eq!(controllers[1]["name"], "rodc1.contoso.com", "{controllers}");
    assert_eq!(
        (&controllers[0]["read_only"], &controllers[1]["read_only"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    let refused = lab.run(&["group", "create", "Hosts", "--server", "rodc1.contoso.com"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(document(&refused)["error"]["kind"], "read-only");
    assert_eq!(lab.run(&["doctor"]).status.code(), Some(0));
    let save = ["save", saved.to_str().unwrap()];
    assert_eq!(order(&save, &path).status.code(), Some(0));
    drop(lab);
    let again = ["--seed", saved.to_str().unwrap()];
    let lab = StartedLab::start_with(&folder.path().join("again"), &again);
    assert_eq!(lab.document["domain_controllers"][1]["read_only"], true);
}

#[test]
fn a_test_of_an_account_names_causes_that_the_agent_sees() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab");
    let lab = StartedLab::start_with(&path, &[]);
    let done = |line: &[&str]| {
        let output = lab.run(line);
        assert_eq!(output.status.code(), Some(0), "{line:?}: {output:?}");
    };
    let cause = |id: &str, says: &str| {
        let output = lab.run(&["account", "test", "WebGMSA", "--host", "MIMSYNC01"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let cause = document(&output)["cause"].clone();
        assert_eq!(cause["id"], id, "{cause}");
        assert!(cause.to_string().contains(says), "{cause}");
    };
    done(&["group", "create", "Hosts"]);
    done(&["account", "create", "WebGMSA", "--allow", "Hosts"]);
    done(&["group", "add", "Hosts", "MIMSYNC01"]);
    cause("ticket", "klist -li 0x3e7 purge");
    done(&["host", "purge-tickets", "MIMSYNC01"]);
    done(&["account", "test", "WebGMSA", "--host", "MIMSYNC01"]);

    done(&["account", "allow", "WebGMSA", "MIMSYNC01", "--replace"]);
    let fault = |arguments: &[&str]| {
        let done = order(&[&["fault"], arguments].concat(), &path);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
    };
    fault(&["clock-off"]);
    cause("host-clock", "5 minutes");
    fault(&["--mend", "clock-off"]);
    done(&["account", "test", "WebGMSA", "--host", "MIMSYNC01"]);
}
