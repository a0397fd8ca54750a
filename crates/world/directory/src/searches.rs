//! Searches over the whole domain or forest, for commands that list or look who is affected.

use ldap::{Dn, Filter, Scope, Search};
use model::inventory::Gmsa;
use model::names::{self, DnsName, SamAccountName};
use model::ports::{ErrorKind, WorldError};
use security::{AccessMask, FileTime, Guid, Sid};

use crate::ActiveDirectory;
use crate::accounts::{ALL_ATTRIBUTES, GMSA_CLASS, NAMES_PER_SEARCH, dn, gmsa, sam_account_name};
use crate::connection::Connection;
use crate::delegation::CALLERS;
use crate::error::world_error;
use crate::naming::generalized_time;

impl ActiveDirectory {
    /// DNS name of the domain.
    pub fn domain_name(&self) -> &DnsName {
        &self.naming.dns_name
    }

    /// All gMSAs of the domain, by name.
    ///
    /// # Errors
    /// Where the directory cannot be asked, or one of them is damaged.
    pub async fn gmsas(&self) -> Result<Vec<Gmsa>, WorldError> {
        let filter = Filter::equal("objectClass", GMSA_CLASS);
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
            .attributes(ALL_ATTRIBUTES.to_vec());
        let found = self.server.search(&search).await;
        let found = found.map_err(|error| world_error("cannot list the gMSAs", error))?;
        let mut gmsas = found.iter().map(gmsa).collect::<Result<Vec<_>, _>>()?;
        gmsas.sort_by(|a, b| a.account.name.cmp(&b.account.name));
        Ok(gmsas)
    }

    /// Who has one of these `sAMAccountName`s anywhere in the forest, and whether the whole forest could be asked.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn named_in_forest(
        &self,
        names: &[SamAccountName],
    ) -> Result<(Vec<(SamAccountName, names::Dn)>, bool), WorldError> {
        let mut found = self
            .named_at(&self.server, &self.naming.domain, names)
            .await?;
        if self.naming.domains == 1 || !found.is_empty() {
            return Ok((found, true));
        }
        match self.named_at(&self.catalog, &Dn::root(), names).await {
            Ok(elsewhere) => found.extend(elsewhere),
            Err(error) if error.kind == ErrorKind::Unreachable => return Ok((found, false)),
            Err(error) => return Err(error),
        }
        Ok((found, true))
    }

    async fn named_at(
        &self,
        server: &Connection,
        base: &Dn,
        names: &[SamAccountName],
    ) -> Result<Vec<(SamAccountName, names::Dn)>, WorldError> {
        let mut named = Vec::new();
        for chunk in names.chunks(NAMES_PER_SEARCH) {
            let equal = |name: &SamAccountName| Filter::equal("sAMAccountName", name.as_str());
            let any = Filter::any(chunk.iter().map(equal));
            let search = Search::new(base.clone(), Scope::Subtree, any);
            let found = server.search(&search.attributes(["sAMAccountName"])).await;
            let found =
                found.map_err(|error| world_error("cannot look for names in the forest", error))?;
            for entry in &found {
                named.push((sam_account_name(entry)?, dn(entry)?));
            }
        }
        Ok(named)
    }

    /// Accounts towards which that principal may act in users' names (resource-based delegation).
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn callable_by(&self, caller: &Sid) -> Result<Vec<names::Dn>, WorldError> {
        let search = Search::new(
            self.naming.domain.clone(),
            Scope::Subtree,
            Filter::present(CALLERS.attribute),
        );
        let found = self
            .server
            .search(&search.attributes([CALLERS.attribute]))
            .await;
        let found = found
            .map_err(|error| world_error("cannot search for resource-based delegation", error))?;
        let mut accounts = Vec::new();
        for entry in &found {
            let list = CALLERS.read(entry)?;
            let dacl = list.as_ref().and_then(|list| list.dacl());
            if dacl.is_some_and(|dacl| {
                dacl.trustees_allowed(AccessMask::CONTROL_ACCESS)
                    .contains(caller)
            }) {
                accounts.push(dn(entry)?);
            }
        }
        Ok(accounts)
    }

    /// Domain controllers that answer and do not have the object yet.
    ///
    /// # Errors
    /// Where the operator's own domain controller cannot be asked.
    pub async fn controllers_without(&self, object: &Guid) -> Result<Vec<DnsName>, WorldError> {
        let dn = Dn::from(format!("<GUID={object}>"));
        let asked = self
            .ask_all(|controller| has_object(controller, dn.clone()))
            .await?;
        let without = asked.into_iter().filter(|(_, has)| !has);
        Ok(without.map(|(name, _)| name).collect())
    }

    /// When one of these objects changed last; `None` for none.
    ///
    /// # Errors
    /// Where the directory cannot be asked.
    pub async fn changed_last(
        &self,
        objects: &[names::Dn],
    ) -> Result<Option<FileTime>, WorldError> {
        let mut last = None;
        for object in objects {
            let cannot = format!("cannot read when {object} changed");
            let entry = self.read_account(object, &["whenChanged"], &cannot).await?;
            last = last.max(entry.text("whenChanged").and_then(generalized_time));
        }
        Ok(last)
    }
}

async fn has_object(controller: &Connection, dn: Dn) -> Result<(DnsName, bool), WorldError> {
    let name = controller.server.clone();
    let found = controller.read(&dn, &["objectClass"]).await;
    let cannot = format!("cannot look for {} on {name}", dn.as_str());
    let found = found.map_err(|error| world_error(cannot, error))?;
    Ok((name, found.is_some()))
}
