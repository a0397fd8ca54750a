//! A conversation with a local service through its named pipe.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::win32::Win32Code;
use agent_protocol::{Failure, FailureKind, PipeName, Secret};

/// Longest answer, in bytes.
const ANSWER_LIMIT: u64 = 64 << 10;
/// Pause between two looks for the pipe.
const POLL: Duration = Duration::from_millis(100);
/// How much longer than the time-out an answer is waited for: that there was no pipe to connect to is known at its end,
/// and says that nothing was handed over.
const GRACE: Duration = Duration::from_secs(1);
/// ERROR_PIPE_BUSY: every instance of the pipe has a client.
const PIPE_BUSY: i32 = 231;

/// Writes the secret into the pipe, connects again, and reads until the service closes it.
///
/// A service that never answers keeps a thread until it ends itself: reading a pipe has no time-out.
pub fn converse(name: &PipeName, secret: &Secret, timeout_ms: u64) -> Result<String, Failure> {
    let (done, answer) = mpsc::channel();
    let (pipe, wait) = (name.clone(), Duration::from_millis(timeout_ms));
    let until = Instant::now().checked_add(wait);
    let secret = Secret::copy_of(secret.expose_bytes());
    thread::spawn(move || drop(done.send(ask(&pipe, &secret, until))));
    answer
        .recv_timeout(wait.saturating_add(GRACE))
        .unwrap_or_else(|_| {
            let what = format!("pipe {name} gave no answer within {timeout_ms} ms");
            Err(Failure::new(FailureKind::Timeout, what))
        })
}

fn ask(name: &PipeName, secret: &Secret, until: Option<Instant>) -> Result<String, Failure> {
    let failed = |what: &str, error: &std::io::Error| {
        let code = error.raw_os_error().unwrap_or_default().cast_unsigned();
        Failure::from_code(Win32Code(code), format!("{what} pipe {name}"))
    };
    let path = format!(r"\\.\pipe\{name}");
    let connect = |options: &OpenOptions| loop {
        match options.open(&path) {
            Err(error)
                if (error.kind() == ErrorKind::NotFound
                    || error.raw_os_error() == Some(PIPE_BUSY))
                    && until.is_none_or(|until| Instant::now() < until) =>
            {
                thread::sleep(POLL);
            }
            opened => return opened.map_err(|error| failed("connect to", &error)),
        }
    };
    let mut writer = connect(OpenOptions::new().write(true))?;
    let written = writer.write_all(secret.expose_bytes());
    written.map_err(|error| failed("write into", &error))?;
    drop(writer); // The service takes what came until here.
    let reader = connect(OpenOptions::new().read(true))?;
    let mut answer = Vec::new();
    match reader.take(ANSWER_LIMIT).read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {} // It closed its end.
        Err(error) => return Err(failed("read from", &error)),
    }
    String::from_utf8(answer)
        .map_err(|_| Failure::new(FailureKind::Failed, format!("pipe {name} answered no text")))
}
