//! How to reach things: `estate.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::names::{DnsName, HostName, LogonAccount};

mod host;
mod sql;

pub use host::{AgentSource, HostAccess, HostTransport};
pub use sql::SqlAccess;

/// An estate: one domain and the hosts in it whose services are converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Estate {
    /// Format of this document: 1.
    pub format: u32,
    /// A name for people.
    #[serde(default = "unnamed")]
    pub name: String,
    /// The domain and how to log on to it.
    pub domain: DomainAccess,
    /// Addresses of names that the machine's own resolver does not know: an IP address, optionally with a port.
    #[serde(default)]
    pub addresses: BTreeMap<DnsName, String>,
    /// How to reach database servers.
    #[serde(default)]
    pub sql: SqlAccess,
    /// Hosts.
    #[serde(default, rename = "host")]
    pub hosts: Vec<HostAccess>,
    /// Where the passwords of password accounts come from.
    #[serde(default, rename = "credential")]
    pub credentials: Vec<CredentialSource>,
}

/// How to reach the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DomainAccess {
    /// DNS name of the domain.
    pub name: DnsName,
    /// A domain controller; found through DNS where none is named.
    #[serde(default)]
    pub server: Option<DnsName>,
    /// The DNS server that knows the domain, where this machine's own does not.
    #[serde(default)]
    pub dns: Option<std::net::SocketAddr>,
    /// Where the Kerberos key distribution centre listens, where that is not port 88 of the domain controller.
    #[serde(default)]
    pub kdc: Option<std::net::SocketAddr>,
    /// How to log on.
    #[serde(default)]
    pub auth: Auth,
    /// How the connection is protected.
    #[serde(default)]
    pub transport: DirectoryTransport,
    /// Who logs on.
    #[serde(default)]
    pub user: Option<String>,
    /// Where that user's password comes from.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// Keys of that user, in place of the password.
    #[serde(default)]
    pub keytab: Option<PathBuf>,
    /// Certificate authorities (PEM) that the domain controller's certificate must chain to.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How to log on to the directory. Nothing falls back from Kerberos to anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Kerberos: as whoever is logged on to Windows, else with the tickets of who works here where there are some for
    /// the named user, else with the keytab, else with name and password.
    #[default]
    Default,
    /// Kerberos as whoever is logged on to Windows.
    LoggedOn,
    /// Kerberos with name and password.
    Kerberos,
    /// Kerberos with the tickets of who works here.
    TicketCache,
    /// Kerberos with the keys in a file.
    Keytab,
    /// NTLM, because the operator asked for it.
    Ntlm,
    /// Name and password over TLS.
    Simple,
}

/// How a directory connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryTransport {
    /// Port 389, signed and sealed by Kerberos or NTLM.
    #[default]
    Sealed,
    /// Port 389, TLS from the first request on.
    Starttls,
    /// Port 636, TLS.
    Ldaps,
}

/// Where the password of a password account comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CredentialSource {
    /// `DOMAIN\name`.
    pub account: LogonAccount,
    /// Where from.
    pub password: SecretSource,
}

/// Where a secret comes from; never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// The first line of a file.
    File(PathBuf),
    /// Asked for on the terminal.
    Prompt(bool),
    /// The first line read from an open file descriptor.
    Descriptor(u32),
}

/// Why a text is no estate.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEstate {
    /// TOML syntax, an unknown or missing field, an invalid name: the message points at the line.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// A format of another gmsactl.
    #[error("format is {0}, this gmsactl knows format 1")]
    Format(u32),
    /// The fields are readable and contradict themselves.
    #[error("{subject}: {why}")]
    Contradiction {
        /// Which entry.
        subject: String,
        /// What is wrong.
        why: &'static str,
    },
}

fn unnamed() -> String {
    "estate".to_owned()
}

