//! What the locator asks DNS: services and addresses.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use model::names::DnsName;
use model::ports::{ErrorKind, WorldError};

/// For one question to one server; asked twice.
const PATIENCE: Duration = Duration::from_secs(3);

/// A resolver: that of the domain, or this machine's own.
pub struct Dns {
    resolver: TokioResolver,
    server: Option<SocketAddr>,
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) host: DnsName,
    pub(super) port: u16,
    pub(super) priority: u16,
    pub(super) weight: u16,
}

impl Dns {
    /// The resolver that asks this server, or those that this machine is set to ask.
    ///
    /// # Errors
    /// [`ErrorKind::NotConfigured`] where this machine has no usable DNS settings.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, WorldError> {
        let unusable = |error: NetError| {
            WorldError::new(
                ErrorKind::NotConfigured,
                format!("the DNS settings of this machine cannot be used: {error}"),
            )
            .advise(super::NAME_ONE)
        };
        let mut builder = match server {
            None => TokioResolver::builder_tokio().map_err(unusable)?,
            Some(server) => {
                let mut of = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut of.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_name_servers(vec![of]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (PATIENCE, 2);
        Ok(Self {
            resolver: builder.build().map_err(unusable)?,
            server,
        })
    }

    /// The records of a service; none where DNS says that there are none.
    pub(super) async fn services(&self, name: &str) -> Result<Vec<Service>, WorldError> {
        let found = match self.resolver.srv_lookup(name).await {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(self.failed(name, &error)),
        };
        let service = |data: &RData| match data {
            RData::SRV(record) => Some(Service {
                host: record.target.to_ascii().parse().ok()?,
                port: record.port,
                priority: record.priority,
                weight: record.weight,
            }),
            _ => None,
        };
        let records = found.answers().iter();
        Ok(records.filter_map(|record| service(&record.data)).collect())
    }

    /// The first address of a host.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] where there is none, or nobody who says so.
    pub async fn address(&self, host: &DnsName) -> Result<IpAddr, WorldError> {
        let found = self.resolver.lookup_ip(format!("{host}.")).await;
        let found = found.map_err(|error| self.failed(host.as_str(), &error))?;
        let none = || {
            WorldError::new(
                ErrorKind::Unreachable,
                format!("DNS has no address of {host}"),
            )
        };
        found.iter().next().ok_or_else(none)
    }

    fn failed(&self, name: &str, error: &NetError) -> WorldError {
        let whom = match self.server {
            Some(server) => format!("the DNS server {server}"),
            None => "this machine's DNS".to_owned(),
        };
        let what = format!("{whom} does not tell about {name}: {error}");
        WorldError::new(ErrorKind::Unreachable, what).advise(super::NAME_ONE)
    }
}
