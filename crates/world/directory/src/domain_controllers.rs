//! The domain's writable domain controllers: found once, asked all at the same time.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use futures_util::future::join_all;
use ldap::{Dn, Filter, Scope, Search};
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
        let others = self.others.get_or_try_init(|| self.find_others()).await?;
        let (first, answers) = tokio::join!(ask(&self.server), join_all(others.iter().map(&ask)));
        let mut asked = vec![first?];
        for (other, answer) in others.iter().zip(answers) {
            match answer {
                Ok(answer) => asked.push(answer),
                Err(error) => self.note_gap(other.server.as_str(), &error),
            }
        }
        Ok(asked)
    }

    async fn find_others(&self) -> Result<Vec<Connection>, WorldError> {
        /// [MS-ADTS] 2.2.16 "userAccountControl Bits": ADS_UF_SERVER_TRUST_ACCOUNT; read-only ones lack it.
        const SERVER_TRUST_ACCOUNT: u32 = 0x2000;
        let filter = Filter::bits_set("userAccountControl", SERVER_TRUST_ACCOUNT);
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
            .attributes(["dNSHostName"]);
        let entries = self.server.search(&search).await;
        let entries =
            entries.map_err(|error| world_error("cannot list the domain controllers", error))?;
        let names = entries
            .iter()
            .filter_map(|entry| entry.text("dNSHostName")?.parse::<DnsName>().ok());
        let mut others = Vec::new();
        for name in names.filter(|name| *name != self.options.server) {
            match self.address_of(&name).await {
                Ok(address) => {
                    others.push(Connection::new(name, address, Arc::clone(&self.options)))
                }
                Err(error) => self.note_gap(name.as_str(), &error),
            }
        }
        Ok(others)
    }

    async fn address_of(&self, name: &DnsName) -> Result<SocketAddr, WorldError> {
        let port = self.options.address.port();
        if let Some(address) = self.options.addresses.get(name) {
            return Ok(SocketAddr::new(*address, port));
        }
        let unknown = || {
            WorldError::new(
                ErrorKind::Unreachable,
                format!("no address is known for {name}"),
            )
            .advise(format!(
                "give its address in estate.toml: [addresses] \"{name}\" = …"
            ))
        };
        let found = tokio::net::lookup_host((name.as_str(), port)).await;
        found
            .map_err(|error| unknown().caused_by(error))?
            .next()
            .ok_or_else(unknown)
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
