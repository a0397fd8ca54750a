//! The host's restart and its tickets, by Windows' own programs.

use std::path::PathBuf;

use agent_protocol::{Failure, FailureKind, HostPath, Secret, SecretUse};

use crate::programs::{self, Stdin};

/// Longest run of either program: both only hand a request on.
const TIMEOUT_MS: u64 = 30_000;

/// Has the host restart: `shutdown.exe /r /t SECONDS /d p:2:4` (planned; operating system, reconfiguration).
pub fn reboot(delay_seconds: u32) -> Result<(), Failure> {
    let delay = delay_seconds.to_string();
    run("shutdown.exe", &["/r", "/t", &delay, "/d", "p:2:4"])
}

/// Purges the tickets of the computer's own log-on session: `klist.exe -li 0x3e7 purge`.
pub fn purge_tickets() -> Result<(), Failure> {
    run("klist.exe", &["-li", "0x3e7", "purge"])
}

fn run(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let path = PathBuf::from(root).join("System32").join(program);
    let invalid =
        |error: &dyn std::fmt::Display| Failure::new(FailureKind::Invalid, error.to_string());
    let path = HostPath::parse(path.to_string_lossy()).map_err(|error| invalid(&error))?;
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let stdin = Stdin::of(SecretUse::Absent, Secret::none());
    let outcome = programs::run(&path, &arguments, stdin, TIMEOUT_MS)?;
    match outcome.exit_code {
        Some(0) => Ok(()),
        code => Err(Failure::new(
            FailureKind::Failed,
            format!(
                "{program} ended with exit code {}: {}{}",
                code.unwrap_or(-1),
                outcome.stdout.text.trim(),
                outcome.stderr.text.trim()
            ),
        )),
    }
}
