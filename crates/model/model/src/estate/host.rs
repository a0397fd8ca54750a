//! How one host is reached: a `[[host]]` of `estate.toml`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Auth, SecretSource};
use crate::names::{DnsName, HostFolder, HostName};

/// How to reach a host's agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HostAccess {
    /// NetBIOS name.
    pub name: HostName,
    /// DNS name.
    pub dns_name: DnsName,
    /// How the agent's frames travel.
    pub transport: HostTransport,
    /// Port; 22 for ssh, 5985 for winrm, 5986 for winrm over TLS where none is given.
    #[serde(default)]
    pub port: Option<u16>,
    /// Who logs on, for ssh and winrm.
    #[serde(default)]
    pub user: Option<String>,
    /// Private key, for ssh.
    #[serde(default)]
    pub identity_file: Option<PathBuf>,
    /// Whether the keys of a running ssh-agent may be used.
    #[serde(default)]
    pub ssh_agent: bool,
    /// Where that user's password comes from, for ssh without a key and winrm without tickets.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// Known host keys, for ssh; `~/.ssh/known_hosts` where none is given.
    #[serde(default)]
    pub known_hosts: Option<PathBuf>,
    /// The sshd subsystem that is the agent.
    #[serde(default)]
    pub subsystem: Option<String>,
    /// Whether TLS protects winrm, in place of the log-on's own seal.
    #[serde(default)]
    pub tls: bool,
    /// How to log on, for winrm.
    #[serde(default)]
    pub auth: Auth,
    /// Certificate authorities (PEM) that the host's certificate must chain to, for winrm over TLS.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The agent's command line: over winrm, over ssh instead of a subsystem, or on this machine for `local`.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// Which agent is started.
    #[serde(default)]
    pub agent: AgentSource,
    /// The folder on the host that gmsactl puts the agent into; [`HostFolder::AGENT`] where none is given.
    #[serde(default)]
    pub agent_folder: Option<HostFolder>,
    /// That folder as the host's SFTP server names it; `/C:/…`, as OpenSSH for Windows does, where none is given.
    #[serde(default)]
    pub sftp_folder: Option<String>,
    /// The host's machine account as a keytab: proves that the host can retrieve a password where Windows cannot tell.
    #[serde(default)]
    pub machine_keytab: Option<PathBuf>,
}

/// How the agent's frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostTransport {
    /// A process on this machine.
    Local,
    /// An SSH channel.
    Ssh,
    /// A shell of Windows Remote Management.
    Winrm,
}

/// Which agent is started on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentSource {
    /// One that somebody has put there: `subsystem` or `command` starts it.
    #[default]
    Installed,
    /// The one that gmsactl brings along: put there when it is missing, and left there.
    Deploy,
    /// The same, taken away again when the session with the host ends.
    Session,
}

impl HostAccess {
    /// Whether gmsactl brings the agent.
    pub fn brings_agent(&self) -> bool {
        self.agent != AgentSource::Installed
    }

    /// Where gmsactl puts the agent.
    pub fn agent_folder(&self) -> HostFolder {
        self.agent_folder.clone().unwrap_or_default()
    }

    /// What contradicts itself in the entry, as words behind the host's name.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        if self.command.as_ref().is_some_and(Vec::is_empty) {
            return Some("command is empty");
        }
        self.agent_contradiction().or_else(|| match self.transport {
            HostTransport::Winrm if matches!(self.auth, Auth::Simple | Auth::Keytab) => Some(
                "transport \"winrm\" has no such auth: default, ticket-cache, kerberos or ntlm",
            ),
            HostTransport::Winrm if self.tls && self.auth != Auth::Ntlm => {
                Some("winrm with tls needs auth \"ntlm\"; Kerberos seals winrm without TLS")
            }
            HostTransport::Ssh | HostTransport::Local if self.tls || self.auth != Auth::Default => {
                Some("tls and auth are for transport \"winrm\"")
            }
            _ => None,
        })
    }

    /// The same about what starts the agent.
    fn agent_contradiction(&self) -> Option<&'static str> {
        let (subsystem, command) = (self.subsystem.is_some(), self.command.is_some());
        if self.brings_agent() {
            return match self.transport {
                HostTransport::Local => {
                    Some("transport \"local\" starts the agent that command names: no agent")
                }
                _ if subsystem || command => Some(
                    "agent \"deploy\" and \"session\" start what gmsactl puts there: no subsystem, no command",
                ),
                HostTransport::Winrm if self.sftp_folder.is_some() => {
                    Some("sftp-folder is for transport \"ssh\"")
                }
                _ => None,
            };
        }
        if self.agent_folder.is_some() || self.sftp_folder.is_some() {
            return Some("agent-folder and sftp-folder need agent = \"deploy\" or \"session\"");
        }
        match self.transport {
            HostTransport::Local if !command => {
                Some("transport \"local\" needs command, the agent's command line")
            }
            HostTransport::Ssh if subsystem == command => Some(
                "transport \"ssh\" needs either subsystem or command, or agent = \"deploy\" to bring the agent along",
            ),
            HostTransport::Winrm if !command => Some(
                "transport \"winrm\" needs command, the agent's command line, or agent = \"deploy\" to bring it along",
            ),
            _ => None,
        }
    }
}
