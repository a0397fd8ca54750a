//! The `Hosts` port: every host of an estate.

use std::collections::BTreeMap;
use std::sync::Arc;

use agent_protocol::AgentHello;
use async_trait::async_trait;
use model::estate::{AgentSource, Estate, HostAccess, HostTransport};
use model::names::HostName;
use model::ports::{Clock, ErrorKind, Host, Hosts, WorldError};
use model::secret::Password;
use tokio::task::JoinSet;

use crate::connect::EstateEntry;
use crate::deploy::{AgentFile, Deployed, Deployment, OpenShell};
use crate::winrm::WinrmEntry;
use crate::{AgentHost, Connect};

/// The hosts of an estate, each connected when first needed.
pub struct EstateHosts {
    hosts: BTreeMap<HostName, Arc<AgentHost>>,
    /// Where gmsactl brings the agent.
    deployments: BTreeMap<HostName, Arc<Deployment>>,
}

impl EstateHosts {
    /// All hosts of the estate; `passwords` are those of their users, where they log on by one, `agent` is what is
    /// brought along.
    pub fn new(
        estate: &Estate,
        mut passwords: BTreeMap<HostName, Password>,
        agent: Option<&Arc<AgentFile>>,
    ) -> Self {
        let (mut hosts, mut deployments) = (BTreeMap::new(), BTreeMap::new());
        for access in &estate.hosts {
            let name = &access.name;
            let password = passwords.remove(name);
            let way = way_to(estate, access, password);
            let host = if access.brings_agent() {
                let stays = access.agent == AgentSource::Deploy;
                let place = Deployment::new(
                    way.into_shell(),
                    access.agent_folder(),
                    agent.cloned(),
                    stays,
                );
                let place = Arc::new(place);
                deployments.insert(name.clone(), Arc::clone(&place));
                AgentHost::reached_by(name.clone(), Box::new(Deployed(place)), None)
            } else {
                AgentHost::reached_by(name.clone(), way.into_agent(), None)
            };
            hosts.insert(name.clone(), Arc::new(host));
        }
        Self { hosts, deployments }
    }

    /// Where gmsactl brings the agent of that host; `None` where somebody installed one.
    pub fn deployment(&self, name: &HostName) -> Option<&Arc<Deployment>> {
        self.deployments.get(name)
    }

    /// An agent of that host, which has said hello.
    ///
    /// # Errors
    /// Every reason why there is none.
    pub async fn greet(&self, name: &HostName) -> Result<AgentHello, WorldError> {
        self.agent_host(name)?.greet().await
    }

    /// Hosts that are no entries of `estate.toml`, such as those of the lab in this process, with the clock that theirs
    /// are compared with.
    pub fn reached_by(
        ways: impl IntoIterator<Item = (HostName, Box<dyn Connect>)>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let host = |(name, way): (HostName, Box<dyn Connect>)| {
            let clock = Some(Arc::clone(clock));
            (
                name.clone(),
                Arc::new(AgentHost::reached_by(name, way, clock)),
            )
        };
        Self {
            hosts: ways.into_iter().map(host).collect(),
            deployments: BTreeMap::new(),
        }
    }

    /// Ends every agent that was started, all at once, and takes away those that were brought for the session: a shell of
    /// WinRM would go on for half an hour.
    pub async fn close(&self) {
        let mut closing = JoinSet::new();
        for host in self.hosts.values().map(Arc::clone) {
            closing.spawn(async move { host.close().await });
        }
        closing.join_all().await;
    }

    fn agent_host(&self, name: &HostName) -> Result<&Arc<AgentHost>, WorldError> {
        self.hosts.get(name).ok_or_else(|| {
            WorldError::new(
                ErrorKind::NotConfigured,
                format!("host {name} is not in the estate"),
            )
            .advise("add a [[host]] for it to estate.toml")
        })
    }
}

/// An entry of the estate, by its transport.
enum Way {
    Estate(Box<EstateEntry>),
    Winrm(Box<WinrmEntry>),
}

fn way_to(estate: &Estate, access: &HostAccess, password: Option<Password>) -> Way {
    let (access, addresses) = (access.clone(), estate.addresses.clone());
    match access.transport {
        HostTransport::Winrm => Way::Winrm(Box::new(WinrmEntry {
            access,
            domain: estate.domain.clone(),
            addresses,
            password,
        })),
        HostTransport::Local | HostTransport::Ssh => Way::Estate(Box::new(EstateEntry {
            access,
            addresses,
            password,
        })),
    }
}

impl Way {
    fn into_agent(self) -> Box<dyn Connect> {
        match self {
            Self::Estate(entry) => entry,
            Self::Winrm(entry) => entry,
        }
    }

    fn into_shell(self) -> Box<dyn OpenShell> {
        match self {
            Self::Estate(entry) => entry,
            Self::Winrm(entry) => entry,
        }
    }
}

#[async_trait]
impl Hosts for EstateHosts {
    async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, WorldError> {
        let host = self.agent_host(name)?;
        Ok(Arc::clone(host) as Arc<dyn Host>)
    }
}
