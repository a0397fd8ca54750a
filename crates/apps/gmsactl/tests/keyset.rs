//! `gmsactl keyset`: an export that is proved, found again and compared.
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

const FILE: &str = r"C:\MIMBackup\before.bin";

fn keyset(lab: &StartedLab, words: &[&str]) -> (Option<i32>, Value) {
    let output = lab.run(&[&["keyset"], words].concat());
    (output.status.code(), document(&output))
}

fn runs(lab: &StartedLab) -> usize {
    let listed = document(&lab.run(&["runs"]));
    listed["runs"].as_array().unwrap().len()
}

#[test]
fn a_key_set_is_exported_and_found_again_until_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let (code, nothing) = keyset(&lab, &["verify"]);
    assert_eq!((code, &nothing["exports"]), (Some(1), &json!([])));

    let (code, shown) = keyset(&lab, &["export", "--file", FILE, "--dry-run"]);
    assert_eq!(code, Some(2), "{shown:#}");
    let kinds: Vec<_> = shown["steps"].as_array().unwrap().iter().collect();
    assert_eq!(kinds.len(), 1, "{shown:#}");
    assert_eq!(kinds[0]["kind"], "export-key-set");
    assert_eq!(runs(&lab), 0);

    let (code, done) = keyset(&lab, &["export", "--file", FILE]);
    assert_eq!(
        (code, &done["outcome"]),
        (Some(0), &json!("done")),
        "{done:#}"
    );
    let (_, again) = keyset(&lab, &["export", "--file", FILE]);
    assert_eq!(again["run"], done["run"], "repeating it is safe: {again:#}");
    let (code, inspected) = keyset(&lab, &["inspect"]);
    assert_eq!(code, Some(0), "{inspected:#}");
    let hosts: Vec<_> = inspected["services"].as_array().unwrap().iter().collect();
    assert_eq!(hosts.len(), 2, "active and standby: {inspected:#}");
    let export = &inspected["exports"][0];
    assert_eq!(export["run"], done["run"]);
    assert_eq!(export["file"], FILE);
    assert_eq!(export["holds"], true, "{export:#}");
    assert_eq!(export["now"]["sha256"], export["sha256"]);
    let (code, verified) = keyset(&lab, &["verify"]);
    assert_eq!((code, &verified["holds"]), (Some(0), &json!(true)));

    let other = folder.path().join("copy.bin");
    std::fs::write(&other, "something else").unwrap();
    let (code, differs) = keyset(&lab, &["verify", "--copy", other.to_str().unwrap()]);
    assert_eq!((code, &differs["holds"]), (Some(1), &json!(false)));
    assert_eq!(differs["copy"]["copy_of"], Value::Null);
    assert_eq!(differs["exports"][0]["holds"], true);

    let back = lab.run(&["rollback", done["run"].as_str().unwrap()]);
    assert_eq!(back.status.code(), Some(0), "{back:?}");
    let (_, inspected) = keyset(&lab, &["inspect"]);
    assert_eq!(inspected["exports"], json!([]), "{inspected:#}");
}

/// Each refusal comes before anything is touched: no file, no run that is not over.
#[test]
fn what_cannot_be_exported_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab");
    let lab = StartedLab::start(&path);
    for (words, says) in [
        (&["export", "--file", "keys.bin"][..], "no absolute path"),
        (
            &["export", "--file", FILE, "--host", "MIMSVC01"],
            "no Synchronization Service",
        ),
        (
            &["export", "--file", FILE, "--host", "MIMSYNC02"],
            "warm standby",
        ),
    ] {
        let (code, said) = keyset(&lab, words);
        assert_eq!(code, Some(1), "{says}: {said:#}");
        assert!(said.to_string().contains(says), "{says}: {said:#}");
    }
    wrong_password(&path);
    let (code, said) = keyset(&lab, &["export", "--file", FILE]);
    assert_eq!(code, Some(1), "{said:#}");
    assert!(said.to_string().contains("svc-mimsync"), "{said:#}");
    assert_eq!(runs(&lab), 0);
}

fn wrong_password(lab: &Path) {
    let file = lab.join("service.password");
    assert!(file.exists());
    std::fs::write(file, "not the password\n").unwrap();
}
