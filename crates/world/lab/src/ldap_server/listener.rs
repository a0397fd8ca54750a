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
    /// 3269: the global catalog with TLS from the first byte.
    pub(crate) gc_tls: TcpListener,
}

/// What is particular about the port that a client came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Ldap,
    Ldaps,
    GlobalCatalog,
    GlobalCatalogTls,
}

impl Port {
    pub(super) fn begins_with_tls(self) -> bool {
        matches!(self, Self::Ldaps | Self::GlobalCatalogTls)
    }

    pub(super) fn is_global_catalog(self) -> bool {
        matches!(self, Self::GlobalCatalog | Self::GlobalCatalogTls)
    }
}

/// Serves until it is dropped.
pub(crate) async fn serve(ports: Ports, directory: Arc<Directory>, certificate: Certificate) {
    serve_up_to(MAX_CONNECTIONS, ports, directory, certificate).await;
}

async fn serve_up_to(
    connections: usize,
    ports: Ports,
    directory: Arc<Directory>,
    certificate: Certificate,
) {
    let mut visitors = Visitors::new(connections);
    let budget = Budget::default();
    loop {
        let (stream, port) = tokio::select! {
            stream = accept(&ports.ldap) => (stream, Port::Ldap),
            stream = accept(&ports.ldaps) => (stream, Port::Ldaps),
            stream = accept(&ports.gc) => (stream, Port::GlobalCatalog),
            stream = accept(&ports.gc_tls) => (stream, Port::GlobalCatalogTls),
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
    let stream: Box<dyn super::connection::Stream> = if port.begins_with_tls() {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::seed::{LabSeed, build};

    fn lab() -> (Arc<Directory>, Certificate) {
        let seed = LabSeed::new("contoso.com", "CONTOSO", b"Lab-Admin-Pa55");
        let certificate = Certificate::new(vec!["dc1.contoso.com".to_owned()]);
        (Arc::new(build(&seed).unwrap()), certificate.unwrap())
    }

    async fn listen() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").await.unwrap()
    }

    /// A client that has been answered, so that it is inside.
    async fn answered(address: std::net::SocketAddr) -> TcpStream {
        const WHO_AM_I: &[u8] = b"\x30\x1e\x02\x01\x01\x77\x19\x80\x171.3.6.1.4.1.4203.1.11.3";
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(WHO_AM_I).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 0x30);
        stream
    }

    #[tokio::test]
    async fn at_the_limit_the_quietest_goes() {
        let ports = Ports {
            ldap: listen().await,
            ldaps: listen().await,
            gc: listen().await,
            gc_tls: listen().await,
        };
        let address = ports.ldap.local_addr().unwrap();
        let (directory, certificate) = lab();
        let serving = tokio::spawn(serve_up_to(2, ports, directory, certificate));
        let (mut first, second) = (answered(address).await, answered(address).await);
        let _third = answered(address).await;
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(30), first.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the first is still there");
        // Dropped, the server ends them all.
        serving.abort();
        let (mut second, mut rest) = (second, Vec::new());
        let ended = timeout(Duration::from_secs(30), second.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the second is still there");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_does_not_come_is_not_waited_for() {
        let listener = listen().await;
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (directory, certificate) = lab();
        let since = Instant::now();
        let limits = (&Budget::default(), Pulse::default());
        serve_one(
            stream,
            directory,
            certificate,
            Port::GlobalCatalogTls,
            limits,
        )
        .await;
        assert_eq!(since.elapsed().as_secs(), HANDSHAKE.as_secs());
        drop(client);
    }
}
