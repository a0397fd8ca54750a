//! `gmsactl lab start` stays up, and gmsactl itself works on it as on any estate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A lab that ends with the test.
struct Lab(Child);

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts one and reads its document.
fn start(folder: &Path) -> (Lab, Value) {
    let mut child = gmsactl(&["--json", "lab", "start"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    for line in lines.map(Result::unwrap) {
        text += &line;
        if line == "}" {
            break;
        }
    }
    let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (Lab(child), document)
}

fn gmsactl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gmsactl"));
    command.args(arguments);
    command
}

#[test]
fn a_started_lab_is_an_estate_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let lab = folder.path().join("lab");
    let (_up, document) = start(&lab);
    let estate = document["estate"].as_str().unwrap();
    let journal = folder.path().join("journal.sqlite");
    let run = |verb: &str| -> Output {
        gmsactl(&[
            verb,
            "--json",
            "--non-interactive",
            "--estate",
            estate,
            "--state",
        ])
        .arg(&journal)
        .output()
        .unwrap()
    };
    let doctor = run("doctor");
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
    let found: Value = serde_json::from_slice(&run("discover").stdout).unwrap();
    assert_eq!(found["coverage"]["answered"], document["hosts"]);
    assert_eq!(found["coverage"]["gaps"], serde_json::json!([]));
    assert_eq!(run("plan").status.code(), Some(2));
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
