//! `msi inspect` against msitools, an independent reader of the same package; and what is none.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::answer::{Answer, DONE};
use super::binaries;
use crate::rig::Rig;

/// `msi inspect` of a file.
pub fn inspect(package: &Path) -> Answer {
    let output = Command::new(binaries::gmsactl())
        .args(["msi", "inspect", "--json"])
        .arg(package)
        .output()
        .unwrap();
    Answer::new(format!("msi inspect {}", package.display()), output)
}

/// The rows of a table as msitools exports them: three lines of headings, then values between tabs.
fn exported(package: &Path, table: &str) -> Vec<Vec<String>> {
    let output = Command::new("msiinfo")
        .arg("export")
        .arg(package)
        .arg(table)
        .output()
        .unwrap_or_else(|error| panic!("msiinfo: {error}; install the package msitools"));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.split("\r\n")
        .skip(3)
        .filter(|line| !line.is_empty())
        .map(row)
        .collect()
}

fn named<'a>(document: &'a Value, list: &str, name: &str) -> &'a Value {
    let found = document[list].as_array().unwrap();
    let found = found.iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {list}: {document:#}"))
}

#[test]
fn a_package_reads_as_msitools_reads_it() {
    let package = Rig::get().path("RIG_PACKAGE");
    let document = inspect(&package).ended(DONE).json();
    let properties = exported(&package, "Property");
    assert!(properties.len() > 5, "{properties:?}");
    for row in &properties {
        assert_eq!(
            named(&document, "properties", &row[0])["value"],
            row[1],
            "{row:?}"
        );
    }
    for (field, property) in [("code", "ProductCode"), ("version", "ProductVersion")] {
        let row = properties.iter().find(|row| row[0] == property).unwrap();
        assert_eq!(document["product"][field], row[1]);
    }
    let features = exported(&package, "Feature");
    assert_eq!(
        document["features"].as_array().unwrap().len(),
        features.len()
    );
    for row in &features {
        assert_eq!(
            named(&document, "features", &row[0])["level"].to_string(),
            row[5]
        );
    }
    let [service] = &exported(&package, "ServiceInstall")[..] else {
        panic!("one service");
    };
    let found = named(&document, "services", &service[1]);
    assert_eq!(found["account"], service[8]);
    assert_eq!(found["has_password"], !service[9].is_empty());
    // Without a value it is in no row of Property; the service's logon account uses it all the same.
    assert_eq!(
        named(&document, "properties", "SERVICEACCOUNT")["public"],
        true
    );
    assert_eq!(
        named(&document, "properties", "SERVICEPASSWORD")["hidden"],
        true
    );
}

#[test]
fn what_is_no_package_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("setup.exe");
    inspect(&file).refusal("input", &["setup.exe"]);
    std::fs::write(&file, b"MZ\x90\0").unwrap();
    inspect(&file).refusal("input", &["no Windows Installer package", "name an .msi"]);
}
