//! The `Hosts` port: every host of an estate.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use model::estate::{Estate, HostTransport};
use model::names::HostName;
use model::ports::{Clock, ErrorKind, Host, Hosts, WorldError};
use model::secret::Password;

use crate::winrm::WinrmEntry;
use crate::{AgentHost, Connect};

/// The hosts of an estate, each connected when first needed.
pub struct EstateHosts(BTreeMap<HostName, Arc<AgentHost>>);

impl EstateHosts {
    /// All hosts of the estate; `passwords` are those of their ssh users, where they log on by one.
    pub fn new(estate: &Estate, mut passwords: BTreeMap<HostName, Password>) -> Self {
        let mut host = |access: &model::estate::HostAccess| {
            let password = passwords.remove(&access.name);
            match access.transport {
                HostTransport::Winrm => {
                    let entry = WinrmEntry {
                        access: access.clone(),
                        domain: estate.domain.clone(),
                        addresses: estate.addresses.clone(),
                        password,
                    };
                    AgentHost::reached_by(access.name.clone(), Box::new(entry), None)
                }
                HostTransport::Local | HostTransport::Ssh => {
                    AgentHost::new(access.clone(), estate.addresses.clone(), password)
                }
            }
        };
        Self(
            estate
                .hosts
                .iter()
                .map(|access| (access.name.clone(), Arc::new(host(access))))
                .collect(),
        )
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
        Self(ways.into_iter().map(host).collect())
    }

    /// Ends every agent that was started.
    pub async fn close(&self) {
        for host in self.0.values() {
            host.close().await;
        }
    }
}

#[async_trait]
impl Hosts for EstateHosts {
    async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>, WorldError> {
        let found = self
            .0
            .get(name)
            .map(|host| Arc::clone(host) as Arc<dyn Host>);
        found.ok_or_else(|| {
            WorldError::new(
                ErrorKind::NotConfigured,
                format!("host {name} is not in the estate"),
            )
            .advise("add a [[host]] for it to estate.toml")
        })
    }
}
