//! `gmsactl lab start` stays up, and gmsactl itself works on it as on any estate.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;

use started_lab::{StartedLab, document, gmsactl};

#[test]
fn a_started_lab_is_an_estate_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let doctor = lab.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
    let found = document(&lab.run(&["discover"]));
    assert_eq!(found["coverage"]["answered"], lab.document["hosts"]);
    assert_eq!(found["coverage"]["gaps"], serde_json::json!([]));
    assert_eq!(lab.run(&["plan"]).status.code(), Some(2));
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
