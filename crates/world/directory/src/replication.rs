//! Whether every domain controller shows what was changed.

use ldap::{Dn, Error};
use model::names::DnsName;
use model::ports::WorldError;

use crate::ActiveDirectory;
use crate::connection::{Connection, Write};
use crate::error::world_error;
use crate::holding::holds;

impl ActiveDirectory {
    /// Every writable domain controller of the domain, and what it does not show yet of the changes since
    /// [`ActiveDirectory::recording`]; `None` where it shows them all. One that cannot be asked is late too.
    ///
    /// # Errors
    /// Where the operator's own domain controller cannot be asked.
    pub async fn late_controllers(&self) -> Result<Vec<(DnsName, Option<String>)>, WorldError> {
        let expected = self.server.expected();
        let asked = self
            .ask_each(|controller| first_missing(controller, &expected))
            .await?;
        let late = |(name, answer): (DnsName, Result<Option<String>, WorldError>)| {
            (name, answer.unwrap_or_else(|error| Some(error.to_string())))
        };
        Ok(asked.into_iter().map(late).collect())
    }
}

async fn first_missing(
    controller: &Connection,
    expected: &[(Dn, Write)],
) -> Result<Option<String>, WorldError> {
    let cannot = |error: Error| {
        world_error(
            format!("cannot ask {} for the change", controller.server),
            error,
        )
    };
    for (dn, write) in expected {
        if !holds(controller, dn, write).await.map_err(cannot)? {
            let what = match write {
                Write::Add(_) => "it does not have",
                Write::Modify(_) => "it does not show the change of",
                Write::Delete => "it still has",
            };
            return Ok(Some(format!("{what} {}", dn.as_str())));
        }
    }
    Ok(None)
}
