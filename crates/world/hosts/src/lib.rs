//! The host port: the agent's client, and its transports.
//!
//! ```text
//! Hosts port   EstateHosts ── one AgentHost a host, connected when first needed
//! Host port    AgentHost   ── requests of agent-protocol, reconnects after a broken connection
//!              AgentClient ── hello, one request at a time, time-outs
//!              Transport   ── LocalProcess · SshChannel · WinrmProcess · ByteStream
//!              Deployment  ── puts the agent there first, where the estate wants that
//! ```
//!
//! INVARIANT: a request that changes something is sent once. When its answer is lost, the error says
//! that the outcome is unknown, and the caller reads back.
//!
//! It does not decide what to do on a host (`engine`), and does not know what the agent does (`windows-host`).

mod agent_host;
mod byte_stream;
mod client;
mod connect;
mod deploy;
mod error;
mod estate_hosts;
mod foreseen;
mod known_hosts;
mod local;
mod ssh;
mod ssh_logon;
#[cfg(test)]
mod ssh_tests;
mod stderr_tail;
mod translate;
mod transport;
mod winrm;

pub use agent_host::AgentHost;
pub use byte_stream::ByteStream;
pub use client::AgentClient;
pub use connect::{Connect, Destination, connect};
pub use deploy::{AgentFile, DeployError, Deployment, Found, FoundFile, NoAgentFile};
pub use error::{AgentError, Outcome};
pub use estate_hosts::EstateHosts;
pub use local::LocalProcess;
pub use ssh::SshChannel;
pub use transport::Transport;
