//! Creates and deletes objects, and keeps group members.

use ldap::{Dn, Error, Filter, Modification, ResultCode, Scope, Search};
use model::names::{self, SamAccountName, Spn};
use model::ports::{CreatedObject, ErrorKind, NewGmsa, NewGroup, WorldError};
use security::{Guid, Sid};

use crate::ActiveDirectory;
use crate::accounts::{dn, guid, ldap_dn};
use crate::connection::Write;
use crate::error::{diagnostic, malformed, windows_code, world_error};
use crate::naming;
use crate::new_objects::{NewClass, NewObject};
use crate::settings::Settings;

/// [MS-ERREF] 2.1.1 "HRESULT Values": what a domain controller without a usable root key answers.
const NTE_NO_KEY: u32 = 0x8009_000D;

impl ActiveDirectory {
    pub(crate) async fn add_group(&self, group: &NewGroup) -> Result<CreatedObject, WorldError> {
        self.create(self.group_object(group, &[])).await
    }

    pub(crate) async fn add_gmsa(&self, gmsa: &NewGmsa) -> Result<CreatedObject, WorldError> {
        self.create_gmsa_with(gmsa, &Settings::default(), &[]).await
    }

    /// Creates a gMSA with these settings and SPNs from the beginning: one change, all or none.
    ///
    /// # Errors
    /// As [`model::ports::Directory::create_gmsa`], and what the directory says against a value.
    pub async fn create_gmsa_with(
        &self,
        gmsa: &NewGmsa,
        settings: &Settings,
        spns: &[Spn],
    ) -> Result<CreatedObject, WorldError> {
        self.create(self.gmsa_object(gmsa, settings, spns)?).await
    }

    pub(crate) async fn delete_object(&self, guid: &Guid) -> Result<(), WorldError> {
        // Found first for its name in messages, deleted by GUID: whatever bears that name by then stays.
        let by_guid = Dn::from(format!("<GUID={guid}>"));
        let failed =
            |error| world_error(format!("cannot find the object {guid} to delete it"), error);
        let Some(entry) = self
            .server
            .read(&by_guid, &["objectClass"])
            .await
            .map_err(failed)?
        else {
            return Ok(());
        };
        let deleted = self.server.write(&by_guid, &Write::Delete).await;
        let Err(error) = deleted else {
            tracing::info!(object = %entry.dn, %guid, "deleted");
            return Ok(());
        };
        if error.result_code() == Some(ResultCode::NO_SUCH_OBJECT) {
            return Ok(());
        }
        let denied = format!(
            "grant the right Delete on {}, or run as an administrator of it",
            entry.dn
        );
        Err(explain(
            format!("cannot delete {}", entry.dn),
            error,
            denied,
        ))
    }

    pub(crate) async fn put_member(
        &self,
        group: &names::Dn,
        member: &names::Dn,
    ) -> Result<(), WorldError> {
        let change = vec![Modification::add("member", [member.as_str()])];
        let Err(error) = self
            .server
            .write(&ldap_dn(group), &Write::Modify(change))
            .await
        else {
            tracing::info!(%group, %member, "member added");
            return Ok(());
        };
        match error.result_code() {
            // Active Directory says either, Samba the second.
            Some(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS | ResultCode::ENTRY_ALREADY_EXISTS) => {
                Ok(())
            }
            _ => Err(explain(
                format!("cannot add {member} to {group}"),
                error,
                write_members(group),
            )),
        }
    }

    pub(crate) async fn take_member(
        &self,
        group: &names::Dn,
        member: &names::Dn,
    ) -> Result<(), WorldError> {
        let change = vec![Modification::delete("member", [member.as_str()])];
        let Err(error) = self
            .server
            .write(&ldap_dn(group), &Write::Modify(change))
            .await
        else {
            tracing::info!(%group, %member, "member removed");
            return Ok(());
        };
        // Both answer unwillingToPerform to the removal of somebody who is no member.
        let member_gone = matches!(
            error.result_code(),
            Some(ResultCode::NO_SUCH_ATTRIBUTE | ResultCode::UNWILLING_TO_PERFORM)
        );
        if member_gone && !self.is_member(group, member).await? {
            return Ok(());
        }
        Err(explain(
            format!("cannot remove {member} from {group}"),
            error,
            write_members(group),
        ))
    }

    async fn is_member(&self, group: &names::Dn, member: &names::Dn) -> Result<bool, WorldError> {
        let is_member = Filter::equal("member", member.as_str());
        let search = Search::new(ldap_dn(group), Scope::Base, is_member).attributes(["member"]);
        let found = self.server.search(&search).await;
        Ok(!found
            .map_err(|error| world_error(format!("cannot read the members of {group}"), error))?
            .is_empty())
    }

    /// Adds an object and reads back who it is.
    async fn create(&self, object: NewObject) -> Result<CreatedObject, WorldError> {
        let new = object.dn.clone();
        let written = self
            .server
            .write(&new, &Write::Add(object.attributes))
            .await;
        match written {
            Ok(()) => tracing::info!(object = %new, "created"),
            Err(error) => {
                return Err(self
                    .explain_creation(error, &object.name, &new, object.class)
                    .await);
            }
        }
        if self.server.rehearses() {
            return nobody(&new);
        }
        let entry = self.server.read(&new, &["objectGUID", "objectSid"]).await;
        // It is there: an error from here on must not look as if nothing had happened.
        let entry = entry.map_err(|error| {
            world_error(format!("cannot read {new} back"), error).ambiguous(true)
        })?;
        let entry = entry
            .ok_or_else(|| malformed(new.as_str(), "it cannot be read back").ambiguous(true))?;
        Ok(CreatedObject {
            dn: dn(&entry)?,
            guid: guid(&entry)?,
            sid: naming::sid(&entry)?,
        })
    }

