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
// Two pairs as age-keygen writes them, made for tests and used nowhere else.
const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
const IDENTITY: &str = "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";
const OTHER: &str = "age1pc5mahl54x8wk7p7trh6r2hqaf2ajddzt6ugstxzz82qzscdn5fs64tsf2";
const OTHER_IDENTITY: &str =
    "AGE-SECRET-KEY-15ZC43JU9VNSXN9UELEUUZW6SG2U7RF65Y580VUKP7Y74669CSLTQUMSJ5K";

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

    let taken = r"C:\Windows\System32\msiexec.exe";
    let (code, refused) = keyset(&lab, &["export", "--file", taken]);
    assert_eq!(code, Some(1), "{refused:#}");
    assert_eq!(refused["error"]["kind"], "conflict", "{refused:#}");
    assert_eq!(runs(&lab), 0, "nothing was begun");

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

#[test]
fn a_sealed_export_leaves_its_copy_only() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let words = ["export", "--file", FILE, "--recipient", RECIPIENT];
    let (code, shown) = keyset(&lab, &[&words[..], &["--dry-run"]].concat());
    assert_eq!(code, Some(2), "{shown:#}");
    let steps = shown["steps"].as_array().unwrap().iter();
    let steps: Vec<_> = steps
        .map(|step| (&step["kind"], &step["reversible"]))
        .collect();
    let wanted = [
        ("export-key-set", "free"),
        ("seal-key-set", "free"),
        ("remove-key-set", "none"),
    ];
    let wanted = wanted.map(|(kind, back)| (json!(kind), json!(back)));
    assert_eq!(steps, wanted.each_ref().map(|(kind, back)| (kind, back)));

    let (code, done) = keyset(&lab, &words);
    assert_eq!(code, Some(0), "{done:#}");
    let (_, again) = keyset(&lab, &words);
    assert_eq!(again["run"], done["run"], "repeating it is safe: {again:#}");
    let (code, verified) = keyset(&lab, &["verify"]);
    assert_eq!((code, &verified["holds"]), (Some(0), &json!(true)));
    let export = &verified["exports"][0];
    assert_eq!(
        (&export["removed"], &export["now"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(export["sealed"]["file"], format!("{FILE}.age"));
    assert_eq!(export["sealed_now"]["holds"], true, "{export:#}");
    let run = done["run"].as_str().unwrap();
    assert_eq!(lab.run(&["verify", run]).status.code(), Some(0));

    is_fetched_once(&lab, export, &folder.path().join("safe"));

    let (code, other) = keyset(&lab, &["export", "--file", FILE, "--recipient", OTHER]);
    assert_eq!(code, Some(1), "{other:#}");
    let why = other["error"]["message"].as_str().unwrap();
    assert!(why.contains("before.bin.age is there already"), "{why}");
    assert_eq!(runs(&lab), 1, "nothing was begun");
    let back = lab.run(&["rollback", run]);
    assert_eq!(back.status.code(), Some(0), "{back:?}");
    let (_, inspected) = keyset(&lab, &["inspect"]);
    assert_eq!(inspected["exports"], json!([]), "{inspected:#}");
}

/// A sealed copy is brought here, is not asked for again, and replaces nothing.
fn is_fetched_once(lab: &StartedLab, export: &Value, safe: &Path) {
    let fetch = ["fetch", "--to", safe.to_str().unwrap()];
    let (code, no_folder) = keyset(lab, &fetch);
    assert_eq!(code, Some(1), "{no_folder:#}");
    std::fs::create_dir(safe).unwrap();
    for fetched in [true, false] {
        let (code, said) = keyset(lab, &fetch);
        assert_eq!((code, &said["all"]), (Some(0), &json!(true)), "{said:#}");
        let copy = &said["copies"][0];
        assert_eq!(copy["fetched"], fetched, "{said:#}");
        let path = copy["path"].as_str().unwrap();
        assert!(path.ends_with("-before.bin.age"), "{path}");
        let (code, verified) = keyset(lab, &["verify", "--copy", path]);
        assert_eq!(code, Some(0), "{verified:#}");
        assert_eq!(verified["copy"]["sha256"], export["sealed"]["sha256"]);
    }
    let (code, nothing) = keyset(lab, &[&fetch[..], &["--host", "MIMSYNC02"]].concat());
    assert_eq!((code, &nothing["copies"]), (Some(1), &json!([])));
    let file = std::fs::read_dir(safe).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), "somebody's").unwrap();
    let (code, said) = keyset(lab, &fetch);
    assert_eq!(code, Some(1), "{said:#}");
    let why = said["copies"][0]["failed"].as_str().unwrap();
    assert!(why.contains("is another file"), "{said:#}");
    assert_eq!(std::fs::read(file.path()).unwrap(), b"somebody's");
}

/// What holds no export of this journal, and what the identity does not open, is not written.
#[test]
fn only_sealed_exports_of_the_journal_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (copy, key, out) = (path("copy.age"), path("key.txt"), path("out.bin"));
    let recipients = [RECIPIENT.parse().unwrap()];
    std::fs::write(
        &copy,
        sealed_file::seal(b"other keys", &recipients).unwrap(),
    )
    .unwrap();
    let words = ["open", "--copy", &copy, "--identity", &key, "--out", &out];
    for (identity, says) in [
        (IDENTITY, "no key set that this journal knows"),
        (OTHER_IDENTITY, "not encrypted to any of these identities"),
        ("AGE-SECRET-KEY-1QQQQ", "line 1 is no identity"),
    ] {
        std::fs::write(&key, identity).unwrap();
        let (code, said) = keyset(&lab, &words);
        assert_eq!(code, Some(1), "{says}: {said:#}");
        assert!(said.to_string().contains(says), "{says}: {said:#}");
        assert!(!said.to_string().contains("QQQQ"), "{said:#}");
        assert!(!Path::new(&out).exists());
    }
    std::fs::write(&key, IDENTITY).unwrap();
    let (code, said) = keyset(&lab, &["verify", "--copy", &copy, "--identity", &key]);
    assert_eq!((code, &said["copy"]["sealed"]), (Some(1), &json!(true)));
    assert_eq!(said["copy"]["content"]["size"], 10, "{said:#}");
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
