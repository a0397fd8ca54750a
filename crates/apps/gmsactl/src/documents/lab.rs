//! The documents of `lab`.

use std::net::SocketAddr;
use std::path::PathBuf;

use model::names::HostName;
use serde::{Deserialize, Serialize};

/// The document of `lab start`.
#[derive(Debug, Serialize)]
pub struct LabDocument {
    /// DNS name of the domain.
    pub domain: String,
    /// LDAP, sealed or with StartTLS.
    pub ldap: SocketAddr,
    /// LDAP with TLS from the first byte.
    pub ldaps: SocketAddr,
    /// Kerberos over TCP.
    pub kdc: SocketAddr,
    /// All domain controllers; the first has the addresses above.
    pub domain_controllers: Vec<LabControllerStatus>,
    /// SQL Server.
    pub sql: SocketAddr,
    /// Its hosts.
    pub hosts: Vec<HostName>,
    /// How gmsactl reaches it.
    pub estate: PathBuf,
    /// Where everything is that clients need.
    pub folder: PathBuf,
}

/// The document of `lab status`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LabStatus {
    /// DNS name of the domain.
    pub domain: String,
    /// LDAP, sealed or with StartTLS.
    pub ldap: SocketAddr,
    /// LDAP with TLS from the first byte.
    pub ldaps: SocketAddr,
    /// Kerberos over TCP.
    pub kdc: SocketAddr,
    /// All domain controllers; the first has the addresses above.
    pub domain_controllers: Vec<LabControllerStatus>,
    /// SQL Server.
    pub sql: SocketAddr,
    /// Requests to directory and Kerberos so far.
    pub directory_requests: u64,
    /// Its hosts.
    pub hosts: Vec<LabHostStatus>,
    /// What goes wrong on purpose.
    pub faults: Vec<String>,
    /// The lab's process.
    pub process: u32,
}

/// A domain controller of a lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LabControllerStatus {
    /// Its DNS name.
    pub name: String,
    /// Where its directory listens; its other ports are those of the first, on this address.
    pub ldap: SocketAddr,
    /// It takes no changes, and has no secrets.
    #[serde(default)]
    pub read_only: bool,
}

/// A host of a lab.
#[derive(Debug, Serialize, Deserialize)]
pub struct LabHostStatus {
    /// Its name.
    pub name: HostName,
    /// Whether it answers now.
    pub up: bool,
    /// Requests to its agent so far.
    pub requests: u64,
}

/// The document of `lab stop`, `lab save` and `lab fault`.
#[derive(Debug, Serialize)]
pub struct LabChanged {
    /// `stopped`, `saved`, `changed`.
    pub what: &'static str,
    /// The lab's folder.
    pub folder: PathBuf,
    /// The file that was written.
    pub file: Option<PathBuf>,
    /// The lab then.
    #[serde(flatten)]
    pub lab: LabStatus,
}
