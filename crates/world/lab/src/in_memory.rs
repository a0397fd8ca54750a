//! A lab's servers over bytes in memory, for fuzzing and measuring: the same code as behind the sockets.

use std::io::Cursor;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tokio::runtime::{Builder, Runtime};

use crate::directory::{Directory, Saved};
use crate::domain_view::LabDomain;
use crate::gss::Layer;
use crate::gss::acceptor::Protection;
use crate::gss::seal::{self, Seal};
use crate::hosts::{HostState, LabHost, NoProducts, WindowsRelease};
use crate::kdc::{self, Key};
use crate::ldap_server::{Certificate, Connection, Port};
use crate::rules::token::Token;
use crate::seed::{self, LabSeed};
use crate::store::schema::Attr;
use crate::visitors::{Budget, Pulse};
use crate::{LabError, hosts};

/// A lab without sockets.
pub struct InMemory {
    directory: Arc<Directory>,
    start: Saved,
    certificate: Certificate,
    session: Key,
    runtime: Runtime,
}

/// Who talks to the directory, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Nobody has logged on, and nothing is protected.
    Stranger,
    /// The domain's Administrator, inside TLS.
    Administrator,
    /// The domain's Administrator, who sends sealed SASL buffers: [`InMemory::sealed`].
    SealedAdministrator,
}

impl InMemory {
    /// The directory that a seed describes.
    ///
    /// # Errors
    /// [`LabError::Seed`] and [`LabError::Certificate`].
    pub fn new(seed: &LabSeed) -> Result<Self, LabError> {
        let directory = Arc::new(seed::build(seed)?);
        let certificate = Certificate::new(vec![directory.forest.controller_dns_name()])?;
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| LabError::Seed(error.to_string()))?;
        Ok(Self {
            start: directory.save(),
            directory,
            certificate,
            session: Key::random(18),
            runtime,
        })
    }

    /// How many objects the directory has.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.start.store.len()
    }

    /// What the directory answers on a new connection over which exactly these bytes come. What they changed is taken
    /// back afterwards.
    #[must_use]
    pub fn directory_answers(&self, peer: Peer, bytes: &[u8]) -> Vec<u8> {
        let answers = Answers::default();
        let stream = tokio::io::join(Cursor::new(bytes.to_vec()), answers.clone());
        let port = match peer {
            Peer::Administrator => Port::Ldaps,
            Peer::Stranger | Peer::SealedAdministrator => Port::Ldap,
        };
        let mut connection = Connection::new(
            Box::new(stream),
            Arc::clone(&self.directory),
            self.certificate.clone(),
            port,
            (&Budget::default(), Pulse::default()),
        );
        if peer != Peer::Stranger {
            connection.token = self.administrator();
        }
        if peer == Peer::SealedAdministrator {
            connection.protection = Key::new(18, self.session.expose_bytes())
                .map(|key| (Layer::Kerberos(Seal::new(key, true, 0)), Protection::Sealed));
        }
        self.runtime.block_on(connection.run());
        self.directory.restore(&self.start);
        answers.take()
    }

    /// One SASL buffer as a client of [`Peer::SealedAdministrator`] would send it, genuine but for the numbers in its
    /// header: `EC` and `RRC` of RFC 4121 section 4.2.6.2, "Wrap Tokens".
    #[must_use]
    pub fn sealed(&self, plain: &[u8], extra: u16, rotation: u16) -> Vec<u8> {
        seal::sealed_by_client(&self.session, plain, extra, rotation).unwrap_or_default()
    }

    /// What the key distribution centre answers to one request.
    #[must_use]
    pub fn kdc_answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        self.runtime
            .block_on(kdc::answer(&self.directory, request.to_vec()))
    }

    /// What a host of the lab answers on a new connection over which exactly these bytes come.
    #[must_use]
    pub fn host_answers(&self, bytes: &[u8]) -> Vec<u8> {
        let answers = Answers::default();
        let Ok(name) = "MIMSYNC01".parse() else {
            return Vec::new();
        };
        let host = LabHost::new(
            HostState::new(name, WindowsRelease::server_2019()),
            Arc::new(LabDomain(Arc::clone(&self.directory))),
            Arc::new(NoProducts),
        );
        let stream = tokio::io::join(Cursor::new(bytes.to_vec()), answers.clone());
        // That the client is told off is not this caller's concern.
        let _ = self.runtime.block_on(hosts::serve(&host, stream));
        answers.take()
    }

    /// The binary `objectSid` of an account.
    #[must_use]
    pub fn sid_of(&self, account: &str) -> Option<Vec<u8>> {
        let found = self
            .start
            .store
            .find(Attr::SamAccountName, account.as_bytes());
        let object = self.start.store.get(*found.first()?)?;
        object.bytes(Attr::ObjectSid).map(<[u8]>::to_vec)
    }

    fn administrator(&self) -> Token {
        let account = self
            .start
            .store
            .find(Attr::SamAccountName, b"Administrator");
        account
            .first()
            .map(|id| Token::of(&self.start.store, *id))
            .unwrap_or_default()
    }
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<Vec<u8>>>);

impl Answers {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsyncWrite for Answers {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
