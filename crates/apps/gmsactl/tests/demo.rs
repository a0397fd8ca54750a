//! `gmsactl demo` keeps its contract, leaves nothing but its report, and says so when something fails.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs it in `folder`, with that folder's `tmp` for what is temporary and nothing else of this user's.
fn demo(folder: &Path, arguments: &[&str]) -> Output {
    let temporary = folder.join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gmsactl"))
        .arg("demo")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder.join("home"))
        .env("TMPDIR", &temporary)
        .env("TMP", &temporary)
        .output()
        .unwrap();
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "temporary files stay: {left:?}");
    assert!(
        !folder.join("home").exists(),
        "something was written into the home folder"
    );
    output
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn the_reference_estate_is_converted_verified_and_rolled_back_clean() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--json", "--out", "report.html"]);
    let document = document(&output);
    assert_eq!(document["rolled_back_clean"], true, "{document:#}");
    assert_eq!(document["verified"], true, "{document:#}");
    assert_eq!(
        document["converted"],
        serde_json::json!([
            "sync",
            "service",
            "pam-rest",
            "pam-component",
            "pam-monitoring",
            "sspr-registration",
            "sspr-reset"
        ])
    );
    assert_eq!(document["hosts"], 5);
    assert!(document["steps"].as_u64().unwrap() > 10, "{document:#}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let path = Path::new(document["report"].as_str().unwrap());
    assert_eq!(
        path.canonicalize().unwrap(),
        folder.path().join("report.html").canonicalize().unwrap()
    );
    let page = std::fs::read_to_string(path).unwrap();
    for shown in [
        "Before",
        "After",
        r"CONTOSO\svc-mimsync",
        r"CONTOSO\MIMSyncGMSAsvc$",
        "MIMSync_Servers",
        "PCNSCLNT/mimsync01.contoso.com",
        r"CONTOSO\MIMSsprReset$",
        "FIMService/mimservice",
        "MIM-003",
    ] {
        assert!(page.contains(shown), "{shown} is not in the report");
    }
    is_self_contained(&page);
    // The lab's random passwords begin with these words.
    for text in [page.as_bytes(), &output.stdout, &output.stderr] {
        assert!(
            !String::from_utf8_lossy(text).contains("Lab-"),
            "a password is shown"
        );
    }
}

fn is_self_contained(page: &str) {
    // Reserved URLs are shown as text: nobody can follow them.
    let page = page.replace("http://+:", "");
    for reference in [
        "http://", "https://", "<script", "src=", "href=", "@import", "url(",
    ] {
        assert!(
            !page.contains(reference),
            "the report refers to something with {reference}"
        );
    }
}

#[test]
fn a_run_that_fails_is_unwound_and_the_demo_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--json", "--fault", "disk-full"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let document = document(&output);
    assert_eq!(document["outcome"], "unwound");
    assert_eq!(document["converted"], serde_json::json!([]));
    assert_eq!(document["verified"], false);
    let page = std::fs::read_to_string(folder.path().join("gmsactl-demo.html")).unwrap();
    assert!(
        page.contains("112 ERROR_DISK_FULL"),
        "the report does not say why the key set was not exported"
    );
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--json", "--out", "nowhere/report.html"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(document(&output)["error"]["kind"], "output");
}
