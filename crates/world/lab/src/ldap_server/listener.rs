//! Takes connections: on the plain port, and on the one that begins with TLS.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::connection::Connection;
use super::tls::Certificate;
use crate::directory::Directory;
use crate::visitors::{Budget, Pulse, Visitors, accept};

/// Connections served at the same time: MaxConnections ([MS-ADTS] 3.1.1.3.4.6 "LDAP Policies").
const MAX_CONNECTIONS: usize = 5000;

/// How long a client has for the TLS handshake.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where the server listens.
pub(crate) struct Ports {
    /// 389: plain, sealed or StartTLS.
    pub(crate) ldap: TcpListener,
    /// 636: TLS from the first byte.
    pub(crate) ldaps: TcpListener,
    /// 3268: the global catalog.
    pub(crate) gc: TcpListener,
}

/// What is particular about the port that a client came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Ldap,
    Ldaps,
    GlobalCatalog,
}

/// Serves until it is dropped.
pub(crate) async fn serve(ports: Ports, directory: Arc<Directory>, certificate: Certificate) {
    let mut visitors = Visitors::new(MAX_CONNECTIONS);
    let budget = Budget::default();
    loop {
        let (stream, port) = tokio::select! {
            stream = accept(&ports.ldap) => (stream, Port::Ldap),
            stream = accept(&ports.ldaps) => (stream, Port::Ldaps),
            stream = accept(&ports.gc) => (stream, Port::GlobalCatalog),
        };
        let (directory, certificate) = (Arc::clone(&directory), certificate.clone());
        let budget = budget.clone();
        visitors.admit(|pulse| async move {
            serve_one(stream, directory, certificate, port, (&budget, pulse)).await;
        });
    }
}

async fn serve_one(
    stream: TcpStream,
    directory: Arc<Directory>,
    certificate: Certificate,
    port: Port,
    limits: (&Budget, Pulse),
) {
    // Without it small answers wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn super::connection::Stream> = if port == Port::Ldaps {
        match tokio::time::timeout(HANDSHAKE, certificate.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        }
    } else {
        Box::new(stream)
    };
    Connection::new(stream, directory, certificate, port, limits)
        .run()
        .await;
}
