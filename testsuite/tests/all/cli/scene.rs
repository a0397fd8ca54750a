//! A folder with an estate, an intent and a journal for one test, and commands run in it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::answer::{Answer, CHANGES, DONE};
use super::binaries;
use crate::rig::Rig;

/// The folder, and the right to be the only one who changes the rig. What its runs changed is taken back at its end.
pub struct Scene {
    folder: TempDir,
    transcript: RefCell<Vec<Vec<u8>>>,
    environment: RefCell<Vec<(String, String)>>,
    estate: &'static str,
    _exclusive: File,
}

impl Scene {
    /// The estate of MIMSYNC01 alone. Waits until no other test uses the hosts.
    pub fn new() -> Self {
        Self::of("RIG_ESTATE")
    }

    /// The estate of all five hosts, without an intent.
    pub fn of_every_host() -> Self {
        let scene = Self::of("RIG_REFERENCE_ESTATE");
        fs::remove_file(scene.path("conversion.toml")).unwrap();
        scene
    }

    fn of(estate: &'static str) -> Self {
        let rig = Rig::get();
        let exclusive = rig.exclusive();
        let folder = tempfile::tempdir().unwrap();
        let scene = Self {
            folder,
            transcript: RefCell::default(),
            environment: RefCell::default(),
            estate,
            _exclusive: exclusive,
        };
        for original in named_files() {
            let link = scene.path(original.file_name().unwrap().to_str().unwrap());
            std::os::unix::fs::symlink(original, link).unwrap();
        }
        scene.reset();
        scene
    }

    /// Estate and intent as the rig has them.
    fn reset(&self) {
        let rig = Rig::get();
        fs::write(self.path("estate.toml"), rig.bytes(self.estate)).unwrap();
        fs::write(self.path("conversion.toml"), rig.bytes("RIG_INTENT")).unwrap();
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a file, or the link to one of the rig's.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        drop(fs::remove_file(&path));
        fs::write(path, content).unwrap();
    }

    /// Replaces a text that stands in a file.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}:\n{text}");
        self.write(name, text.replace(from, to));
    }

    /// Sets a variable for every command from now on.
    pub fn set_environment(&self, name: &str, value: &str) {
        self.environment
            .borrow_mut()
            .push((name.to_owned(), value.to_owned()));
    }

    /// gmsactl, to be given what comes after the options that reach this scene.
    pub fn gmsactl(&self) -> Command {
        self.command(Command::new(binaries::gmsactl()))
    }

    /// gmsactl that dies where this says, as in `before:12`.
    pub fn gmsactl_that_dies(&self, at: &str) -> Command {
        let mut command = self.command(Command::new(binaries::gmsactl_that_dies()));
        command.env("GMSACTL_DIE", at);
        command
    }

    /// The same as a Windows program, which Wine runs on MIMSYNC01.
    pub fn gmsactl_on_windows(&self) -> Command {
        let prefix = Rig::get().path("RIG_WINE_PREFIX");
        let program = prefix.join("drive_c/gmsactl.exe");
        assert!(
            program.exists(),
            "{}: not there; run `cargo xtask rig gmsactl` first",
            program.display()
        );
        let mut wine = Command::new("wine");
        wine.arg(program)
            .env("WINEPREFIX", prefix)
            .env("WINEDEBUG", "-all")
            .env("KRB5_CONFIG", Rig::get().path("RIG_KRB5_CONFIG"))
            .env_remove("DISPLAY");
        self.command(wine)
    }

    /// The same with another build.
    pub fn gmsactl_at(&self, program: &std::path::Path) -> Command {
        self.command(Command::new(program))
    }

    /// With the options that reach this scene.
    fn command(&self, mut command: Command) -> Command {
        command
            .args([
                "--estate",
                "estate.toml",
                "--state",
                "journal.sqlite",
                "--non-interactive",
            ])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            // Not the tickets of whoever runs the tests.
            .env("KRB5CCNAME", "FILE:no-tickets")
            .envs(self.environment.borrow().iter().cloned());
        command
    }

    /// Runs a command to its end; its output is kept for [`Scene::transcript`].
    pub fn answer(&self, command: &mut Command) -> Answer {
        let output = command.output().unwrap();
        self.transcript
            .borrow_mut()
            .extend([output.stdout.clone(), output.stderr.clone()]);
        Answer::new(format!("{command:?}"), output)
    }

    /// Runs gmsactl for people.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.answer(self.gmsactl().args(arguments))
    }

    /// Runs gmsactl for programs.
    pub fn json(&self, arguments: &[&str]) -> Answer {
        self.answer(self.gmsactl().arg("--json").args(arguments))
    }

    /// Starts gmsactl for programs and does not wait.
    pub fn start(&self, arguments: &[&str]) -> Started {
        let mut command = self.gmsactl();
        command.arg("--json").args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Started(Some(command.spawn().unwrap()))
    }

    /// Plans into `plan.json`; there are changes.
    pub fn plan(&self) -> Value {
        self.json(&["plan", "--out", "plan.json"])
            .ended(CHANGES)
            .json()
    }

    /// Applies `plan.json` whole; the run's id.
    pub fn apply(&self) -> String {
        let answer = self.json(&["apply", "plan.json"]).ended(DONE);
        assert_eq!(answer.text("/outcome"), "done", "{answer}");
        answer.text("/run")
    }

    /// Takes a run back whole.
    pub fn roll_back(&self, run: &str) {
        let answer = self.json(&["rollback", run]).ended(DONE);
        assert_eq!(answer.text("/outcome"), "unwound", "{answer}");
    }

    /// The journal's runs.
    pub fn runs(&self) -> Vec<Value> {
        let list = self.json(&["runs"]).ended(DONE).json();
        list["runs"].as_array().unwrap().clone()
    }

    /// Begins without any run.
    pub fn remove_journal(&self) {
        for suffix in ["", "-wal", "-shm"] {
            drop(fs::remove_file(
                self.path(&format!("journal.sqlite{suffix}")),
            ));
        }
    }

    /// Everything that the commands printed.
    pub fn transcript(&self) -> Vec<Vec<u8>> {
        self.transcript.borrow().clone()
    }
}

/// Files of the rig that its estates name.
fn named_files() -> Vec<PathBuf> {
    let estate = Rig::get().path("RIG_ESTATE");
    let entries = fs::read_dir(estate.parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| {
        ["ssh", "ca.pem"].iter().any(|name| path.ends_with(name))
            || ["password", "keytab"]
                .iter()
                .any(|kind| path.extension().is_some_and(|extension| extension == *kind))
    };
    paths.filter(named).collect()
}

/// A command that runs; a test that fails does not leave it behind.
pub struct Started(Option<Child>);

impl Started {
    /// The process's id.
    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Waits for its end.
    pub fn answer(mut self) -> Answer {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        Answer::new("the command that was started".to_owned(), output)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Scene {
    /// A test that failed half-way must not fail the ones after it.
    fn drop(&mut self) {
        self.environment.borrow_mut().clear();
        self.reset();
        for original in named_files() {
            let path = self.path(original.file_name().unwrap().to_str().unwrap());
            drop(fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)));
            drop(std::os::unix::fs::symlink(original, path));
        }
        let Ok(listed) = self.gmsactl().args(["--json", "runs"]).output() else {
            return;
        };
        let list: Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        for run in list["runs"].as_array().into_iter().flatten().rev() {
            if let Some(id) = run["run"].as_str().filter(|_| run["outcome"] != "unwound") {
                drop(self.gmsactl().args(["rollback", id]).output());
            }
        }
    }
}
