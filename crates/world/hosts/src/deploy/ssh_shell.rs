//! A host behind ssh: scripts run as commands, files travel by SFTP.

use async_trait::async_trait;
use model::estate::HostAccess;
use model::names::HostFolder;
use russh::ChannelMsg;
use russh_sftp::client::SftpSession;
use tokio::io::AsyncWriteExt as _;

use super::agent_file::AgentFile;
use super::error::DeployError;
use super::script::{POWERSHELL, Script};
use super::shell::{MOST_OUTPUT, OpenShell, Printed, Shell};
use crate::connect::{EstateEntry, ssh_session};
use crate::ssh::{Remote, SshSession};
use crate::stderr_tail::StderrTail;
use crate::{AgentError, Transport};

#[async_trait]
impl OpenShell for EstateEntry {
    async fn open(&self) -> Result<Box<dyn Shell>, AgentError> {
        let session = ssh_session(&self.access, &self.addresses, self.password.as_ref()).await?;
        Ok(Box::new(SshShell {
            session,
            sftp_folder: sftp_folder(&self.access),
        }))
    }
}

struct SshShell {
    session: SshSession,
    sftp_folder: String,
}

fn sftp_folder(access: &HostAccess) -> String {
    let named = access.sftp_folder.clone();
    named.unwrap_or_else(|| access.agent_folder().for_sftp())
}

#[async_trait]
impl Shell for SshShell {
    async fn run(
        &mut self,
        script: Script<'_>,
        folder: &HostFolder,
    ) -> Result<Printed, AgentError> {
        let line = [POWERSHELL.to_owned()]
            .into_iter()
            .chain(script.arguments(folder))
            .collect::<Vec<_>>()
            .join(" ");
        let mut channel = self.session.start(&Remote::Command(line)).await?;
        channel.eof().await?;
        let (mut stdout, mut stderr, mut exit) = (Vec::new(), StderrTail::default(), None);
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => stdout.extend_from_slice(&data),
                ChannelMsg::ExtendedData { data, .. } => stderr.push(&data),
                ChannelMsg::ExitStatus { exit_status } => {
                    exit = Some(format!("exit code {exit_status}"));
                }
                _ => {}
            }
            if stdout.len() > MOST_OUTPUT {
                break;
            }
        }
        let end = stderr.describe(exit.filter(|code| code != "exit code 0"));
        Ok(Printed { stdout, end })
    }

    async fn send(&mut self, agent: &AgentFile, _: &HostFolder) -> Result<(), AgentError> {
        let path = format!("{}/{}", self.sftp_folder, agent.part_name());
        let channel = self
            .session
            .start(&Remote::Subsystem("sftp".to_owned()))
            .await?;
        let written = async {
            let sftp = SftpSession::new(channel.into_stream()).await?;
            let mut file = sftp.create(path.as_str()).await?;
            file.write_all(agent.bytes()).await?;
            file.shutdown().await?;
            sftp.close().await?;
            Ok(())
        };
        written.await.map_err(|source: SftpFailure| {
            DeployError::Sftp {
                path,
                source: source.0,
            }
            .into()
        })
    }

    async fn start(self: Box<Self>, program: &str) -> Result<Box<dyn Transport>, AgentError> {
        // One form that cmd.exe, PowerShell and a Unix shell all read alike: any of them may be the login shell.
        let line = format!("cmd.exe /c \"{program}\"");
        Ok(Box::new(
            self.session.into_agent(&Remote::Command(line)).await?,
        ))
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}

/// The two kinds of error that an upload meets, as one.
struct SftpFailure(std::io::Error);

impl From<russh_sftp::client::error::Error> for SftpFailure {
    fn from(error: russh_sftp::client::error::Error) -> Self {
        Self(std::io::Error::other(error))
    }
}

impl From<std::io::Error> for SftpFailure {
    fn from(error: std::io::Error) -> Self {
        Self(error)
    }
}
