//! All SPNs of the forest, and which service classes stand for others.

use ldap::{Dn, Filter, Scope, Search};
use model::names::{SamAccountName, Spn};
use model::ports::{ErrorKind, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{account, sam_account_name};
use crate::connection::Connection;
use crate::error::world_error;

/// An SPN and one account that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSpn {
    /// The SPN, as it stands there.
    pub spn: Spn,
    /// `sAMAccountName` of who holds it.
    pub holder: SamAccountName,
}

/// `sPNMappings` ([MS-ADA3] 2.282): a class such as `host` that answers for others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases(Vec<(String, Vec<String>)>);

impl Aliases {
    /// Reads values such as `host=alerter,appmgmt,http`.
    fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mapping = |value: &str| {
            let (class, stands_for) = value.split_once('=')?;
            let stands_for = stands_for
                .split(',')
                .map(|class| class.trim().to_lowercase());
            Some((class.trim().to_lowercase(), stands_for.collect()))
        };
        Self(values.filter_map(mapping).collect())
    }

    /// The SPNs that a domain controller takes for this one where nobody holds it: `HOST/a` for `HTTP/a`.
    #[must_use]
    pub fn fallbacks(&self, spn: &Spn) -> Vec<Spn> {
        let class = spn.class().to_lowercase();
        let standing = self
            .0
            .iter()
            .filter(|(above, below)| *above != class && below.contains(&class));
        standing
            .filter_map(|(above, _)| with_class(spn, &above.to_uppercase()))
            .collect()
    }

    /// The SPNs that this one also answers for: `HTTP/a` and fifty more for `HOST/a`.
    #[must_use]
    pub fn stands_for(&self, spn: &Spn) -> Vec<Spn> {
        let class = spn.class().to_lowercase();
        let below = self.0.iter().filter(|(above, _)| *above == class);
        below
            .flat_map(|(_, below)| below)
            .filter(|below| **below != class)
            .filter_map(|below| with_class(spn, below))
            .collect()
    }
}

fn with_class(spn: &Spn, class: &str) -> Option<Spn> {
    let (_, rest) = spn.as_str().split_once('/')?;
    format!("{class}/{rest}").parse().ok()
}

impl ActiveDirectory {
    /// Which service classes stand for others in this forest.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn spn_aliases(&self) -> Result<Aliases, WorldError> {
        let path = ["Services", "Windows NT", "Directory Service"];
        let dn = path
            .iter()
            .fold(self.naming.configuration.clone(), |above, name| {
                above.child("CN", name)
            });
        let entry = self.server.read(&dn, &["sPNMappings"]).await;
        let entry =
            entry.map_err(|error| world_error("cannot read the service class aliases", error))?;
        Ok(entry.map_or_else(Aliases::default, |entry| {
            Aliases::parse(entry.texts("sPNMappings"))
        }))
    }

    /// Every SPN with each account that holds it, and whether the whole forest was asked: where it has several domains
    /// its global catalog, or the domain alone if there is no catalog here.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn all_spns(&self) -> Result<(Vec<HeldSpn>, bool), WorldError> {
        let whole_forest = self.naming.domains == 1;
        if !whole_forest {
            match self.spns_at(&self.catalog, Dn::root()).await {
                Ok(held) => return Ok((held, true)),
                Err(error) if error.kind == ErrorKind::Unreachable => {
                    tracing::warn!(%error, "no global catalog: the domain alone is asked");
                }
                Err(error) => return Err(error),
            }
        }
        let domain = self.naming.domain.clone();
        Ok((self.spns_at(&self.server, domain).await?, whole_forest))
    }

    async fn spns_at(&self, server: &Connection, base: Dn) -> Result<Vec<HeldSpn>, WorldError> {
        let search = Search::new(
            base,
            Scope::Subtree,
            Filter::present("servicePrincipalName"),
        )
        .attributes(["servicePrincipalName", "sAMAccountName"]);
        let entries = server.search(&search).await;
        let entries = entries.map_err(|error| world_error("cannot search for SPNs", error))?;
        let mut held = Vec::new();
        for entry in &entries {
            let holder = sam_account_name(entry)?;
            let spns = entry.texts("servicePrincipalName");
            held.extend(spns.filter_map(|spn| spn.parse().ok()).map(|spn| HeldSpn {
                spn,
                holder: holder.clone(),
            }));
        }
        Ok(held)
    }

    /// Who holds the SPN in this domain or, where it can be asked, anywhere in the forest; and whether all was asked.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn holders_or_domain(
        &self,
        spn: &Spn,
    ) -> Result<(Vec<model::inventory::Account>, bool), WorldError> {
        match self.find_spn_holders(spn).await {
            Ok(holders) => Ok((holders, true)),
            Err(error) if error.kind == ErrorKind::Unreachable && self.naming.domains > 1 => {
                let filter = Filter::equal("servicePrincipalName", spn.as_str());
                let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
                    .attributes(crate::accounts::ACCOUNT_ATTRIBUTES.to_vec());
                let found = self.server.search(&search).await;
                let cannot = format!("cannot search for holders of {spn}");
                let found = found.map_err(|error| world_error(cannot, error))?;
                let holders = found.iter().map(account).collect::<Result<_, _>>()?;
                Ok((holders, false))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_stands_for_others_and_nobody_for_host() {
        let aliases = Aliases::parse(["host=alerter,http , cifs", "odd"].into_iter());
        let spn = |text: &str| text.parse::<Spn>().unwrap();
        assert_eq!(aliases.fallbacks(&spn("HTTP/a:80")), [spn("HOST/a:80")]);
        assert_eq!(aliases.fallbacks(&spn("HOST/a")), []);
        assert_eq!(aliases.fallbacks(&spn("PCNSCLNT/a")), []);
        assert_eq!(
            aliases.stands_for(&spn("host/a")),
            [spn("alerter/a"), spn("http/a"), spn("cifs/a")]
        );
    }
}
