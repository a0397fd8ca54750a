//! A running lab: its servers and the handles to move it.

use std::net::SocketAddr;
use std::sync::Arc;

use managed_password::{EncryptionType, KerberosKey, Keytab, KeytabEntry, KeytabPrincipal};
use model::names::HostName;
use security::FileTime;
use tokio::task::JoinHandle;

use crate::clock::LabClock;
use crate::controller::{self, LabController};
use crate::faults::Faults;
use crate::hosts::DomainView;
use crate::kdc;
use crate::ldap_server::{self, Certificate, Ports};
use crate::listeners::{self, LabAddresses, Listeners};
use crate::mim::SqlServer;
use crate::seed::{self, LabSeed};
use crate::snapshot::Snapshot;
use crate::store::schema::Attr;
use crate::tds_server::{DatabaseServerOptions, RunningDatabaseServer};

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

/// A running directory: domain controllers, each with its key distribution centre. Ends when it is dropped.
pub struct Lab {
    /// The domain controller that clients know.
    first: LabController,
    /// All of them, this one before the others.
    controllers: Vec<LabController>,
    certificate: Certificate,
    servers: Vec<JoinHandle<()>>,
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
        let first = seed::build(&seed)?;
        let directories = controller::with_replicas(first, &seed)?;
        let listeners = listeners::listen(addresses, directories.len()).await?;
        let names = directories.iter().map(|it| it.forest.controller_dns_name());
        let names = names.chain(["localhost".to_owned()]);
        let addresses = listeners
            .iter()
            .map(|it| it.addresses.ldap.ip().to_string());
        let certificate = Certificate::new(names.chain(addresses).collect())?;
        let mut controllers = Vec::new();
        let mut servers = Vec::new();
        for (directory, listeners) in directories.into_iter().zip(listeners) {
            let Listeners {
                addresses,
                ldap,
                ldaps,
                gc,
                gc_tls,
                kdc,
            } = listeners;
            controllers.push(LabController {
                directory: Arc::clone(&directory),
                addresses,
            });
            let ports = Ports {
                ldap,
                ldaps,
                gc,
                gc_tls,
            };
            servers.push(tokio::spawn(kdc::serve(kdc, directory.authority())));
            let served = ldap_server::serve(ports, directory, certificate.clone());
            servers.push(tokio::spawn(served));
        }
        let first = controllers.first().cloned();
        let first =
            first.ok_or_else(|| LabError::Seed("there is no domain controller".to_owned()))?;
        tracing::info!(
            domain = seed.dns_name,
            controllers = controllers.len(),
            addresses = ?first.addresses,
            "the lab is up"
        );
        Ok(Self {
            first,
            controllers,
            certificate,
            servers,
        })
    }

    /// Where the first domain controller listens.
    #[must_use]
    pub fn addresses(&self) -> LabAddresses {
        self.first.addresses
    }

    /// The domain controllers, in the order of the seed.
    #[must_use]
    pub fn controllers(&self) -> &[LabController] {
        &self.controllers
    }

    /// The certificate that a TLS client has to trust, in PEM form.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.certificate.authority_pem
    }

    /// Serves a database server of the domain to clients on loopback.
    ///
    /// # Errors
    /// [`LabError::Certificate`] and [`LabError::Listen`].
    pub async fn serve_sql(
        &self,
        options: DatabaseServerOptions,
        sql: Arc<SqlServer>,
    ) -> Result<RunningDatabaseServer, LabError> {
        let directory = Arc::clone(&self.first.directory);
        RunningDatabaseServer::start(options, sql, directory, &self.certificate).await
    }

    /// The first domain controller: `dc1.contoso.com`.
    #[must_use]
    pub fn controller(&self) -> String {
        self.first.dns_name()
    }

    /// The directory's clock.
    #[must_use]
    pub fn clock(&self) -> &LabClock {
        &self.first.directory.clock
    }

    /// The directory as the lab's [`crate::hosts`] ask it: on the last writable domain controller, as hosts of another
    /// site do.
    /// What a client writes on the first comes there by replication.
    #[must_use]
    pub fn domain(&self) -> Arc<dyn DomainView> {
        self.last().domain()
    }

    /// When, by the lab's clock, everything that was written will be everywhere; `None` where it is already. What waits
    /// for a domain controller that nothing reaches does not count.
    #[must_use]
    pub fn replicated_at(&self) -> Option<FileTime> {
        let replications = self.controllers.iter();
        let replications = replications.filter_map(|it| it.directory.replication.as_ref());
        replications.filter_map(|it| it.inbox().last_due()).max()
    }

    /// What goes wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.first.directory.faults
    }

    /// The domain controller that goes wrong: the last writable one.
    pub(crate) fn last(&self) -> &LabController {
        self.writable().last().unwrap_or(&self.first)
    }

    /// The domain controllers that take changes.
    pub(crate) fn writable(&self) -> impl Iterator<Item = &LabController> {
        self.controllers.iter().filter(|one| !one.is_read_only())
    }

    /// The domain controller that clients know.
    pub(crate) fn first(&self) -> &LabController {
        &self.first
    }

    /// The objects of this moment, on every domain controller.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.controllers.iter().map(|it| &*it.directory))
    }

    /// Goes back to the objects of another moment of this lab; connections stay.
    pub fn restore(&self, snapshot: &Snapshot) {
        for (controller, saved) in self.controllers.iter().zip(snapshot.saved()) {
            controller.directory.restore(saved);
        }
    }

    /// The keys of a computer's account, as a keytab exported on a domain controller; `None` where there is none.
    #[must_use]
    pub fn machine_keytab(&self, host: &HostName) -> Option<Keytab> {
        let account = host.computer_account();
        let name = account.as_str();
        let secret = self.first.directory.read(|store| {
            let id = store.find(Attr::SamAccountName, name.as_bytes()).first()?;
            store.get(*id)?.secret.clone()
        })?;
        let principal = KeytabPrincipal::account(&self.first.directory.forest.realm(), name);
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
