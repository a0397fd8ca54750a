//! All accounts of a domain or of a container below it, a page at a time: there may be a million.

use ldap::{Entry, Filter, Scope, Search};
use model::inventory::{Account, AccountClass};
use model::names;
use model::ports::WorldError;

use crate::ActiveDirectory;
use crate::accounts::{ACCOUNT_ATTRIBUTES, GMSA_CLASS, account, ldap_dn};
use crate::error::world_error;

impl ActiveDirectory {
    /// Hands out the accounts of a class, or all, in the directory's order; each page once, while the next one is
    /// fetched. Below `under`, or in the whole domain.
    ///
    /// # Errors
    /// Where the directory cannot be asked, or ends in the middle; what was handed out is right then too.
    pub async fn each_account(
        &self,
        class: Option<AccountClass>,
        under: Option<&names::Dn>,
        mut take: impl FnMut(Vec<Account>),
    ) -> Result<(), WorldError> {
        let base = under.map_or_else(|| self.naming.domain.clone(), ldap_dn);
        let cannot = format!("cannot list the accounts below {}", base.as_str());
        let search = Search::new(base, Scope::Subtree, filter(class))
            .attributes(ACCOUNT_ATTRIBUTES.to_vec());
        let mut damaged = None;
        let page = |entries: Vec<Entry>| {
            let accounts: Result<Vec<_>, _> = entries.iter().map(account).collect();
            match accounts {
                Ok(accounts) => take(accounts),
                Err(error) => drop(damaged.get_or_insert(error)),
            }
        };
        let listed = self.server.search_pages(search, page).await;
        listed.map_err(|error| world_error(cannot, error))?;
        damaged.map_or(Ok(()), Err)
    }
}

/// Computers and managed service accounts are of class user too.
fn filter(class: Option<AccountClass>) -> Filter {
    let is = |class: &str| Filter::equal("objectClass", class);
    let managed = [
        "msDS-ManagedServiceAccount",
        "msDS-DelegatedManagedServiceAccount",
    ];
    match class {
        None => is("user"),
        Some(AccountClass::Gmsa) => is(GMSA_CLASS),
        Some(AccountClass::OtherManaged) => Filter::any(managed.map(is)),
        Some(AccountClass::User) => Filter::all([is("user"), is("computer").negated()]),
        Some(AccountClass::Computer) => {
            let others = managed.into_iter().chain([GMSA_CLASS]).map(is);
            Filter::all([is("computer"), Filter::any(others).negated()])
        }
    }
}
