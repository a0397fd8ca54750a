//! Hosts of a lab that run in this process.

use std::sync::Arc;

use async_trait::async_trait;
use hosts::{AgentError, ByteStream, Connect, Transport};
use lab::hosts::LabHost;
use model::estate::{AgentSource, Auth, HostAccess, HostTransport};
use model::names::{DnsName, HostName};

/// Bytes on their way between the agent's client and a host.
const PIPE: usize = 64 << 10;

/// A host of the lab in this process.
pub(super) struct InProcess(pub(super) Arc<LabHost>);

#[async_trait]
impl Connect for InProcess {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let host = Arc::clone(&self.0);
        // It ends when our end is dropped; how it ended shows there.
        tokio::spawn(async move { drop(lab::hosts::serve(&host, theirs).await) });
        Ok(Box::new(ByteStream::new(ours)))
    }
}

/// How an estate would reach it.
pub(super) fn access((name, dns_name): (&HostName, &DnsName)) -> HostAccess {
    HostAccess {
        name: name.clone(),
        dns_name: dns_name.clone(),
        transport: HostTransport::Local,
        port: None,
        user: None,
        identity_file: None,
        ssh_agent: false,
        password: None,
        known_hosts: None,
        subsystem: None,
        tls: false,
        auth: Auth::Default,
        ca_file: None,
        command: None,
        agent: AgentSource::Installed,
        agent_folder: None,
        sftp_folder: None,
        machine_keytab: None,
    }
}
