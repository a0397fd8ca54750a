//! An agent at the end of an ssh channel.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use russh::client::{self, Handle, Msg};
use russh::{Channel, ChannelMsg, Disconnect};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::known_hosts::KnownHost;
use crate::ssh_logon::Logon;
use crate::stderr_tail::StderrTail;
use crate::{AgentError, Destination, Transport};

/// Limit for connecting, checking the host key and logging on; and for starting a program.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// A host that is silent for three of these is gone.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long the end of a closed channel is awaited.
const GRACE: Duration = Duration::from_secs(2);

/// What sshd starts.
#[derive(Debug, Clone)]
pub enum Remote {
    /// A `Subsystem` of sshd_config.
    Subsystem(String),
    /// A command line, for the login shell of the user.
    Command(String),
}

/// A host that has let us in.
pub struct SshSession {
    host: String,
    session: Handle<KnownHost>,
}

impl SshSession {
    /// Connects, checks the host's key and logs on.
    pub async fn open(
        to: &Destination,
        known: KnownHost,
        logon: &Logon<'_>,
    ) -> Result<Self, AgentError> {
        let opened = timeout(CONNECT_TIMEOUT, Self::open_unbounded(to, known, logon)).await;
        opened.unwrap_or_else(|_| Err(late(to.to_string())))
    }

    async fn open_unbounded(
        to: &Destination,
        known: KnownHost,
        logon: &Logon<'_>,
    ) -> Result<Self, AgentError> {
        let unreachable = |source| AgentError::Unreachable {
            address: to.to_string(),
            source,
        };
        let stream = TcpStream::connect(to.address())
            .await
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let config = client::Config {
            preferred: known.preferred(),
            keepalive_interval: Some(KEEPALIVE),
            ..client::Config::default()
        };
        let mut session = client::connect_stream(Arc::new(config), stream, known).await?;
        logon.prove(to.name(), &mut session).await?;
        Ok(Self {
            host: to.name().to_owned(),
            session,
        })
    }

    /// Starts something in a channel of its own.
    pub async fn start(&self, remote: &Remote) -> Result<Channel<Msg>, AgentError> {
        let starting = timeout(CONNECT_TIMEOUT, self.start_unbounded(remote)).await;
        starting.unwrap_or_else(|_| Err(late(self.host.clone())))
    }

    async fn start_unbounded(&self, remote: &Remote) -> Result<Channel<Msg>, AgentError> {
        let mut channel = self.session.channel_open_session().await?;
        let what = match remote {
            Remote::Subsystem(name) => {
                channel.request_subsystem(true, name.as_str()).await?;
                format!("subsystem {name:?}")
            }
            Remote::Command(line) => {
                channel.exec(true, line.as_bytes()).await?;
                format!("command {line:?}")
            }
        };
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(channel),
                Some(ChannelMsg::WindowAdjusted { .. }) => {}
                _ => {
                    return Err(AgentError::NotStarted {
                        host: self.host.clone(),
                        what,
                    });
                }
            }
        }
    }

    /// Starts the agent: the session is its own from now on.
    pub async fn into_agent(self, remote: &Remote) -> Result<SshChannel, AgentError> {
        let channel = self.start(remote).await?;
        Ok(SshChannel {
            session: self.session,
            channel,
            stderr: StderrTail::default(),
            exit: None,
            ended: false,
        })
    }

    /// Says good-bye.
    pub async fn close(self) {
        hang_up(&self.session).await;
    }
}

/// An ssh session with one channel, whose program is the agent.
pub struct SshChannel {
    session: Handle<KnownHost>,
    channel: Channel<Msg>,
    stderr: StderrTail,
    exit: Option<String>,
    ended: bool,
}

impl SshChannel {
    /// Takes what the host says next; bytes of the agent's stdout are returned.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.channel.wait().await? {
                ChannelMsg::Data { data } => return Some(data.to_vec()),
                ChannelMsg::ExtendedData { data, .. } => self.stderr.push(&data),
                ChannelMsg::ExitStatus { exit_status } => {
                    self.exit = Some(format!("exit code {exit_status}"))
                }
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    self.exit = Some(format!("signal {signal_name:?}"))
                }
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Transport for SshChannel {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.channel.data(bytes).await.map_err(io::Error::other)
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let received = if self.ended { None } else { self.next().await };
        self.ended = received.is_none();
        Ok(received)
    }

    async fn last_words(&mut self) -> String {
        let _ = self.channel.eof().await;
        if !self.ended {
            let rest = async { while self.next().await.is_some() {} };
            self.ended = timeout(GRACE, rest).await.is_ok();
        }
        self.stderr.describe(self.exit.take())
    }

    async fn close(&mut self) {
        let _ = self.last_words().await;
        hang_up(&self.session).await;
    }
}

async fn hang_up(session: &Handle<KnownHost>) {
    let _ = session
        .disconnect(Disconnect::ByApplication, "done", "")
        .await;
}

fn late(address: String) -> AgentError {
    AgentError::ConnectTimeout {
        address,
        after: CONNECT_TIMEOUT,
    }
}
