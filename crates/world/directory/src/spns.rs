//! Service principal names: who holds them anywhere in the forest, and moving them.

use ldap::{Dn, Error, Filter, Modification, ResultCode, Scope, Search};
use model::inventory::Account;
use model::names::{self, Spn};
use model::ports::{ErrorKind, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{ACCOUNT_ATTRIBUTES, account, ldap_dn};
use crate::connection::{Connection, Write};
use crate::error::{windows_code, world_error};
use crate::objects::explain;

/// [MS-ADTS] 3.1.1.5.1.3 "Uniqueness Constraints": the SPN, or the UPN, is another account's.
const NOT_UNIQUE_IN_FOREST: [u32; 2] = [8647, 8648];

/// SPNs in one filter.
const SPNS_PER_SEARCH: usize = 100;

impl ActiveDirectory {
    /// The domain itself is asked first, where everything is current; a forest of several domains also through the
    /// global catalog, whose copies of the others may be minutes old and lack `memberOf` and encryption types.
    pub(crate) async fn find_spn_holders(&self, spn: &Spn) -> Result<Vec<Account>, WorldError> {
        self.find_holders_of(std::slice::from_ref(spn)).await
    }

    /// Every account of the forest that holds one of these SPNs, a hundred SPNs in a round trip.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] where the forest has several domains and the server is no global catalog.
    pub async fn find_holders_of(&self, spns: &[Spn]) -> Result<Vec<Account>, WorldError> {
        let mut holders = self
            .holders_at(&self.server, self.naming.domain.clone(), spns)
            .await?;
        let catalog = self.naming.domains > 1;
        if catalog {
            let elsewhere = self.catalog_holders_of(spns).await?;
            holders.extend(
                elsewhere
                    .into_iter()
                    .filter(|holder| !self.is_of_domain(&holder.dn)),
            );
        }
        let asked = if catalog {
            "domain and global catalog"
        } else {
            "domain, the forest's only one"
        };
        tracing::debug!(
            spns = spns.len(),
            asked,
            holders = holders.len(),
            "searched for holders"
        );
        holders.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.dn.cmp(&b.dn)));
        Ok(holders)
    }

    /// Every account that the global catalog shows with the SPN: what a domain controller's uniqueness check sees.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] where the server is no global catalog (port 3268).
    pub async fn global_catalog_holders(&self, spn: &Spn) -> Result<Vec<Account>, WorldError> {
        self.catalog_holders_of(std::slice::from_ref(spn)).await
    }

    async fn catalog_holders_of(&self, spns: &[Spn]) -> Result<Vec<Account>, WorldError> {
        self.holders_at(&self.catalog, Dn::root(), spns).await.map_err(|error| match error.kind {
            ErrorKind::Unreachable => error.advise(
                "the forest has several domains: name a domain controller that is a global catalog (port 3268)",
            ),
            _ => error,
        })
    }

    async fn holders_at(
        &self,
        server: &Connection,
        base: Dn,
        spns: &[Spn],
    ) -> Result<Vec<Account>, WorldError> {
        let mut holders: Vec<Account> = Vec::new();
        for chunk in spns.chunks(SPNS_PER_SEARCH) {
            let equal = |spn: &Spn| Filter::equal("servicePrincipalName", spn.as_str());
            let search = Search::new(
                base.clone(),
                Scope::Subtree,
                Filter::any(chunk.iter().map(equal)),
            )
            .attributes(ACCOUNT_ATTRIBUTES.to_vec());
            let entries = server.search(&search).await;
            let of = chunk.iter().map(Spn::as_str).collect::<Vec<_>>().join(" ");
            let entries = entries.map_err(|error| {
                world_error(format!("cannot search for holders of {of}"), error)
            })?;
            for entry in &entries {
                let holder = account(entry)?;
                if !holders.iter().any(|known| known.guid == holder.guid) {
                    holders.push(holder);
                }
            }
        }
        Ok(holders)
    }

    pub(crate) async fn put_spn(&self, account: &names::Dn, spn: &Spn) -> Result<(), WorldError> {
        let change = vec![Modification::add("servicePrincipalName", [spn.as_str()])];
        let Err(error) = self
            .server
            .write(&ldap_dn(account), &Write::Modify(change))
            .await
        else {
            tracing::info!(%account, %spn, "SPN added");
            return Ok(());
        };
        if error.result_code() == Some(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS) {
            return Ok(());
        }
        let cannot = format!("cannot add SPN {spn} to {account}");
        if is_not_unique(&error) {
            return Err(self.explain_holder(cannot, error, spn).await);
        }
        Err(explain(cannot, error, write_spn(account)))
    }

    pub(crate) async fn take_spn(&self, account: &names::Dn, spn: &Spn) -> Result<(), WorldError> {
        let change = vec![Modification::delete("servicePrincipalName", [spn.as_str()])];
        let taken = self
            .server
            .write(&ldap_dn(account), &Write::Modify(change))
            .await;
        let Err(error) = taken else {
            tracing::info!(%account, %spn, "SPN removed");
            return Ok(());
        };
        // Samba answers the removal of an SPN that another account holds with a conflict.
        let may_be_absent =
            error.result_code() == Some(ResultCode::NO_SUCH_ATTRIBUTE) || is_not_unique(&error);
        if may_be_absent && !self.holds_spn(account, spn).await? {
            return Ok(());
        }
        let cannot = format!("cannot remove SPN {spn} from {account}");
        Err(explain(cannot, error, write_spn(account)))
    }

    async fn holds_spn(&self, account: &names::Dn, spn: &Spn) -> Result<bool, WorldError> {
        let entry = self
            .server
            .read(&ldap_dn(account), &["servicePrincipalName"])
            .await;
        let entry = entry
            .map_err(|error| world_error(format!("cannot read the SPNs of {account}"), error))?;
        let held = entry
            .iter()
            .flat_map(|entry| entry.texts("servicePrincipalName"));
        Ok(held
            .into_iter()
            .any(|held| held.eq_ignore_ascii_case(spn.as_str())))
    }

    async fn explain_holder(&self, cannot: String, error: Error, spn: &Spn) -> WorldError {
        let holders = self.find_spn_holders(spn).await.unwrap_or_default();
        let holders: Vec<&str> = holders.iter().map(|holder| holder.dn.as_str()).collect();
        let what = if holders.is_empty() {
            // sPNMappings: HOST stands for http, cifs and some fifty other classes.
            format!(
                "{cannot}: another account of the forest holds it, or holds HOST/… that stands for it"
            )
        } else {
            format!("{cannot}: it is held by {}", holders.join(" and "))
        };
        WorldError::new(ErrorKind::Conflict, what)
            .advise("remove it from the other account first: Kerberos needs exactly one holder")
            .caused_by(error)
    }

    fn is_of_domain(&self, dn: &names::Dn) -> bool {
        domain_part(dn.as_str()).eq_ignore_ascii_case(self.naming.domain.as_str())
    }
}

/// Windows has codes for it; Samba answers constraintViolation and says so in words.
fn is_not_unique(error: &Error) -> bool {
    windows_code(error).is_some_and(|code| NOT_UNIQUE_IN_FOREST.contains(&code))
        || error.result_code() == Some(ResultCode::CONSTRAINT_VIOLATION)
}

/// From the first `DC=` on.
fn domain_part(dn: &str) -> &str {
    let lower = dn.to_ascii_lowercase();
    let start = if lower.starts_with("dc=") {
        Some(0)
    } else {
        lower.find(",dc=").map(|comma| comma + 1)
    };
    start.and_then(|start| dn.get(start..)).unwrap_or_default()
}

fn write_spn(account: &names::Dn) -> String {
    format!(
        "grant the right Write servicePrincipalName on {account}, or run as a domain administrator"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_domain_is_not_the_domain() {
        assert_eq!(
            domain_part("CN=a,OU=b,DC=emea,DC=contoso,DC=com"),
            "DC=emea,DC=contoso,DC=com"
        );
        assert_eq!(domain_part("DC=contoso,DC=com"), "DC=contoso,DC=com");
        assert_eq!(domain_part("CN=a"), "");
    }
}
