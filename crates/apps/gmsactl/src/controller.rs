//! Which domain controller a command works with: the one that is named, or the nearest that DNS knows.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use directory::Dns;
use model::estate::{DirectoryTransport, Estate};
use model::names::DnsName;

use crate::error::Failure;

/// A domain controller; one command stays with it, so that it reads what it wrote.
#[derive(Debug, Clone)]
pub struct Controller {
    /// Its DNS name.
    pub server: DnsName,
    /// Where its directory listens.
    pub address: SocketAddr,
    /// Why this one, in a line.
    pub why: String,
    /// Addresses of domain controllers: from the estate and, where they were looked for, from DNS.
    pub addresses: BTreeMap<DnsName, IpAddr>,
}

impl Controller {
    /// The estate's own, or one that is found.
    pub async fn of(estate: &Estate) -> Result<Self, Failure> {
        let access = &estate.domain;
        let port = match access.transport {
            DirectoryTransport::Ldaps => 636,
            DirectoryTransport::Sealed | DirectoryTransport::Starttls => 389,
        };
        let addresses = addresses(estate);
        if let Some(server) = &access.server {
            return Ok(Self {
                server: server.clone(),
                address: resolve(estate, server, port).await?,
                why: "named by the estate or with --server".to_owned(),
                addresses,
            });
        }
        let dns = Dns::new(access.dns)?;
        let located = directory::locate(&access.name, &dns, &addresses).await?;
        tracing::info!(server = %located.server, why = located.why, "domain controller");
        Ok(Self {
            server: located.server,
            address: SocketAddr::new(located.address, port),
            why: located.why,
            addresses: located.addresses,
        })
    }
}

fn addresses(estate: &Estate) -> BTreeMap<DnsName, IpAddr> {
    let ip = |text: &str| {
        text.parse()
            .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
            .ok()
    };
    let known = estate.addresses.iter();
    known
        .filter_map(|(name, text)| Some((name.clone(), ip(text)?)))
        .collect()
}

/// Where a name is: the estate's own table first, then its DNS server, else this machine's resolver.
pub async fn resolve(estate: &Estate, name: &DnsName, port: u16) -> Result<SocketAddr, Failure> {
    let unknown = || Failure::new("unreachable", format!("the address of {name} is not known"));
    if let Some(text) = estate.addresses.get(name) {
        return text
            .parse::<IpAddr>()
            .map(|ip| SocketAddr::new(ip, port))
            .or_else(|_| text.parse())
            .map_err(|_| unknown().hint(format!("{text:?} under [addresses] is no IP address")));
    }
    if let Some(server) = estate.domain.dns {
        let ip = Dns::new(Some(server))?.address(name).await?;
        return Ok(SocketAddr::new(ip, port));
    }
    let found = tokio::net::lookup_host((name.as_str(), port)).await;
    let mut found = found.map_err(|error| {
        unknown()
            .caused_by(&error)
            .hint("correct the name, or add it under [addresses] in estate.toml")
    })?;
    found.next().ok_or_else(unknown)
}
