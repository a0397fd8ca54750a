//! Finds a domain controller as Windows does: names from DNS, then a ping of each, then the nearest writable one.
//!
//! [MS-ADTS] 6.3 "Publishing and Locating a Domain Controller".

mod dns;
mod netlogon;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use ldap::{Filter, Scope, Search, search_over_udp};
use model::names::DnsName;
use model::ports::{ErrorKind, WorldError};

pub use dns::Dns;
use dns::Service;
use netlogon::Answer;

/// A domain controller that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its DNS name.
    pub server: DnsName,
    /// Where it is.
    pub address: IpAddr,
    /// Why this one, in a line.
    pub why: String,
    /// The addresses of all that DNS knows, itself included.
    pub addresses: BTreeMap<DnsName, IpAddr>,
}

/// How long a domain controller may take to answer a ping.
const PATIENCE: Duration = Duration::from_secs(3);

/// So many are pinged at most, the first by DNS' own order.
const PINGED: usize = 32;

/// [MS-ADTS] 6.3.1.1 "NETLOGON_NT_VERSION Options Bits": NETLOGON_NT_VERSION_5 and _5EX.
const EXTENDED: u32 = 0x2 | 0x4;

/// The nearest writable domain controller of a domain that answers. Names that `known` has are not asked for.
///
/// # Errors
/// [`ErrorKind::NotFound`] where DNS knows none, [`ErrorKind::Unreachable`] where none answers, or no writable one.
pub async fn locate(
    domain: &DnsName,
    dns: &Dns,
    known: &BTreeMap<DnsName, IpAddr>,
) -> Result<Located, WorldError> {
    let all = format!("_ldap._tcp.dc._msdcs.{domain}.");
    let services = dns.services(&all).await?;
    if services.is_empty() {
        let what = format!("no domain controller of {domain} is found: DNS has no {all}");
        return Err(WorldError::new(ErrorKind::NotFound, what).advise(NAME_ONE));
    }
    let mut found = Found::new(domain, known);
    found.ping(services, dns).await;
    // A large domain: those of our own site may not have been among the first.
    if let Some(site) = found.own_site() {
        let near = format!("_ldap._tcp.{site}._sites.dc._msdcs.{domain}.");
        let near = dns.services(&near).await;
        found.ping(near.unwrap_or_default(), dns).await;
    }
    found.nearest()
}

const NAME_ONE: &str = "name the DNS server of the domain: dns under [domain] in estate.toml, or --dns; or a domain controller: \
                        server under [domain], or --server";

/// What was found so far.
struct Found<'a> {
    domain: &'a DnsName,
    addresses: BTreeMap<DnsName, IpAddr>,
    pinged: Vec<(Service, Result<Answer, WorldError>)>,
}

impl<'a> Found<'a> {
    fn new(domain: &'a DnsName, known: &BTreeMap<DnsName, IpAddr>) -> Self {
        Self {
            domain,
            addresses: known.clone(),
            pinged: Vec::new(),
        }
    }

    async fn ping(&mut self, services: Vec<Service>, dns: &Dns) {
        let had = |service: &Service| {
            self.pinged
                .iter()
                .any(|(known, _)| known.host == service.host)
        };
        let mut services: Vec<_> = services
            .into_iter()
            .filter(|service| !had(service))
            .collect();
        services.sort_by_key(|one| (one.priority, Reverse(one.weight), one.host.clone()));
        services.truncate(PINGED);
        let pings = services.into_iter().map(|service| async {
            let address = match self.addresses.get(&service.host) {
                Some(address) => Ok(*address),
                None => dns.address(&service.host).await,
            };
            let answer = match &address {
                Ok(address) => ping(SocketAddr::new(*address, service.port), self.domain).await,
                Err(error) => Err(WorldError::new(error.kind, error.what.clone())),
            };
            (service, address.ok(), answer)
        });
        for (service, address, answer) in join_all(pings).await {
            if let Some(address) = address {
                self.addresses.insert(service.host.clone(), address);
            }
            self.pinged.push((service, answer));
        }
    }