    pub(crate) async fn explain_creation(
        &self,
        error: Error,
        name: &SamAccountName,
        new: &Dn,
        class: NewClass,
    ) -> WorldError {
        let container = new.parent().unwrap_or_else(|| self.naming.domain.clone());
        let cannot = format!("cannot create {} {name} in {container}", class.term());
        let class = class.name();
        if has_no_root_key(&error) {
            let what = format!(
                "{cannot}: the domain controller has no KDS root key that it can use yet (NTE_NO_KEY)"
            );
            return WorldError::new(ErrorKind::Conflict, what)
                .advise("add a KDS root key, or wait: a new one can be used 10 hours after its effective time")
                .caused_by(error);
        }
        if is_taken(&error) {
            let holder = self.name_holder(name, new).await;
            let holder = holder.map_or_else(String::new, |holder| format!(" by {holder}"));
            return WorldError::new(
                ErrorKind::Exists,
                format!("{cannot}: the name is taken{holder}"),
            )
            .advise("choose another name, or remove that object if nothing uses it")
            .caused_by(error);
        }
        if error.result_code() == Some(ResultCode::NO_SUCH_OBJECT) {
            return WorldError::new(
                ErrorKind::NotFound,
                format!("{cannot}: there is no {container}"),
            )
            .advise("name a container that exists")
            .caused_by(error);
        }
        let denied = format!(
            "grant the right Create {class} objects on {container}, or run as a domain administrator"
        );
        explain(cannot, error, denied)
    }

    /// Who has the account name, or sits at the new object's place.
    async fn name_holder(&self, name: &SamAccountName, new: &Dn) -> Option<Dn> {
        let filter = Filter::equal("sAMAccountName", name.as_str());
        let search = Search::new(self.naming.domain.clone(), Scope::Subtree, filter)
            .attributes(["objectClass"]);
        let by_name = self.server.search(&search).await.ok()?.into_iter().next();
        match by_name {
            Some(entry) => Some(entry.dn),
            None => self
                .server
                .read(new, &["objectClass"])
                .await
                .ok()?
                .map(|entry| entry.dn),
        }
    }
}

/// What a rehearsal has of an object that is not there.
fn nobody(dn: &Dn) -> Result<CreatedObject, WorldError> {
    let unusable = |error: names::InvalidName| {
        malformed(dn.as_str(), "its name cannot be used").caused_by(error)
    };
    Ok(CreatedObject {
        dn: dn.as_str().parse().map_err(unusable)?,
        guid: Guid::from_bytes([0; Guid::LEN]),
        sid: Sid::NOBODY,
    })
}

/// Samba answers noSuchObject with the code, Windows unwillingToPerform with its name.
fn has_no_root_key(error: &Error) -> bool {
    windows_code(error) == Some(NTE_NO_KEY) || diagnostic(error).contains("NTE_NO_KEY")
}

/// Whether an add failed because of its names; for an account name Windows and Samba have several answers.
fn is_taken(error: &Error) -> bool {
    /// [MS-ERREF] 2.2 "Win32 Error Codes": ERROR_USER_EXISTS, ERROR_GROUP_EXISTS, ERROR_DS_OBJ_STRING_NAME_EXISTS.
    const TAKEN: [u32; 3] = [1316, 1318, 8305];
    error.result_code() == Some(ResultCode::ENTRY_ALREADY_EXISTS)
        || windows_code(error).is_some_and(|code| TAKEN.contains(&code))
}

/// As [`world_error`], with what is missing where the operator lacks a right.
pub(crate) fn explain(cannot: String, error: Error, denied: String) -> WorldError {
    let denies = error.result_code() == Some(ResultCode::INSUFFICIENT_ACCESS_RIGHTS);
    let world = world_error(cannot, error);
    if denies { world.advise(denied) } else { world }
}

fn write_members(group: &names::Dn) -> String {
    format!(
        "grant the right Write Members on {group}, or run as its manager or a domain administrator"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::refused;

    #[test]
    fn a_missing_root_key_is_known_in_every_servers_words() {
        for (code, diagnostic) in [
            (
                32,
                "8009000D: failed to find a suitable root key at source4/dsdb/gmsa/gkdi.c:738:gkdi_most_recently",
            ),
            (
                53,
                "8009000D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            ),
            (53, "0000200D: NTE_NO_KEY"),
        ] {
            assert!(
                has_no_root_key(&refused(ResultCode(code), diagnostic)),
                "{diagnostic}"
            );
        }
        assert!(!has_no_root_key(&refused(
            ResultCode(32),
            "00002030: NameErr: DSID-1, data 0"
        )));
    }

    #[test]
    fn a_taken_name_is_known_in_every_servers_words() {
        for (code, diagnostic) in [
            (68, "00002071: samldb: sAMAccountName 'x' already in use!"),
            (
                19,
                "00000524: UpdErr: DSID-1, problem 6005 (ENTRY_EXISTS), data 0",
            ),
        ] {
            assert!(
                is_taken(&refused(ResultCode(code), diagnostic)),
                "{diagnostic}"
            );
        }
        assert!(!is_taken(&refused(
            ResultCode(19),
            "0000202F: samldb: spn[a/b] would cause a conflict"
        )));
    }
}
