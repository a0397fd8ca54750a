//! The domain's writable domain controllers: found once, asked all at the same time.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use futures_util::future::join_all;
use ldap::{Dn, Error, Filter, Scope, Search};
use model::inventory::{Domain, DomainController, Gap};
use model::names::DnsName;
use model::ports::{ErrorKind, WorldError};

use crate::ActiveDirectory;
use crate::connection::Connection;
use crate::error::{malformed, world_error};
use crate::naming::{Naming, generalized_time};

impl ActiveDirectory {
    pub(crate) async fn describe_domain(&self) -> Result<Domain, WorldError> {
        let domain_controllers = self
            .ask_all(|controller| self.ask_clock(controller))
            .await?;
        let Naming {
            dns_name,
            netbios_name,
            forest,
            sid,
            functional_level,
            ..
        } = &self.naming;
        Ok(Domain {
            dns_name: dns_name.clone(),
            netbios_name: netbios_name.clone(),
            forest: forest.clone(),
            sid: *sid,
            functional_level: *functional_level,
            domain_controllers,
        })
    }

    /// The answers of all domain controllers. The operator's own must answer; another that does not is a gap.
    pub(crate) async fn ask_all<'a, T, F>(
        &'a self,
        ask: impl Fn(&'a Connection) -> F,
    ) -> Result<Vec<T>, WorldError>
    where
        F: Future<Output = Result<T, WorldError>>,
    {
        let mut answers = Vec::new();
        for (name, answer) in self.ask_each(ask).await? {
            match answer {
                Ok(answer) => answers.push(answer),
                Err(error) => self.note_gap(name.as_str(), &error),
            }
        }
        Ok(answers)
    }

    /// What each domain controller answers, the operator's own first: that one must.
    pub(crate) async fn ask_each<'a, T, F>(
        &'a self,
        ask: impl Fn(&'a Connection) -> F,
    ) -> Result<Vec<(DnsName, Result<T, WorldError>)>, WorldError>
    where
        F: Future<Output = Result<T, WorldError>>,
    {
        let others = self.others.get_or_try_init(|| self.find_others()).await?;
        let known = others.iter().filter_map(|other| other.as_ref().ok());
        let (first, answers) = tokio::join!(ask(&self.server), join_all(known.clone().map(&ask)));
        let mut asked = vec![(self.server.server.clone(), Ok(first?))];
        let names = known.map(|other| other.server.clone());
        asked.extend(names.zip(answers));
        let unknown = others.iter().filter_map(|other| other.as_ref().err());
        asked.extend(unknown.map(|name| (name.clone(), Err(no_address(name)))));
        Ok(asked)
    }

    /// The other writable domain controllers; of one whose address is not known only the name.
    async fn find_others(&self) -> Result<Vec<Result<Connection, DnsName>>, WorldError> {
        let names = writable_controllers(&self.server, &self.naming.domain).await;
        let names =
            names.map_err(|error| world_error("cannot list the domain controllers", error))?;
        let names = names.iter().filter_map(|name| name.parse::<DnsName>().ok());
        let names: BTreeSet<_> = names.filter(|name| *name != self.options.server).collect();
        let mut others = Vec::new();
        for name in names {
            let other = match self.address_of(&name).await {
                Some(address) => Ok(Connection::new(name, address, Arc::clone(&self.options))),
                None => Err(name),
            };
            others.push(other);
        }
        Ok(others)
    }

    /// From the estate's table, else from this machine's resolver.
    async fn address_of(&self, name: &DnsName) -> Option<SocketAddr> {
        let port = self.options.address.port();
        if let Some(address) = self.options.addresses.get(name) {
            return Some(SocketAddr::new(*address, port));
        }
        let found = tokio::net::lookup_host((name.as_str(), port)).await;
        found.ok()?.next()
    }

    /// Its name and its clock minus ours, in whole seconds: the clock is told in seconds.
    async fn ask_clock(&self, controller: &Connection) -> Result<DomainController, WorldError> {
        let dns_name = controller.server.clone();
        let root = controller.read(&Dn::root(), &["currentTime"]).await;
        let root = root
            .map_err(|error| world_error(format!("cannot ask {dns_name} for the time"), error))?;
        let ours = self.options.clock.now();
        let theirs = root.and_then(|root| generalized_time(root.text("currentTime")?));
        let theirs = theirs.ok_or_else(|| malformed(dns_name.as_str(), "it tells no time"))?;
        // Half a second more: what the truncated text lacks on average.
        let nanos = theirs.to_unix_nanos() + 500_000_000 - ours.to_unix_nanos();
        let clock_skew_seconds = i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX);
        Ok(DomainController {
            dns_name,
            clock_skew_seconds,
        })
    }

    /// Remembers what could not be read, for `gaps`.
    fn note_gap(&self, subject: &str, error: &WorldError) {
        let gap = Gap {
            subject: subject.to_owned(),
            why: error.to_string(),
            advice: error.advice.clone(),
        };
        tracing::warn!(subject, why = %gap.why, "left out");
        let mut gaps = self.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
}

/// The names of the domain's writable domain controllers, as this one knows them.
pub(crate) async fn writable_controllers(
    server: &Connection,
    domain: &Dn,
) -> Result<Vec<String>, Error> {
    /// [MS-ADTS] 2.2.16 "userAccountControl Bits": ADS_UF_SERVER_TRUST_ACCOUNT; read-only ones lack it.
    const SERVER_TRUST_ACCOUNT: u32 = 0x2000;
    let filter = Filter::bits_set("userAccountControl", SERVER_TRUST_ACCOUNT);
    let search = Search::new(domain.clone(), Scope::Subtree, filter).attributes(["dNSHostName"]);
    let entries = server.search(&search).await?;
    let names = entries.iter().filter_map(|entry| entry.text("dNSHostName"));
    Ok(names.map(str::to_owned).collect())
}

fn no_address(name: &DnsName) -> WorldError {
    WorldError::new(
        ErrorKind::Unreachable,
        format!("no address is known for {name}"),
    )
    .advise(format!(
        "give its address in estate.toml: [addresses] \"{name}\" = …"
    ))
}