impl Estate {
    /// Reads `estate.toml`; paths in it are relative to `folder`, where the file is.
    ///
    /// # Errors
    /// [`InvalidEstate`], pointing at the line where the text allows it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, InvalidEstate> {
        let mut estate: Self = toml::from_str(text)?;
        if estate.format != 1 {
            return Err(InvalidEstate::Format(estate.format));
        }
        estate.validate()?;
        estate.paths().for_each(|path| *path = folder.join(&*path));
        Ok(estate)
    }

    /// The host of that name.
    pub fn host(&self, name: &HostName) -> Option<&HostAccess> {
        self.hosts.iter().find(|host| host.name == *name)
    }

    fn validate(&self) -> Result<(), InvalidEstate> {
        let wrong = |subject: &str, why| {
            Err(InvalidEstate::Contradiction {
                subject: subject.to_owned(),
                why,
            })
        };
        for (index, host) in self.hosts.iter().enumerate() {
            let name = host.name.as_str();
            if self
                .hosts
                .iter()
                .take(index)
                .any(|other| other.name == host.name)
            {
                return wrong(name, "stands twice");
            }
            if let Some(why) = host.contradiction() {
                return wrong(name, why);
            }
        }
        if self.domain.auth == Auth::Simple && self.domain.transport == DirectoryTransport::Sealed {
            return wrong(
                "[domain]",
                "auth \"simple\" sends the password itself: it needs transport \"ldaps\" or \"starttls\"",
            );
        }
        if self.domain.auth == Auth::Keytab && self.domain.keytab.is_none() {
            return wrong(
                "[domain]",
                "auth \"keytab\" needs keytab, the file with the keys",
            );
        }
        Ok(())
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let domain = &mut self.domain;
        let own = domain
            .password
            .iter_mut()
            .filter_map(file_of)
            .chain(domain.keytab.iter_mut())
            .chain(domain.ca_file.iter_mut())
            .chain(self.sql.password.iter_mut().filter_map(file_of));
        let hosts = self.hosts.iter_mut().flat_map(|host| {
            host.identity_file
                .iter_mut()
                .chain(host.known_hosts.iter_mut())
                .chain(host.ca_file.iter_mut())
                .chain(host.machine_keytab.iter_mut())
                .chain(host.password.iter_mut().filter_map(file_of))
        });
        let credentials = self
            .credentials
            .iter_mut()
            .filter_map(|credential| file_of(&mut credential.password));
        own.chain(hosts).chain(credentials)
    }
}

fn file_of(source: &mut SecretSource) -> Option<&mut PathBuf> {
    match source {
        SecretSource::File(path) => Some(path),
        SecretSource::Prompt(_) | SecretSource::Descriptor(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::HostFolder;

    const TEXT: &str = r#"
format = 1
name = "rig"
[domain]
name = "contoso.com"
server = "dc1.contoso.com"
user = "Administrator"
password = { file = "admin.password" }
[addresses]
"dc1.contoso.com" = "127.0.0.1"
[[host]]
name = "MIMSYNC01"
dns-name = "mimsync01.contoso.com"
transport = "ssh"
port = 2201
subsystem = "gmsactl-agent"
[[credential]]
account = 'CONTOSO\svc-mimsync'
password = { file = "/etc/secret" }
"#;

    #[test]
    fn paths_are_relative_to_the_file() {
        let estate = Estate::parse(TEXT, Path::new("/rig")).unwrap();
        assert_eq!(
            estate.domain.password,
            Some(SecretSource::File("/rig/admin.password".into()))
        );
        assert_eq!(
            estate.credentials[0].password,
            SecretSource::File("/etc/secret".into())
        );
        assert_eq!(estate.domain.auth, Auth::Default);
    }

    #[test]
    fn an_agent_that_is_brought_needs_no_command() {
        let text = TEXT.replace("subsystem = \"gmsactl-agent\"", "agent = \"deploy\"");
        let estate = Estate::parse(&text, Path::new("/")).unwrap();
        let host = &estate.hosts[0];
        assert!(host.brings_agent());
        assert_eq!(host.agent_folder().as_str(), HostFolder::AGENT);
    }

    #[test]
    fn contradictions_are_refused() {
        for (from, to, says) in [
            (
                "subsystem = \"gmsactl-agent\"",
                "",
                "either subsystem or command",
            ),
            (
                "subsystem = \"gmsactl-agent\"",
                "subsystem = \"gmsactl-agent\"\nagent = \"deploy\"",
                "no subsystem, no command",
            ),
            (
                "subsystem = \"gmsactl-agent\"",
                "agent = \"session\"\nagent-folder = 'C:\\Program Files'",
                "between its backslashes",
            ),
            (
                "port = 2201",
                "sftp-folder = \"/x\"",
                "need agent = \"deploy\"",
            ),
            (
                "transport = \"ssh\"\nport = 2201\nsubsystem = \"gmsactl-agent\"",
                "transport = \"winrm\"\nagent = \"deploy\"\nsftp-folder = \"/x\"",
                "for transport \"ssh\"",
            ),
            (
                "user = \"Administrator\"",
                "auth = \"simple\"",
                "sends the password itself",
            ),
            (
                "user = \"Administrator\"",
                "auth = \"keytab\"",
                "needs keytab",
            ),
            ("port = 2201", "prot = 2201", "prot"),
            (
                "password = { file = \"admin.password\" }",
                "password = \"Secret1\"",
                "password",
            ),
        ] {
            let error = Estate::parse(&TEXT.replace(from, to), Path::new("/"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
