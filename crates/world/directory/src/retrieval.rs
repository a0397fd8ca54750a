//! Who may retrieve the managed password of a gMSA: `msDS-GroupMSAMembership`, one entry at a time.

use ldap::Modification;
use model::names;
use model::ports::{ErrorKind, WorldError};
use security::{AccessMask, SecurityDescriptor, SecurityDescriptorError, Sid};

use crate::ActiveDirectory;
use crate::accounts::ldap_dn;
use crate::connection::Write;
use crate::error::{malformed, world_error};
use crate::objects::explain;

impl ActiveDirectory {
    pub(crate) async fn grant_retrieval(
        &self,
        gmsa: &names::Dn,
        principal: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_membership(gmsa, |descriptor| {
            descriptor.grant(*principal, AccessMask::FULL_CONTROL)
        })
        .await
    }

    pub(crate) async fn take_retrieval(
        &self,
        gmsa: &names::Dn,
        principal: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_membership(gmsa, |descriptor| {
            descriptor.revoke(*principal, AccessMask::FULL_CONTROL)
        })
        .await
    }

    /// Reads, edits and writes back; `edit` tells whether it changed anything. Entries it does not touch, known or not,
    /// stay as they are. The directory has no compare-and-swap here: of two editors within milliseconds the later wins.
    async fn edit_membership(
        &self,
        gmsa: &names::Dn,
        edit: impl FnOnce(&mut SecurityDescriptor) -> Result<bool, SecurityDescriptorError>,
    ) -> Result<(), WorldError> {
        const ATTRIBUTE: &str = "msDS-GroupMSAMembership";
        let cannot = format!("cannot change who may retrieve the password of {gmsa}");
        let entry = self
            .server
            .read(&ldap_dn(gmsa), &[ATTRIBUTE])
            .await
            .map_err(|error| world_error(&cannot, error))?;
        let entry = entry.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("{cannot}: it is not there"))
        })?;
        let damaged = |error| {
            malformed(gmsa.as_str(), "its msDS-GroupMSAMembership is damaged").caused_by(error)
        };
        let mut descriptor = match entry.value(ATTRIBUTE) {
            Some(bytes) => SecurityDescriptor::from_bytes(bytes).map_err(damaged)?,
            None => SecurityDescriptor::for_retrieval_principals(&[]).map_err(damaged)?,
        };
        let impossible = |error: SecurityDescriptorError| {
            WorldError::new(ErrorKind::Conflict, format!("{cannot}: {error}")).caused_by(error)
        };
        if !edit(&mut descriptor).map_err(impossible)? {
            return Ok(());
        }
        let change = vec![Modification::replace(ATTRIBUTE, [descriptor.to_bytes()])];
        let written = self
            .server
            .write(&ldap_dn(gmsa), &Write::Modify(change))
            .await;
        let denied = format!(
            "grant the right Write {ATTRIBUTE} on {gmsa}, or run as a domain administrator"
        );
        written.map_err(|error| explain(cannot, error, denied))?;
        tracing::info!(%gmsa, "retrieval principals changed");
        Ok(())
    }
}
