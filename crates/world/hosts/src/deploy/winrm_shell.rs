//! A host behind WinRM: each script is a process of its own, and files travel through its standard input.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::names::HostFolder;
use winrm::{Endpoint, Process};

use super::agent_file::AgentFile;
use super::script::{POWERSHELL, Script};
use super::shell::{MOST_OUTPUT, OpenShell, Printed, Shell};
use crate::stderr_tail::StderrTail;
use crate::winrm::{WinrmEntry, WinrmProcess};
use crate::{AgentError, Transport};

/// Of the file in one line, in bytes; as base64 it is 64 KiB.
const PIECE: usize = 48 << 10;

#[async_trait]
impl OpenShell for WinrmEntry {
    async fn open(&self) -> Result<Box<dyn Shell>, AgentError> {
        Ok(Box::new(WinrmShell(self.endpoint().await?)))
    }
}

struct WinrmShell(Endpoint);

#[async_trait]
impl Shell for WinrmShell {
    async fn run(
        &mut self,
        script: Script<'_>,
        folder: &HostFolder,
    ) -> Result<Printed, AgentError> {
        self.run_with(script, folder, &[]).await
    }

    async fn send(&mut self, agent: &AgentFile, folder: &HostFolder) -> Result<(), AgentError> {
        let script = Script::Receive(agent);
        let printed = self.run_with(script, folder, agent.bytes()).await?;
        printed.understood(script, super::answer::only_end)
    }

    async fn start(self: Box<Self>, program: &str) -> Result<Box<dyn Transport>, AgentError> {
        let process = Process::start(&self.0, program, &[]).await?;
        Ok(Box::new(WinrmProcess::new(process)))
    }

    async fn close(self: Box<Self>) {}
}

impl WinrmShell {
    /// Runs a script; it reads `input` as lines of base64.
    async fn run_with(
        &self,
        script: Script<'_>,
        folder: &HostFolder,
        input: &[u8],
    ) -> Result<Printed, AgentError> {
        let mut process = Process::start(&self.0, POWERSHELL, &script.arguments(folder)).await?;
        let printed = exchange(&mut process, input).await;
        process.end().await;
        printed
    }
}

async fn exchange(process: &mut Process, input: &[u8]) -> Result<Printed, AgentError> {
    let sent = send_lines(process, input).await;
    match (sent, read_all(process).await) {
        // A program that ended before it had read everything has said why.
        (Err(error), Ok(printed)) if printed.stdout.is_empty() => Err(error.into()),
        (_, printed) => Ok(printed?),
    }
}

async fn send_lines(process: &mut Process, input: &[u8]) -> Result<(), winrm::Error> {
    for piece in input.chunks(PIECE) {
        let line = format!("{}\r\n", STANDARD.encode(piece));
        process.send(line.as_bytes()).await?;
    }
    process.close_input().await
}

async fn read_all(process: &mut Process) -> Result<Printed, winrm::Error> {
    let (mut stdout, mut stderr, mut exit) = (Vec::new(), StderrTail::default(), None);
    while stdout.len() <= MOST_OUTPUT {
        let output = process.receive().await?;
        stdout.extend(output.stdout);
        stderr.push(&output.stderr);
        if output.ended {
            exit = output.exit_code.filter(|code| *code != 0);
            break;
        }
    }
    let end = stderr.describe(exit.map(|code| format!("exit code {code}")));
    Ok(Printed { stdout, end })
}
