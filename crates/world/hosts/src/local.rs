//! An agent as a process on this machine.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::stderr_tail::StderrTail;
use crate::{AgentError, Transport};

/// How long a process may take to end once its stdin is closed.
const GRACE: Duration = Duration::from_secs(2);

/// A child process; killed when dropped.
pub struct LocalProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: Arc<Mutex<StderrTail>>,
    stderr_ended: JoinHandle<()>,
    buffer: Vec<u8>,
}

impl LocalProcess {
    /// Starts a command line: the program, then its arguments, without a shell.
    pub fn start(command: &[String]) -> Result<Self, AgentError> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(AgentError::NotConfigured(
                "the agent's command line is empty",
            ));
        };
        let failed = |source| AgentError::Start {
            program: program.clone(),
            source,
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let no_pipe = || failed(io::Error::other("no pipe to the process"));
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let pipe = child.stderr.take().ok_or_else(no_pipe)?;
        let stderr = Arc::new(Mutex::new(StderrTail::default()));
        let stderr_ended = tokio::spawn(keep_tail(pipe, Arc::clone(&stderr)));
        Ok(Self {
            child,
            stdin: Some(stdin),
            stdout,
            stderr,
            stderr_ended,
            buffer: vec![0; 64 << 10],
        })
    }

    /// How the process ended, if it does so soon.
    async fn exit(&mut self) -> Option<String> {
        let status = timeout(GRACE, self.child.wait()).await.ok()?.ok()?;
        Some(match status.code() {
            Some(code) => format!("exit code {code}"),
            None => status.to_string(),
        })
    }
}

#[async_trait]
impl Transport for LocalProcess {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(bytes).await?;
        stdin.flush().await
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let count = self.stdout.read(&mut self.buffer).await?;
        Ok(self
            .buffer
            .get(..count)
            .filter(|bytes| !bytes.is_empty())
            .map(<[u8]>::to_vec))
    }

    async fn last_words(&mut self) -> String {
        self.stdin = None;
        let exit = self.exit().await;
        if exit.is_some() {
            // What it wrote last may still be in the pipe.
            let _ = timeout(GRACE, &mut self.stderr_ended).await;
        }
        self.stderr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .describe(exit)
    }

    async fn close(&mut self) {
        self.stdin = None;
        if self.exit().await.is_none() {
            let _ = self.child.kill().await;
        }
    }
}

async fn keep_tail(mut pipe: ChildStderr, tail: Arc<Mutex<StderrTail>>) {
    let mut buffer = [0; 1024];
    while let Ok(count) = pipe.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        tail.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bytes);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use crate::AgentClient;

    use super::*;

    async fn greet(script: &str, limit: Duration) -> AgentError {
        let command = ["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
        let process = LocalProcess::start(&command).unwrap();
        AgentClient::greet_within(Box::new(process), limit)
            .await
            .err()
            .unwrap()
    }

    #[tokio::test]
    async fn an_agent_that_ends_is_quoted() {
        let error = greet("echo no such prefix >&2; exit 3", Duration::from_secs(20)).await;
        assert!(matches!(error, AgentError::Closed { .. }));
        let text = error.to_string();
        assert!(
            text.ends_with("it ended with exit code 3 and said: no such prefix"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_agent_that_never_answers_times_out() {
        let error = greet("cat >/dev/null; true", Duration::from_millis(200)).await;
        assert!(matches!(error, AgentError::TimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_no_agent_is_recognised() {
        let error = greet(
            "echo Welcome to this host; exec cat >/dev/null",
            Duration::from_secs(20),
        )
        .await;
        assert!(matches!(error, AgentError::Garbled { .. }), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("starts with \"Welcome \""), "{cause}");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = LocalProcess::start(&["/nowhere/gmsactl-agent".to_owned()])
            .err()
            .unwrap();
        assert_eq!(error.to_string(), "cannot start /nowhere/gmsactl-agent");
        assert!(LocalProcess::start(&[]).is_err());
    }
}
