//! A running lab: its servers and the handles to move it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use managed_password::{EncryptionType, KerberosKey, Keytab, KeytabEntry, KeytabPrincipal};
use model::names::HostName;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::LabClock;
use crate::directory::Directory;
use crate::domain_view::LabDomain;
use crate::faults::Faults;
use crate::hosts::DomainView;
use crate::kdc;
use crate::ldap_server::{self, Certificate, Ports};
use crate::seed::{self, LabSeed};
use crate::snapshot::Snapshot;
use crate::store::schema::Attr;

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// What it should start with contradicts Active Directory's rules.
    #[error("the lab's seed cannot be used: {0}")]
    Seed(String),
    /// No certificate for its TLS.
    #[error("no certificate could be made: {0}")]
    Certificate(String),
    /// A port is taken, or may not be used.
    #[error("the lab cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The operating system's words.
        #[source]
        source: std::io::Error,
    },
}

/// Where a lab listens. Port 0 is any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabAddresses {
    /// LDAP: sealed, or StartTLS.
    pub ldap: SocketAddr,
    /// LDAP with TLS from the first byte.
    pub ldaps: SocketAddr,
    /// Kerberos over TCP.
    pub kdc: SocketAddr,
}

impl Default for LabAddresses {
    fn default() -> Self {
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            ldap: any,
            ldaps: any,
            kdc: any,
        }
    }
}

/// A running directory with its key distribution centre. Ends when it is dropped.
pub struct Lab {
    directory: Arc<Directory>,
    addresses: LabAddresses,
    authority_pem: String,
    servers: [JoinHandle<()>; 2],
}

impl Lab {
    /// Starts on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn start(seed: LabSeed) -> Result<Self, LabError> {
        Self::start_at(seed, LabAddresses::default()).await
    }

    /// Starts where it is told.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn start_at(seed: LabSeed, addresses: LabAddresses) -> Result<Self, LabError> {
        let directory = Arc::new(seed::build(&seed)?);
        let certificate = Certificate::new(&directory.forest.controller_dns_name())?;
        let authority_pem = certificate.authority_pem.clone();
        let (ldap, ldaps) = (
            listen(addresses.ldap).await?,
            listen(addresses.ldaps).await?,
        );
        let kdc = listen(addresses.kdc).await?;
        let at = |listener: &TcpListener, asked: SocketAddr| listener.local_addr().unwrap_or(asked);
        let addresses = LabAddresses {
            ldap: at(&ldap, addresses.ldap),
            ldaps: at(&ldaps, addresses.ldaps),
            kdc: at(&kdc, addresses.kdc),
        };
        let servers = [
            tokio::spawn(ldap_server::serve(
                Ports { ldap, ldaps },
                Arc::clone(&directory),
                certificate,
            )),
            tokio::spawn(kdc::serve(kdc, Arc::clone(&directory))),
        ];
        tracing::info!(
            domain = directory.forest.dns_name,
            ?addresses,
            "the lab is up"
        );
        Ok(Self {
            directory,
            addresses,
            authority_pem,
            servers,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> LabAddresses {
        self.addresses
    }

    /// The certificate that a TLS client has to trust, in PEM form.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// `dc1.contoso.com`
    #[must_use]
    pub fn controller(&self) -> String {
        self.directory.forest.controller_dns_name()
    }

    /// The directory's clock.
    #[must_use]
    pub fn clock(&self) -> &LabClock {
        &self.directory.clock
    }

    /// The directory as the lab's [`crate::hosts`] ask it.
    #[must_use]
    pub fn domain(&self) -> Arc<dyn DomainView> {
        Arc::new(LabDomain(Arc::clone(&self.directory)))
    }

    /// What goes wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.directory.faults
    }

    /// The domain controller that clients know.
    pub(crate) fn first(&self) -> &Directory {
        &self.directory
    }

    /// The domain controller that goes wrong.
    pub(crate) fn last(&self) -> &Directory {
        &self.directory
    }

    /// The objects of this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.directory.snapshot())
    }

    /// Goes back to the objects of another moment of this lab; connections stay.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.directory.restore(Arc::clone(&snapshot.0));
    }

    /// The keys of a computer's account, as a keytab exported on a domain controller; `None` where there is none.
    #[must_use]
    pub fn machine_keytab(&self, host: &HostName) -> Option<Keytab> {
        let account = host.computer_account();
        let name = account.as_str();
        let secret = self.directory.read(|store| {
            let id = store.find(Attr::SamAccountName, name.as_bytes()).first()?;
            store.get(*id)?.secret.clone()
        })?;
        let principal = KeytabPrincipal::account(&self.directory.forest.realm(), name);
        let kinds = [
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
            EncryptionType::AES128_CTS_HMAC_SHA1_96,
        ];
        let entry = |kind: EncryptionType| KeytabEntry {
            principal: principal.clone(),
            timestamp: 0,
            kvno: 2,
            key: KerberosKey::from_bytes(kind, secret.key(kind).expose_bytes()),
        };
        Some(Keytab {
            entries: kinds.map(entry).into(),
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, LabError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| LabError::Listen { address, source })
}
