//! The rig that `cargo xtask rig up` stands up: a real domain controller, as its `env` file describes it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The running rig.
pub struct Rig {
    values: BTreeMap<String, String>,
}

impl Rig {
    /// The running rig; without one the test fails and says what to do.
    pub fn get() -> &'static Self {
        static RIG: OnceLock<Rig> = OnceLock::new();
        RIG.get_or_init(|| {
            let env = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/rig/env");
            let text = fs::read_to_string(&env).unwrap_or_else(|error| {
                panic!("{}: {error}; run `cargo xtask rig up` first", env.display())
            });
            let line = |line: &str| {
                let (name, value) = line.split_once('=')?;
                Some((name.to_owned(), value.trim_matches('\'').to_owned()))
            };
            Self {
                values: text.lines().filter_map(line).collect(),
            }
        })
    }

    /// A variable of the rig: `RIG_DC`, `RIG_DOMAIN` …
    pub fn value(&self, name: &str) -> &str {
        self.values
            .get(name)
            .unwrap_or_else(|| panic!("the rig has no {name}; run `cargo xtask rig up` again"))
    }

    /// Waits until no other test changes the rig's conversion of MIMSYNC01, and keeps the others out until the file
    /// is dropped. Tests run in processes of their own: the lock is the operating system's.
    pub fn exclusive(&self) -> File {
        self.exclusive_for("tests")
    }

    /// The same for another part of the rig.
    pub fn exclusive_for(&self, part: &str) -> File {
        let lock = self
            .path("RIG_ESTATE")
            .with_file_name(format!("{part}.lock"));
        let file =
            File::create(&lock).unwrap_or_else(|error| panic!("{}: {error}", lock.display()));
        file.lock().unwrap();
        file
    }

    /// What Samba's own tool says, working on the domain controller's files.
    ///
    /// # Panics
    /// When it fails.
    pub fn samba_tool(&self, arguments: &[&str]) -> String {
        let folder = self.path("RIG_ESTATE").with_file_name("dc");
        let (settings, database) = (folder.join("etc/smb.conf"), folder.join("private/sam.ldb"));
        let output = Command::new("samba-tool")
            .args(arguments)
            .arg(format!("--configfile={}", settings.display()))
            .arg(format!("--URL={}", database.display()))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    /// A variable that names a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.value(name).into()
    }

    /// The content of the file that a variable names.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The first line of the file that a variable names: a password.
    pub fn password(&self, name: &str) -> Vec<u8> {
        let text = String::from_utf8(self.bytes(name)).unwrap();
        text.lines().next().unwrap().as_bytes().to_vec()
    }
}
