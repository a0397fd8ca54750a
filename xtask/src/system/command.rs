//! Runs other programs: their output goes to a log, their failure comes back as an error.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a program to its end; its output is added to `log`.
pub fn run(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    finish(command.stdin(Stdio::null()), None, log)
}

/// Runs a program to its end and gives it `input` on its stdin.
pub fn run_with_input(command: &mut Command, input: &str, log: &Path) -> anyhow::Result<()> {
    finish(command.stdin(Stdio::piped()), Some(input), log)
}

/// Runs a program to its end and returns what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = name_of(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name} ended with {}", output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed something else than text"))
}

fn finish(command: &mut Command, input: Option<&str>, log: &Path) -> anyhow::Result<()> {
    let name = name_of(command);
    let (stdout, stderr) = appending(log)?;
    let mut child = command
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin
            .write_all(input.as_bytes())
            .with_context(|| format!("cannot write to {name}"))?;
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {name}"))?;
    if !status.success() {
        bail!(
            "{name} ended with {status}; its output is in {}\n{}",
            log.display(),
            tail(log)
        );
    }
    Ok(())
}

/// Opens a log to be written at its end, once for stdout and once for stderr.
pub fn appending(log: &Path) -> anyhow::Result<(File, File)> {
    File::options()
        .create(true)
        .append(true)
        .open(log)
        .and_then(|stdout| Ok((stdout.try_clone()?, stdout)))
        .with_context(|| format!("cannot write {}", log.display()))
}

/// The last lines of a log, for an error message.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().rev().take(8).collect();
    lines
        .into_iter()
        .rev()
        .map(|line| format!("  | {line}\n"))
        .collect()
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_end_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        let error = run_with_input(command.arg("-c").arg("cat; exit 3"), "no such thing", &log);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("exit status: 3"), "{message}");
        assert!(message.contains("| no such thing"), "{message}");
    }
}
