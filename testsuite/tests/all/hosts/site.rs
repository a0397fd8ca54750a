//! The two hosts that the port's tests run on: one of the embedded lab, and the rig's Wine host.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use agent_protocol::Secret;
use async_trait::async_trait;
use hosts::{AgentError, ByteStream, Connect, EstateHosts, Transport};
use lab::hosts::HostServer;
use lab::mim::{Preparation, SqlServer, reference_hosts};
use lab::{Lab, LabSeed};
use model::estate::Estate;
use model::names::HostName;
use model::ports::{Clock, Host, Hosts};
use model::secret::Password;

use crate::rig::Rig;

const LAB_PASSWORD: &[u8] = b"Lab-Service-Pa55";

/// Hosts under test. On both, MIMSYNC01 has the Synchronization Service on the password account svc-mimsync.
pub struct Site {
    place: Place,
    hosts: EstateHosts,
}

enum Place {
    /// Behind a port on loopback, in the agent's frames.
    Lab { _lab: Box<Lab>, _hosts: HostServer },
    /// The agent's Windows program, behind ssh; no other test changes the host meanwhile.
    Rig { _exclusive: File },
}

/// Runs a test on both.
pub async fn on_both<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Arc<Site>) -> F) {
    for on_rig in [false, true] {
        let site = Arc::new(match on_rig {
            false => Site::lab().await,
            true => Site::rig(),
        });
        let outcome = tokio::spawn(test(Arc::clone(&site))).await;
        site.hosts.close().await;
        if let Err(failed) = outcome {
            eprintln!("failed on {}", if on_rig { "the rig" } else { "the lab" });
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

impl Site {
    async fn lab() -> Self {
        let seed = LabSeed::reference_estate(b"Lab-Admin-Pa55", LAB_PASSWORD);
        let lab = Lab::start(seed).await.unwrap();
        let password_of = |_: &str| Some(Secret::copy_of(LAB_PASSWORD));
        let sql = Arc::new(SqlServer::default());
        let hosts = reference_hosts(&lab.domain(), &sql, Preparation::Logins, &password_of);
        let server = HostServer::listen(hosts.iter().cloned(), 0).await.unwrap();
        let way = |host: &Arc<lab::hosts::LabHost>| {
            let (server, host) = (server.address(), host.name().clone());
            let way: Box<dyn Connect> = Box::new(LabAgent {
                server,
                host: host.clone(),
            });
            (host, way)
        };
        let clock: Arc<dyn Clock> = Arc::new(lab.clock().clone());
        let ways = hosts.iter().map(way);
        Self {
            hosts: EstateHosts::reached_by(ways, &clock),
            place: Place::Lab {
                _lab: Box::new(lab),
                _hosts: server,
            },
        }
    }

    fn rig() -> Self {
        let exclusive = Rig::get().exclusive();
        let file = Rig::get().path("RIG_ESTATE");
        let text = String::from_utf8(Rig::get().bytes("RIG_ESTATE")).unwrap();
        let estate = Estate::parse(&text, file.parent().unwrap()).unwrap();
        Self {
            hosts: EstateHosts::new(&estate, BTreeMap::new(), None),
            place: Place::Rig {
                _exclusive: exclusive,
            },
        }
    }

    pub fn is_rig(&self) -> bool {
        matches!(self.place, Place::Rig { .. })
    }

    pub async fn host(&self, name: &str) -> Arc<dyn Host> {
        self.hosts.host(&name.parse().unwrap()).await.unwrap()
    }

    /// The password of svc-mimsync.
    pub fn service_password(&self) -> Password {
        Password::new(match self.is_rig() {
            false => LAB_PASSWORD.to_vec(),
            true => Rig::get().password("RIG_SYNC_PASSWORD_FILE"),
        })
    }
}

/// What stands for the agent on a host of the lab.
struct LabAgent {
    server: SocketAddr,
    host: HostName,
}

#[async_trait]
impl Connect for LabAgent {
    async fn connect(&self) -> Result<Box<dyn Transport>, AgentError> {
        let stream = lab::hosts::connect(self.server, &self.host).await;
        let stream = stream.map_err(|source| AgentError::Unreachable {
            address: self.server.to_string(),
            source,
        })?;
        Ok(Box::new(ByteStream::new(stream)))
    }
}
