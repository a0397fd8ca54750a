//! Takes connections: on the plain port, and on the one that begins with TLS.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::tls::Certificate;
use crate::directory::Directory;

/// Connections served at the same time; others wait.
const MAX_CONNECTIONS: usize = 4096;

/// How long a client has for the TLS handshake.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where the server listens.
pub(crate) struct Ports {
    /// 389: plain, sealed or StartTLS.
    pub(crate) ldap: TcpListener,
    /// 636: TLS from the first byte.
    pub(crate) ldaps: TcpListener,
}

/// Serves until it is dropped.
pub(crate) async fn serve(ports: Ports, directory: Arc<Directory>, certificate: Certificate) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut tasks = tokio::task::JoinSet::new();
    while let Ok(permit) = Arc::clone(&connections).acquire_owned().await {
        while tasks.try_join_next().is_some() {}
        let (accepted, tls) = tokio::select! {
            accepted = ports.ldap.accept() => (accepted, false),
            accepted = ports.ldaps.accept() => (accepted, true),
        };
        let Ok((stream, _)) = accepted else { continue };
        let (directory, certificate) = (Arc::clone(&directory), certificate.clone());
        tasks.spawn(async move {
            let _permit = permit;
            serve_one(stream, directory, certificate, tls).await;
        });
    }
}

async fn serve_one(
    stream: TcpStream,
    directory: Arc<Directory>,
    certificate: Certificate,
    tls: bool,
) {
    // Without it small answers wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn super::connection::Stream> = if tls {
        match tokio::time::timeout(HANDSHAKE, certificate.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        }
    } else {
        Box::new(stream)
    };
    Connection::new(stream, directory, certificate, tls)
        .run()
        .await;
}
