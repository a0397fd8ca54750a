//! Wrong usage, help and version: no rig is needed.

use std::process::Command;
use std::time::{Duration, Instant};

use super::answer::{Answer, DONE, USAGE};
use super::binaries;

fn run(arguments: &[&str]) -> Answer {
    let output = Command::new(binaries::gmsactl())
        .args(arguments)
        .output()
        .unwrap();
    Answer::new(format!("gmsactl {arguments:?}"), output)
}

const WRONG: &[&[&str]] = &[
    &[],
    &["frobnicate"],
    &["plan", "--frobnicate"],
    &["apply"],
    &["apply", "plan.json", "more"],
    &["rollback", ""],
    &["kds"],
    &["kds", "derive"],
    &["decode"],
    &["decode", "root-keys"],
    &["plan", "--auth", "basic"],
    &["plan", "--domain", "not a name"],
    &["account", "show", ""],
    &["plan", "--log", "loud"],
];

#[test]
fn wrong_usage_ends_with_64() {
    for arguments in WRONG {
        let said = run(arguments).ended(USAGE);
        assert!(said.stdout.is_empty(), "{said}");
        let words = ["error: ", "Usage: "];
        assert!(
            words.iter().any(|word| said.stderr.contains(word)),
            "{said}"
        );
        let said = run(&[arguments, &["--json"][..]].concat()).ended(USAGE);
        assert!(said.stderr.is_empty(), "{said}");
        let document = said.json();
        let error = document["error"].as_object().unwrap();
        let fields: Vec<_> = error.keys().map(String::as_str).collect();
        assert_eq!(fields, ["causes", "hint", "kind", "message"], "{said}");
        assert_eq!(
            (error["kind"].as_str(), error["hint"].is_string()),
            (Some("usage"), true),
            "{said}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|line| !line.is_empty()),
            "{said}"
        );
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    for arguments in [
        &["--help"][..],
        &["help", "plan"],
        &["apply", "--help"],
        &["kds", "derive", "--help"],
    ] {
        let said = run(arguments).ended(DONE);
        assert!(
            said.stdout.contains("Usage: gmsactl") && said.stderr.is_empty(),
            "{said}"
        );
    }
    // The best of some: this machine may be busy.
    let quickest = (0..10)
        .map(|_| {
            let since = Instant::now();
            let said = run(&["--version"]).ended(DONE);
            assert!(said.stdout.starts_with("gmsactl "), "{said}");
            since.elapsed()
        })
        .min();
    assert!(quickest < Some(Duration::from_millis(20)), "{quickest:?}");
}

#[test]
fn without_an_estate_it_says_what_to_name() {
    let folder = tempfile::tempdir().unwrap();
    for verb in [
        &["plan"][..],
        &["discover"],
        &["doctor"],
        &["kds", "list"],
        &["account", "show", "x"],
    ] {
        let output = Command::new(binaries::gmsactl())
            .args(["--json"])
            .args(verb)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = Answer::new(format!("{verb:?}"), output);
        said.refusal("not-configured", &["no estate is named", "--estate FILE"]);
    }
}
