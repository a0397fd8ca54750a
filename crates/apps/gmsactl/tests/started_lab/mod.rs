//! A lab that `gmsactl lab start` keeps up for one test.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A lab that ends with the test.
pub struct StartedLab {
    process: Child,
    /// What it said of itself.
    pub document: Value,
    journal: PathBuf,
}

impl Drop for StartedLab {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl StartedLab {
    /// Starts one in a new folder, and reads its document.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// With more words on its command line.
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = gmsactl(&["--json", "lab", "start"])
            .arg(folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut text = String::new();
        for line in lines.map(Result::unwrap) {
            text += &line;
            if line == "}" {
                break;
            }
        }
        let document =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self {
            process,
            document,
            journal: folder.with_extension("sqlite"),
        }
    }

    /// Waits for a lab that was told to stop; tells whether it ended well.
    pub fn ended(mut self) -> bool {
        self.process.wait().unwrap().success()
    }

    /// Has gmsactl do something on it, as on any estate.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let estate = self.document["estate"].as_str().unwrap();
        gmsactl(&["--json", "--non-interactive", "--estate", estate, "--state"])
            .arg(&self.journal)
            .args(arguments)
            .output()
            .unwrap()
    }
}

/// The program under test.
pub fn gmsactl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gmsactl"));
    command.args(arguments);
    command
}

/// The one document on standard output.
pub fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The conversion of the Synchronization Service's active server.
pub const CONVERSION: &str = r#"
format = 1
[[conversion]]
component = "sync"
hosts = ["MIMSYNC01"]
gmsa = "MIMSyncGMSAsvc"
retrieval-group = "MIMSync_Servers"
"#;

/// An estate that was discovered and planned, and is gone.
pub struct Planned {
    folder: tempfile::TempDir,
}

impl Planned {
    /// Discovers and plans in a lab that ends with it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("conversion.toml"), CONVERSION).unwrap();
        let lab = StartedLab::start(&folder.path().join("lab"));
        let intent = ["--intent", &path("conversion.toml")];
        let inventory = path("inventory.json");
        let found = lab.run(&[&["discover", "--out", &inventory], &intent[..]].concat());
        assert_eq!(found.status.code(), Some(0), "{found:?}");
        let plan = [
            "plan",
            "--inventory",
            &inventory,
            "--out",
            &path("plan.json"),
        ];
        let planned = lab.run(&[&plan, &intent[..]].concat());
        assert_eq!(planned.status.code(), Some(2), "{planned:?}");
        drop(lab);
        Self { folder }
    }

    /// A file of it: `inventory.json`, `plan.json`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
