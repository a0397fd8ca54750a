//! `gmsactl msi change` on a started lab: what is refused before, what is run, and what is told of its end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use std::path::PathBuf;
use std::process::Output;

use lab::mim::package::{SERVICE_PACKAGE, service_and_portal, synchronization_service};
use lab::mim::reference::BUILD;
use model::estate::{Estate, SecretSource};
use model::names::LogonAccount;
use serde_json::Value;
use started_lab::{StartedLab, document};

/// Everything that a run of change mode has to be told.
const WHOLE: [&str; 9] = [
    "SQLSERVER_SERVER=SQL01",
    "SQLSERVER_DATABASE=FIMService",
    "EXISTINGDATABASE=1",
    "MAIL_SERVER=mail.contoso.com",
    "SERVICEADDRESS=mim.contoso.com",
    "SYNCHRONIZATION_SERVER=MIMSYNC01",
    "SERVICE_ACCOUNT_NAME=svc-mimservice",
    "SERVICE_ACCOUNT_DOMAIN=CONTOSO",
    "USE_MANAGED_ACCOUNT_FOR_SERVICE=0",
];

struct World {
    lab: StartedLab,
    folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lab = StartedLab::start(&folder.path().join("lab"));
        std::fs::write(
            folder.path().join("service.msi"),
            service_and_portal(BUILD).unwrap(),
        )
        .unwrap();
        Self { lab, folder }
    }

    /// The file that the lab's estate names for an account's password.
    fn password_of(&self, account: &str) -> PathBuf {
        let path = PathBuf::from(self.lab.document["estate"].as_str().unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let estate = Estate::parse(&text, path.parent().unwrap()).unwrap();
        let account = LogonAccount::from(account.to_owned());
        let mut known = estate.credentials.into_iter();
        let found = known.find(|known| known.account.same_as(&account)).unwrap();
        match found.password {
            SecretSource::File(path) => path,
            other => panic!("{other:?}"),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn change(&self, copy: &str, properties: &[&str], more: &[&str]) -> Output {
        let copy = self.file(copy);
        let mut words = vec!["msi", "change", "MIMSVC01", "--package", SERVICE_PACKAGE];
        words.extend(["--copy", copy.to_str().unwrap()]);
        for property in properties {
            words.extend(["--property", property]);
        }
        words.extend(more);
        self.lab.run(&words)
    }
}

#[test]
fn what_must_fail_is_refused_before_anything_is_run() {
    let world = World::start();
    let other = synchronization_service(BUILD).unwrap();
    std::fs::write(world.file("other.msi"), other).unwrap();
    for (copy, property, says) in [
        ("other.msi", "EXISTINGDATABASE=1", "is not"),
        (
            "service.msi",
            "NO_SUCH_THING=1",
            "has no property NO_SUCH_THING",
        ),
        ("service.msi", "SERVICE_ACCOUNT_PASSWORD=x", "is a password"),
    ] {
        let output = world.change(copy, &[property], &[]);
        let error = document(&output)["error"].to_string();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
    let missing = ["msi", "change", "MIMSVC01", "--package", r"D:\\no.msi"];
    let output = world.lab.run(&missing);
    assert!(
        document(&output)["error"]
            .to_string()
            .contains("there is no file")
    );
}

#[test]
fn the_end_of_a_setup_is_told_with_the_lines_of_its_log() {
    let world = World::start();
    let dry = world.change("service.msi", &WHOLE, &["--dry-run"]);
    let told = document(&dry);
    assert_eq!(dry.status.code(), Some(0), "{told}");
    assert_eq!(
        told["product"]["name"],
        "Microsoft Identity Manager Service and Portal"
    );
    assert_eq!(told["succeeded"], Value::Null);

    // Setup would reset what it is not told: the lab's refuses instead.
    let without_mail: Vec<_> = WHOLE
        .into_iter()
        .filter(|text| !text.starts_with("MAIL"))
        .collect();
    let output = world.change("service.msi", &without_mail, &[]);
    let told = document(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told["code"], 1603);
    let log = told["log"].to_string();
    assert!(
        log.contains("MAIL_SERVER is not given") && log.contains("Return value 3"),
        "{log}"
    );
}

#[test]
fn a_password_reaches_setup_beside_the_properties_and_a_restart_is_told() {
    let world = World::start();
    let password = world.password_of(r"CONTOSO\svc-mimservice");
    let output = world.change(
        "service.msi",
        &WHOLE,
        &[
            "--secret-property",
            "SERVICE_ACCOUNT_PASSWORD",
            "--secret-file",
            password.to_str().unwrap(),
        ],
    );
    let told = document(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(
        (told["code"].as_u64(), told["restart_wanted"].as_bool()),
        (Some(3010), Some(true))
    );
    let secret = std::fs::read_to_string(password).unwrap();
    assert!(!told.to_string().contains(secret.trim()));
    let services = document(
        &world
            .lab
            .run(&["host", "services", "MIMSVC01", "FIMService"]),
    );
    assert_eq!(services["services"][0]["state"], "running", "{services}");
}
