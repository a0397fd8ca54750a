//! From an entry of `estate.toml` to a started agent.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use async_trait::async_trait;
use model::estate::{HostAccess, HostTransport};
use model::names::DnsName;
use model::secret::Password;

use crate::known_hosts::KnownHost;
use crate::ssh::{Remote, SshSession};
use crate::ssh_logon::Logon;
use crate::{AgentError, LocalProcess, Transport};

const SSH_PORT: u16 = 22;
/// Windows Remote Management over HTTP and HTTPS.
const WINRM_PORTS: [u16; 2] = [5985, 5986];

/// Where a host's sshd or WinRM service is: its name for people and known_hosts, its address for the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    name: String,
    address: String,
    port: u16,
}

impl Destination {
    /// The host's DNS name, or the IP address that `addresses` has for it; the port of the host's
    /// entry, else that of the address, else the transport's own.
    pub fn of(
        host: &HostAccess,
        addresses: &BTreeMap<DnsName, String>,
    ) -> Result<Self, AgentError> {
        let name = host.dns_name.as_str().to_owned();
        let (address, port) = match addresses.get(&host.dns_name) {
            None => (name.clone(), None),
            Some(text) => parse_address(text)?,
        };
        Ok(Self {
            name,
            address,
            port: host.port.or(port).unwrap_or(default_port(host)),
        })
    }

    /// The host's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.address, self.port)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            address,
            port,
        } = self;
        if name == address {
            write!(f, "{name} port {port}")
        } else {
            write!(f, "{name} ({address}) port {port}")
        }
    }
}

fn default_port(host: &HostAccess) -> u16 {
    let [http, https] = WINRM_PORTS;
    match host.transport {
        HostTransport::Winrm if host.tls => https,
        HostTransport::Winrm => http,
        HostTransport::Local | HostTransport::Ssh => SSH_PORT,
    }
}

fn parse_address(text: &str) -> Result<(String, Option<u16>), AgentError> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok((ip.to_string(), None));
    }
    let address: SocketAddr = text.parse().map_err(|_| {
        AgentError::NotConfigured(
            "its address in [addresses] is no IP address, with or without a port",
        )
    })?;
    Ok((address.ip().to_string(), Some(address.port())))
}

/// How one host's agent is started, as often as a connection is needed.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Starts it.
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError>;
}

/// A host's entry of `estate.toml`.
pub(crate) struct EstateEntry {
    pub access: HostAccess,
    pub addresses: BTreeMap<DnsName, String>,
    pub password: Option<Password>,
}

#[async_trait]
impl Connect for EstateEntry {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        connect(&self.access, &self.addresses, self.password.as_ref()).await
    }
}

/// Starts the agent of a host, by the transport of its entry.
pub async fn connect(
    host: &HostAccess,
    addresses: &BTreeMap<DnsName, String>,
    password: Option<&Password>,
) -> Result<Box<dyn Transport>, AgentError> {
    match host.transport {
        HostTransport::Winrm => Err(AgentError::NotConfigured(
            "winrm needs the estate's domain: reach the host through EstateHosts",
        )),
        HostTransport::Local => {
            let command = host.command.as_deref().unwrap_or_default();
            Ok(Box::new(LocalProcess::start(command)?))
        }
        HostTransport::Ssh => {
            let remote = remote(host)?;
            let session = ssh_session(host, addresses, password).await?;
            Ok(Box::new(session.into_agent(&remote).await?))
        }
    }
}

/// Logs on to a host by ssh.
pub(crate) async fn ssh_session(
    host: &HostAccess,
    addresses: &BTreeMap<DnsName, String>,
    password: Option<&Password>,
) -> Result<SshSession, AgentError> {
    let to = Destination::of(host, addresses)?;
    let known = KnownHost::read(to.name(), to.port(), &known_hosts_file(host)?)?;
    let logon = Logon {
        user: &user(host)?,
        identity_file: host.identity_file.as_deref(),
        ssh_agent: host.ssh_agent,
        password,
    };
    SshSession::open(&to, known, &logon).await
}

fn remote(host: &HostAccess) -> Result<Remote, AgentError> {
    match (&host.subsystem, &host.command) {
        (Some(name), _) => Ok(Remote::Subsystem(name.clone())),
        // As ssh does: the words are joined, and the login shell over there splits them again.
        (None, Some(words)) => Ok(Remote::Command(words.join(" "))),
        (None, None) => Err(AgentError::NotConfigured(
            "ssh needs subsystem or command to start the agent",
        )),
    }
}

fn known_hosts_file(host: &HostAccess) -> Result<PathBuf, AgentError> {
    let default = || std::env::home_dir().map(|home| home.join(".ssh").join("known_hosts"));
    host.known_hosts
        .clone()
        .or_else(default)
        .ok_or(AgentError::NotConfigured(
            "no home directory to look for .ssh/known_hosts: set known-hosts",
        ))
}

/// The user of the entry, or who runs gmsactl.
fn user(host: &HostAccess) -> Result<String, AgentError> {
    let own = || {
        ["USER", "USERNAME", "LOGNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
    };
    host.user
        .clone()
        .or_else(own)
        .ok_or(AgentError::NotConfigured("ssh needs user to log on as"))
}

#[cfg(test)]
mod tests {
    use model::estate::Estate;

    use super::*;

    fn estate(address: &str, port: &str) -> Estate {
        let text = format!(
            "format = 1\n[domain]\nname = \"contoso.com\"\n[addresses]\n{address}\n\
             [[host]]\nname = \"H\"\ndns-name = \"h.contoso.com\"\ntransport = \"ssh\"\nsubsystem = \"a\"\n{port}\n"
        );
        Estate::parse(&text, std::path::Path::new("/")).unwrap()
    }

    fn destination(address: &str, port: &str) -> Result<String, AgentError> {
        let estate = estate(address, port);
        Destination::of(&estate.hosts[0], &estate.addresses).map(|to| to.to_string())
    }

    #[test]
    fn addresses_and_ports_come_from_the_estate() {
        assert_eq!(destination("", "").unwrap(), "h.contoso.com port 22");
        let mapped = "\"h.contoso.com\" = \"127.0.0.1\"";
        assert_eq!(
            destination(mapped, "port = 2201").unwrap(),
            "h.contoso.com (127.0.0.1) port 2201"
        );
        let with_port = "\"h.contoso.com\" = \"[::1]:2202\"";
        assert_eq!(
            destination(with_port, "").unwrap(),
            "h.contoso.com (::1) port 2202"
        );
        assert!(destination("\"h.contoso.com\" = \"elsewhere\"", "").is_err());
    }
}
