//! A database server on the network, for any client of SQL Server ([MS-TDS] over TCP): the facts are those that the
//! lab's hosts live by ([`crate::mim::SqlServer`]).
//!
//! It has no SQL engine. It answers the questions of [`planner::database::questions`] word for word, runs the statements
//! that [`planner::database::script`] writes, and to everything else gives the error that a server gives to what it
//! does not understand.
//!
//! INVARIANT: what a client sends ends in an answer or a closed connection, in bounded memory.

mod catalogue;
mod changes;
mod channel;
mod logon;
mod names;
mod request;
mod session;
mod statements;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::LabError;
use crate::directory::Directory;
use crate::ldap_server::{Certificate, Identity};
use crate::mim::SqlServer;
use crate::visitors::{Visitors, accept};
use channel::Channel;
use session::Session;

/// Connections served at the same time.
const MAX_CONNECTIONS: usize = 200;

/// What a database server is like.
#[derive(Debug)]
pub struct DatabaseServerOptions {
    /// Its computer in the domain, without `$`: it takes tickets for that account's SPNs.
    pub computer: String,
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// The password of the login `sa`; without one there is no such login.
    pub sa_password: Option<Zeroizing<Vec<u8>>>,
}

/// A database server that is up; it ends when it is dropped.
pub struct RunningDatabaseServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What all connections share.
struct Server {
    options: DatabaseServerOptions,
    sql: Arc<SqlServer>,
    directory: Arc<Directory>,
    /// For TLS inside of TDS 7, and around TDS 8.
    inner_tls: Arc<rustls::ServerConfig>,
    outer_tls: Arc<rustls::ServerConfig>,
}

impl RunningDatabaseServer {
    pub(crate) async fn start(
        options: DatabaseServerOptions,
        sql: Arc<SqlServer>,
        directory: Arc<Directory>,
        certificate: &Certificate,
    ) -> Result<Self, LabError> {
        let failed = |source| LabError::Listen {
            address: options.address,
            source,
        };
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let dns_name = format!(
            "{}.{}",
            options.computer.to_lowercase(),
            directory.forest.dns_name
        );
        let names = vec![dns_name, options.computer.clone(), "localhost".to_owned()];
        let config = |versions, alpn: &[&[u8]]| {
            let identity = certificate.of_another(names.clone())?;
            tls(identity, versions, alpn)
        };
        let server = Arc::new(Server {
            inner_tls: config(&[&rustls::version::TLS12], &[])?,
            outer_tls: config(rustls::ALL_VERSIONS, &[b"tds/8.0"])?,
            options,
            sql,
            directory,
        });
        Ok(Self {
            address,
            task: tokio::spawn(serve(listener, server)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for RunningDatabaseServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls(
    identity: Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> Result<Arc<rustls::ServerConfig>, LabError> {
    let unusable = |error: rustls::Error| LabError::Certificate(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)
        .map_err(unusable)?;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

async fn serve(listener: TcpListener, server: Arc<Server>) {
    let mut visitors = Visitors::new(MAX_CONNECTIONS);
    loop {
        let stream = accept(&listener).await;
        let server = Arc::clone(&server);
        visitors.admit(|pulse| async move {
            // Without it small answers wait for the client's acknowledgements.
            let _ = stream.set_nodelay(true);
            if let Err(error) = Session::new(Channel::new(stream), server, pulse)
                .run()
                .await
            {
                tracing::debug!(%error, "a client of the database server is gone");
            }
        });
    }
}
