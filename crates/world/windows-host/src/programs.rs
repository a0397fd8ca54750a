//! Programs: started without a shell, watched until they end or their time is out.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::{Captured, Failure, FailureKind, HostPath, RunOutcome, Secret, SecretUse};

use crate::failures::from_io;

/// Kept of each stream; the rest is read and dropped.
const KEPT: usize = 1 << 20;
/// Pause between two looks at a running program.
const POLL: Duration = Duration::from_millis(10);
/// How long output is awaited after the end: a child of the program may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_secs(2);

/// What a program reads on its standard input.
pub struct Stdin(Option<Secret>);

impl Stdin {
    pub fn of(use_of_secret: SecretUse, secret: Secret) -> Self {
        Self((use_of_secret == SecretUse::InFrame).then_some(secret))
    }
}

/// Runs a program to its end; kills it when its time is out.
pub fn run(
    program: &HostPath,
    arguments: &[String],
    stdin: Stdin,
    timeout_ms: u64,
) -> Result<RunOutcome, Failure> {
    let deadline = Instant::now().checked_add(Duration::from_millis(timeout_ms));
    // Command quotes for Windows by the rules of CommandLineToArgvW.
    let mut child = Command::new(program.as_str())
        .args(arguments)
        .stdin(if stdin.0.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| from_io(&e, format!("start {program}")))?;

    let stdout = Capture::of(child.stdout.take());
    let stderr = Capture::of(child.stderr.take());
    feed(&mut child, stdin);
    let status =
        wait(&mut child, deadline).map_err(|e| from_io(&e, format!("wait for {program}")))?;
    let (stdout, stderr) = (stdout.finish(), stderr.finish());
    match status {
        Some(status) => Ok(RunOutcome {
            exit_code: status.code(),
            stdout,
            stderr,
        }),
        None => Err(Failure::new(
            FailureKind::Timeout,
            format!(
                "{program} was killed after {timeout_ms} ms; it had written: {}",
                last_words(&stdout, &stderr)
            ),
        )),
    }
}

/// Writes in a thread of its own: a program that writes before it reads must not block us.
fn feed(child: &mut Child, stdin: Stdin) {
    let (Some(mut pipe), Some(secret)) = (child.stdin.take(), stdin.0) else {
        return;
    };
    // A program that does not read to the end says so by its exit code, if it matters.
    thread::spawn(move || pipe.write_all(secret.expose_bytes()));
}

/// The exit status, `None` when time was out and the program has been killed.
fn wait(child: &mut Child, deadline: Option<Instant>) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// What is read from a pipe, by a thread of its own.
struct Capture {
    kept: Arc<Mutex<Kept>>,
    closed: mpsc::Receiver<()>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Capture {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (close, closed) = mpsc::channel();
        if let Some(pipe) = pipe {
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                drain(pipe, &kept);
                let _ = close.send(());
            });
        }
        Self { kept, closed }
    }

    fn finish(self) -> Captured {
        let open = matches!(
            self.closed.recv_timeout(DRAIN),
            Err(mpsc::RecvTimeoutError::Timeout)
        );
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Captured {
            text: String::from_utf8_lossy(&kept.bytes).into_owned(),
            truncated: kept.truncated || open,
        }
    }
}

fn drain(mut pipe: impl Read, kept: &Mutex<Kept>) {
    let mut buffer = [0; 8192];
    while let Ok(count) = pipe.read(&mut buffer) {
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
            return;
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.bytes.len());
        kept.bytes.extend(part.iter().take(room));
        kept.truncated |= part.len() > room;
    }
}

/// The end of what a killed program wrote, on one line.
fn last_words(stdout: &Captured, stderr: &Captured) -> String {
    let text = if stderr.text.trim().is_empty() {
        &stdout.text
    } else {
        &stderr.text
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let skipped = line.chars().count().saturating_sub(200);
    match line.chars().skip(skipped).collect::<String>() {
        end if end.is_empty() => "nothing".to_owned(),
        end => end,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, stdin: Stdin, timeout_ms: u64) -> Result<RunOutcome, Failure> {
        let sh = HostPath::parse("/bin/sh").unwrap();
        run(&sh, &["-c".into(), script.into()], stdin, timeout_ms)
    }

    #[test]
    fn streams_and_exit_code_come_back() {
        let outcome = shell("echo out; echo err >&2; exit 7", Stdin(None), 10_000).unwrap();
        assert_eq!(outcome.exit_code, Some(7));
        assert_eq!(
            (outcome.stdout.text.as_str(), outcome.stderr.text.as_str()),
            ("out\n", "err\n")
        );
    }

    #[test]
    fn the_secret_is_all_that_is_on_stdin() {
        let stdin = Stdin::of(SecretUse::InFrame, Secret::copy_of(b"pw\n"));
        assert_eq!(shell("cat", stdin, 10_000).unwrap().stdout.text, "pw\n");
        assert_eq!(shell("cat", Stdin(None), 10_000).unwrap().stdout.text, "");
        // A program that never reads does not block the agent.
        let stdin = Stdin::of(SecretUse::InFrame, Secret::copy_of(&vec![b'x'; 64 << 10]));
        assert_eq!(shell("exit 0", stdin, 10_000).unwrap().exit_code, Some(0));
    }

    #[test]
    fn arguments_are_not_interpreted() {
        let echo = HostPath::parse("/bin/echo").unwrap();
        let arguments = ["$HOME".to_owned(), "a b".to_owned(), "\"".to_owned()];
        let outcome = run(&echo, &arguments, Stdin(None), 10_000).unwrap();
        assert_eq!(outcome.stdout.text, "$HOME a b \"\n");
    }

    #[test]
    fn output_is_bounded() {
        let outcome = shell("head -c 3000000 /dev/zero", Stdin(None), 30_000).unwrap();
        assert_eq!(outcome.stdout.text.len(), KEPT);
        assert!(outcome.stdout.truncated);
    }

    #[test]
    fn a_program_over_its_time_is_killed_and_quoted() {
        let failure = shell("echo asking >&2; exec sleep 600", Stdin(None), 300).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert_eq!(
            failure.to_string(),
            "/bin/sh was killed after 300 ms; it had written: asking"
        );
    }

    #[test]
    fn a_missing_program_is_not_found() {
        let missing = HostPath::parse("/nowhere/miiskmu.exe").unwrap();
        assert_eq!(
            run(&missing, &[], Stdin(None), 1).unwrap_err().kind,
            FailureKind::NotFound
        );
    }
}
