//! One Wine prefix: a Windows of its own, with its own registry, services and C: drive.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::agent;
use crate::system::{command, files};

/// The first version with the `ProcessPrng` that Rust's standard library needs.
const WITH_PROCESS_PRNG: u32 = 9;

/// A Wine prefix.
pub struct Wine {
    prefix: PathBuf,
    log: PathBuf,
}

impl Wine {
    /// The prefix in this folder.
    pub fn new(prefix: PathBuf, log: PathBuf) -> Self {
        Self { prefix, log }
    }

    /// Makes a new prefix.
    pub fn make(&self) -> anyhow::Result<()> {
        self.clear()?;
        if version()? < WITH_PROCESS_PRNG {
            let system = self.file("windows/system32");
            files::create_folder(&system)?;
            files::copy(
                &agent::folder().join(agent::SHIM),
                &system.join(agent::SHIM),
            )?;
        }
        self.run(self.program("wineboot").arg("--init"))?;
        self.run(self.command("wineserver").arg("--wait")) // Until the registry is in its files.
    }

    /// Makes a new prefix as a copy of another, in which nothing runs.
    pub fn copy_of(&self, template: &Self) -> anyhow::Result<()> {
        self.clear()?;
        let mut copy = Command::new("cp");
        copy.arg("--archive")
            .arg(&template.prefix)
            .arg(&self.prefix);
        self.run(&mut copy)
    }

    fn clear(&self) -> anyhow::Result<()> {
        if !self.prefix.exists() {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.prefix)
            .with_context(|| format!("cannot remove {}", self.prefix.display()))
    }

    /// A file on its C: drive.
    pub fn file(&self, path: impl AsRef<Path>) -> PathBuf {
        self.prefix.join("drive_c").join(path)
    }

    /// A Windows program, to be given its arguments.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.command("wine");
        command.arg(program.as_ref());
        command
    }

    /// Runs a program to its end.
    pub fn run(&self, program: &mut Command) -> anyhow::Result<()> {
        command::run(program, &self.log)
    }

    /// Runs a program to its end and gives it `input` on its stdin.
    pub fn run_with_input(&self, program: &mut Command, input: &str) -> anyhow::Result<()> {
        command::run_with_input(program, input, &self.log)
    }

    /// Asks for a service to start, unless it runs; whether it runs now.
    pub fn service_started(&self, service: &str) -> bool {
        let query = self.program("sc").args(["query", service]).output();
        let runs =
            query.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("RUNNING"));
        if !runs {
            let _ = self.run(self.program("sc").args(["start", service])); // The next query tells.
        }
        runs
    }

    /// Ends every process of the prefix.
    pub fn shut_down(&self) -> anyhow::Result<()> {
        if !self.prefix.exists() {
            return Ok(());
        }
        let _ = self.command("wineserver").arg("--kill").status(); // Fails when none runs.
        self.run(self.command("wineserver").arg("--wait"))
    }

    /// The environment that binds a program to this prefix.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("WINEPREFIX", self.prefix.display().to_string()),
            ("WINEDEBUG", "-all".to_owned()),
            // No .NET, no browser engine, no desktop entries: nothing here uses them.
            (
                "WINEDLLOVERRIDES",
                "mscoree,mshtml,winemenubuilder.exe=".to_owned(),
            ),
        ]
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment()).env_remove("DISPLAY");
        command
    }
}

/// The Windows name of one of this machine's files: the Z: drive is the root.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}

/// The major version, from a text such as `wine-8.0 (Debian 8.0~repack-4)`.
fn version() -> anyhow::Result<u32> {
    let text = Command::new("wine")
        .arg("--version")
        .output()
        .context("cannot start wine")?
        .stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    let digits: String = text
        .trim_start_matches("wine-")
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let Ok(major) = digits.parse() else {
        bail!("wine has no version: {text}")
    };
    Ok(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_drive_z() {
        assert_eq!(windows_path(Path::new("/a b/c.msi")), r"Z:\a b\c.msi");
    }
}
