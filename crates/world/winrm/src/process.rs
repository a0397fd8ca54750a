//! One process in a shell of its own.

use std::time::Duration;

use tokio::time::timeout;

use crate::envelope::{Envelope, MAX_CHUNK, OPERATION_TIMEOUT};
use crate::error::Error;
use crate::http::{Endpoint, Http};
use crate::reply;

/// For one answer: a host may hold one back for [`OPERATION_TIMEOUT`].
const ANSWER_TIMEOUT: Duration = Duration::from_secs(OPERATION_TIMEOUT + 40);
/// For the end, as a whole.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A process on a host.
pub struct Process {
    http: Http,
    url: String,
    shell: String,
    command: String,
    ended: bool,
}

/// What came from a process.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Bytes of its stdout.
    pub stdout: Vec<u8>,
    /// Bytes of its stderr.
    pub stderr: Vec<u8>,
    /// It has ended, and nothing more comes.
    pub ended: bool,
    /// Its exit code, with the end.
    pub exit_code: Option<i64>,
}

impl Process {
    /// Logs on, opens a shell, and starts a program in it: no cmd.exe is between.
    ///
    /// # Errors
    /// Every kind; nothing is left on the host but a shell that ends when it is idle.
    pub async fn start(
        endpoint: &Endpoint,
        program: &str,
        arguments: &[String],
    ) -> Result<Self, Error> {
        let mut http = Http::connect(endpoint).await?;
        let url = endpoint.url();
        const OPEN: &str = "open a shell";
        let envelope = Envelope {
            to: &url,
            shell: None,
        };
        let answer = http.ask(OPEN, &envelope.create(), ANSWER_TIMEOUT).await?;
        let shell = reply::shell_id(&answer).map_err(|detail| Error::Protocol {
            doing: OPEN,
            detail,
        })?;
        const START: &str = "start the program";
        let envelope = Envelope {
            to: &url,
            shell: Some(&shell),
        };
        let started = http
            .ask(START, &envelope.command(program, arguments), ANSWER_TIMEOUT)
            .await;
        let command = match started {
            Ok(answer) => reply::command_id(&answer).map_err(|detail| Error::Protocol {
                doing: START,
                detail,
            })?,
            Err(error) => {
                // Shells are counted: not one more than needed.
                let _ = http
                    .ask("close the shell", &envelope.delete(), END_TIMEOUT)
                    .await;
                return Err(error);
            }
        };
        tracing::debug!(server = endpoint.server, shell, "a process was started");
        Ok(Self {
            http,
            url,
            shell,
            command,
            ended: false,
        })
    }

    /// Writes to its stdin.
    ///
    /// # Errors
    /// When a piece was not taken; those before it were.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for chunk in bytes.chunks(MAX_CHUNK) {
            let request = self.envelope().send(&self.command, chunk, false);
            self.http
                .ask("write to the program", &request, ANSWER_TIMEOUT)
                .await?;
        }
        Ok(())
    }

    /// Ends its stdin.
    ///
    /// # Errors
    /// When the host does not take that.
    pub async fn close_input(&mut self) -> Result<(), Error> {
        let request = self.envelope().send(&self.command, b"", true);
        self.http
            .ask("close the program's input", &request, ANSWER_TIMEOUT)
            .await
            .map(drop)
    }

    /// Waits for its next output, or its end, for as long as it takes.
    ///
    /// # Errors
    /// The connection's, and what the host says.
    pub async fn receive(&mut self) -> Result<Output, Error> {
        const DOING: &str = "read from the program";
        loop {
            if self.ended {
                return Ok(Output {
                    ended: true,
                    ..Output::default()
                });
            }
            let request = self.envelope().receive(&self.command);
            let answer = match self.http.ask(DOING, &request, ANSWER_TIMEOUT).await {
                // Nothing came within the operation's time.
                Err(Error::Fault { fault, .. }) if fault.is_timeout() => continue,
                answer => answer?,
            };
            let output = reply::received(&answer).map_err(|detail| Error::Protocol {
                doing: DOING,
                detail,
            })?;
            self.ended = output.ended;
            if output.ended || !output.stdout.is_empty() || !output.stderr.is_empty() {
                return Ok(output);
            }
        }
    }

    /// Closes its stdin, waits a moment for its end, and closes the shell. Best effort: a shell that stays behind
    /// ends when it is idle.
    pub async fn end(&mut self) {
        let _ = timeout(END_TIMEOUT, async {
            if !self.ended {
                let request = self.envelope().send(&self.command, b"", true);
                self.http
                    .ask("close the program's input", &request, END_TIMEOUT)
                    .await?;
                // The host answers a poll at the latest after the operation's time; the end comes sooner.
                while !self.receive().await?.ended {}
            }
            Ok::<_, Error>(())
        })
        .await;
        if !self.ended {
            let request = self.envelope().terminate(&self.command);
            let _ = self
                .http
                .ask("end the program", &request, END_TIMEOUT)
                .await;
        }
        let request = self.envelope().delete();
        let _ = self
            .http
            .ask("close the shell", &request, END_TIMEOUT)
            .await;
    }

    fn envelope(&self) -> Envelope<'_> {
        Envelope {
            to: &self.url,
            shell: Some(&self.shell),
        }
    }
}