    /// The site of this machine, where no domain controller of it has answered yet.
    fn own_site(&self) -> Option<String> {
        let mut answers = self
            .pinged
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().ok());
        if answers.clone().any(|answer| answer.is_closest()) {
            return None;
        }
        answers.find_map(|answer| answer.client_site.clone())
    }

    fn nearest(mut self) -> Result<Located, WorldError> {
        let usable = |(service, answer): &(Service, Result<Answer, WorldError>)| {
            let answer = answer.as_ref().ok()?;
            let near = (
                answer.is_closest(),
                answer.client_site.as_deref() == Some(&answer.site),
            );
            answer.is_writable().then(|| {
                let order = (Reverse(near), service.priority, Reverse(service.weight));
                (order, service.host.clone(), answer.site.clone(), near)
            })
        };
        let best = self.pinged.iter().filter_map(usable).min();
        let Some((_, server, site, near)) = best else {
            return Err(self.nobody());
        };
        let how = match near {
            (true, _) => format!("the nearest writable one, in site {site}"),
            (false, true) => format!("writable, in this machine's site {site}"),
            (false, false) => {
                format!("writable, in site {site}; none of this machine's own site answers")
            }
        };
        let answered = self
            .pinged
            .iter()
            .filter(|(_, answer)| answer.is_ok())
            .count();
        let why = format!(
            "found by DNS: {how}; {answered} of {} answer",
            self.pinged.len()
        );
        let unresolved = || {
            WorldError::new(
                ErrorKind::Unreachable,
                format!("no address is known for {server}"),
            )
        };
        let address = self.addresses.remove(&server).ok_or_else(unresolved)?;
        self.addresses.insert(server.clone(), address);
        Ok(Located {
            server,
            address,
            why,
            addresses: self.addresses,
        })
    }

    /// Why there is none, with what each of them said.
    fn nobody(&self) -> WorldError {
        let said = |(service, answer): &(Service, Result<Answer, WorldError>)| match answer {
            Ok(_) => format!("{} is read-only", service.host),
            Err(error) => format!("{}: {}", service.host, error.what),
        };
        let said: Vec<_> = self.pinged.iter().map(said).collect();
        let what = format!(
            "no writable domain controller of {} answers: {}",
            self.domain,
            said.join("; ")
        );
        WorldError::new(ErrorKind::Unreachable, what).advise(
            "pings go to UDP port 389: open it, or name a domain controller (server under [domain], or --server)",
        )
    }
}

/// [MS-ADTS] 6.3.3 "LDAP Ping".
async fn ping(address: SocketAddr, domain: &DnsName) -> Result<Answer, WorldError> {
    let filter = Filter::all([
        Filter::equal("DnsDomain", domain.as_str()),
        Filter::equal("NtVer", EXTENDED.to_le_bytes()),
    ]);
    let search = Search::new("", Scope::Base, filter).attributes(["Netlogon"]);
    let failed = |error| crate::error::world_error(format!("cannot ping {address}"), error);
    let entry = search_over_udp(address, &search, PATIENCE)
        .await
        .map_err(failed)?;
    let value = entry.as_ref().and_then(|entry| entry.value("Netlogon"));
    value.and_then(Answer::read).ok_or_else(|| {
        let what =
            format!("{address} is no domain controller of {domain}, or says nothing of itself");
        WorldError::new(ErrorKind::Protocol, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pinged: &[(&str, u16, Result<Answer, &str>)]) -> Result<Located, WorldError> {
        let domain = "contoso.com".parse().unwrap();
        let mut found = Found::new(&domain, &BTreeMap::new());
        for (host, priority, answer) in pinged {
            let service = Service {
                host: host.parse().unwrap(),
                port: 389,
                priority: *priority,
                weight: 100,
            };
            found
                .addresses
                .insert(service.host.clone(), IpAddr::from([192, 0, 2, 1]));
            let answer = answer
                .clone()
                .map_err(|what| WorldError::new(ErrorKind::Timeout, what));
            found.pinged.push((service, answer));
        }
        found.nearest()
    }

    fn answer(flags: u32, site: &str) -> Result<Answer, &'static str> {
        Ok(Answer {
            flags,
            site: site.to_owned(),
            client_site: Some("Here".to_owned()),
        })
    }

    const WRITABLE: u32 = 0x100;
    const CLOSEST: u32 = 0x80;

    #[test]
    fn the_nearest_writable_one_is_taken() {
        let far = ("dc1.contoso.com", 0, answer(WRITABLE, "There"));
        let read_only = ("dc2.contoso.com", 0, answer(CLOSEST, "Here"));
        let near = ("dc3.contoso.com", 9, answer(WRITABLE | CLOSEST, "Here"));
        let dead = ("dc4.contoso.com", 0, Err("no answer"));
        let of = |pinged: &[_]| {
            let located = found(pinged).unwrap();
            (located.server.to_string(), located.why)
        };
        let (server, why) = of(&[far.clone(), read_only.clone(), near, dead.clone()]);
        assert_eq!(server, "dc3.contoso.com");
        assert_eq!(
            why,
            "found by DNS: the nearest writable one, in site Here; 3 of 4 answer"
        );
        let (server, why) = of(&[read_only.clone(), far, dead.clone()]);
        assert_eq!(server, "dc1.contoso.com");
        assert!(
            why.contains("none of this machine's own site answers"),
            "{why}"
        );
        let error = found(&[read_only, dead]).unwrap_err();
        assert!(
            error
                .what
                .contains("dc2.contoso.com is read-only; dc4.contoso.com: no answer"),
            "{error}"
        );
        assert!(error.advice.is_some());
    }

    #[test]
    fn among_equals_priority_and_name_decide() {
        let one = |host, priority| (host, priority, answer(WRITABLE | CLOSEST, "Here"));
        let located = found(&[
            one("c.contoso.com", 1),
            one("b.contoso.com", 0),
            one("a.contoso.com", 1),
        ]);
        assert_eq!(located.unwrap().server.as_str(), "b.contoso.com");
        let located = found(&[one("c.contoso.com", 1), one("a.contoso.com", 1)]);
        assert_eq!(located.unwrap().server.as_str(), "a.contoso.com");
    }
}
