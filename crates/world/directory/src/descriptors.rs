//! Security descriptors that are values of an attribute: edited one entry at a time, the others kept as they are.

use ldap::{Entry, Modification};
use model::names;
use model::ports::{ErrorKind, WorldError};
use security::{SecurityDescriptor, SecurityDescriptorError};

use crate::ActiveDirectory;
use crate::accounts::ldap_dn;
use crate::connection::Write;
use crate::error::{diagnostic, malformed, world_error};
use crate::objects::explain;

/// An attribute that holds a list of principals as a security descriptor.
pub(crate) struct Descriptor {
    pub(crate) attribute: &'static str,
    /// What changing it is called, from after "cannot" on.
    pub(crate) change: &'static str,
    /// What to do where the domain controller takes no change of it over LDAP.
    pub(crate) elsewhere: &'static str,
    /// Whether a list without entries means the same as no value.
    pub(crate) removed_when_empty: bool,
}

/// The access list of an object itself. Only its discretionary part is read and written (see [`crate::connection`]):
/// owner, group and audit rules stay, and who may not see them can work with it all the same.
pub(crate) const ACCESS_LIST: &str = "nTSecurityDescriptor";

/// Samba follows the published schema's systemOnly, Windows does not.
const SYSTEM_ONLY: &str = "can only be modified as system";

impl Descriptor {
    /// The value in an entry, `None` where it has none.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Option<SecurityDescriptor>, WorldError> {
        let value = entry.value(self.attribute);
        value
            .map(SecurityDescriptor::from_bytes)
            .transpose()
            .map_err(|error| {
                let damaged = format!("its {} is damaged", self.attribute);
                malformed(entry.dn.as_str(), &damaged).caused_by(error)
            })
    }

    /// Every object has an access list: where there is none, it is not shown.
    pub(crate) fn unreadable(&self, object: &names::Dn, cannot: &str) -> WorldError {
        let what = format!("{cannot}: its access list is not shown to this user");
        WorldError::new(ErrorKind::Denied, what).advise(format!(
            "grant Read permissions on {object}, or run as a domain administrator"
        ))
    }

    /// The list of an object that has no value of the attribute.
    fn absent(&self, object: &names::Dn, cannot: &str) -> Result<SecurityDescriptor, WorldError> {
        match self.attribute {
            ACCESS_LIST => Err(self.unreadable(object, cannot)),
            _ => SecurityDescriptor::for_retrieval_principals(&[])
                .map_err(|error| impossible(cannot, error)),
        }
    }

    /// What an operator must be granted to change it.
    fn right(&self) -> String {
        match self.attribute {
            ACCESS_LIST => "Modify permissions".to_owned(),
            attribute => format!("Write {attribute}"),
        }
    }
}

fn impossible(cannot: &str, error: SecurityDescriptorError) -> WorldError {
    WorldError::new(ErrorKind::Conflict, format!("{cannot}: {error}")).caused_by(error)
}

impl ActiveDirectory {
    /// Reads, edits and writes back; `edit` tells whether it changed anything. The directory has no compare-and-swap
    /// here: of two editors within milliseconds the later wins.
    pub(crate) async fn edit_descriptor(
        &self,
        object: &names::Dn,
        of: &Descriptor,
        edit: impl FnOnce(&mut SecurityDescriptor) -> Result<bool, SecurityDescriptorError>,
    ) -> Result<(), WorldError> {
        let cannot = format!("cannot {} {object}", of.change);
        let entry = self.server.read(&ldap_dn(object), &[of.attribute]).await;
        let entry = entry.map_err(|error| world_error(&cannot, error))?;
        let entry = entry.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("{cannot}: it is not there"))
        })?;
        let mut descriptor = match of.read(&entry)? {
            Some(descriptor) => descriptor,
            None => of.absent(object, &cannot)?,
        };
        if !edit(&mut descriptor).map_err(|error| impossible(&cannot, error))? {
            return Ok(());
        }
        let empty = descriptor.dacl().is_some_and(|dacl| dacl.aces().is_empty());
        let values = (!(empty && of.removed_when_empty)).then(|| descriptor.to_bytes());
        let change = vec![Modification::replace(of.attribute, values)];
        let written = self
            .server
            .write(&ldap_dn(object), &Write::Modify(change))
            .await;
        let denied = format!(
            "grant the right {} on {object}, or run as a domain administrator",
            of.right()
        );
        written.map_err(|error| match diagnostic(&error) {
            words if words.contains(SYSTEM_ONLY) => {
                let what = format!(
                    "{cannot}: this domain controller lets nobody write {}",
                    of.attribute
                );
                WorldError::new(ErrorKind::NotSupported, what)
                    .advise(of.elsewhere)
                    .caused_by(error)
            }
            _ => explain(cannot, error, denied),
        })?;
        tracing::info!(%object, attribute = of.attribute, "principals changed");
        Ok(())
    }
}
