//! Delegation: to which services an account may act in users' names, and who may towards it.

use ldap::{Entry, Error, Modification, ResultCode};
use model::names::{self, Spn};
use model::ports::{AccountControl, Delegation, ErrorKind, WorldError};
use security::{AccessMask, Sid};

use crate::ActiveDirectory;
use crate::accounts::{ldap_dn, number, parsed};
use crate::connection::Write;
use crate::descriptors::Descriptor;
use crate::error::world_error;
use crate::objects::explain;

/// Resource-based delegation ([MS-ADA2] 2.219 "msDS-AllowedToActOnBehalfOfOtherIdentity").
pub(crate) const CALLERS: Descriptor = Descriptor {
    attribute: "msDS-AllowedToActOnBehalfOfOtherIdentity",
    change: "change who may delegate to",
    elsewhere: "Samba changes it with its own tool only: samba-tool delegation add-principal, on the domain controller",
    removed_when_empty: true,
};

/// [MS-ADA2] 2.218 "msDS-AllowedToDelegateTo".
const SERVICES: &str = "msDS-AllowedToDelegateTo";

impl ActiveDirectory {
    pub(crate) async fn read_delegation(
        &self,
        account: &names::Dn,
    ) -> Result<Delegation, WorldError> {
        let attributes = ["userAccountControl", SERVICES, CALLERS.attribute];
        let cannot = format!("cannot read the delegation of {account}");
        delegation(&self.read_account(account, &attributes, &cannot).await?)
    }

    pub(crate) async fn put_service(
        &self,
        account: &names::Dn,
        service: &Spn,
    ) -> Result<(), WorldError> {
        let change = vec![Modification::add(SERVICES, [service.as_str()])];
        let added = self
            .server
            .write(&ldap_dn(account), &Write::Modify(change))
            .await;
        match added {
            Ok(()) => tracing::info!(%account, %service, "delegation to a service allowed"),
            Err(error) if error.result_code() == Some(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS) => {}
            Err(error) => {
                let cannot = format!("cannot allow {account} to delegate to {service}");
                return Err(explain_delegation(cannot, error, account));
            }
        }
        Ok(())
    }

    pub(crate) async fn take_service(
        &self,
        account: &names::Dn,
        service: &Spn,
    ) -> Result<(), WorldError> {
        let change = vec![Modification::delete(SERVICES, [service.as_str()])];
        let removed = self
            .server
            .write(&ldap_dn(account), &Write::Modify(change))
            .await;
        match removed {
            Ok(()) => tracing::info!(%account, %service, "delegation to a service revoked"),
            Err(error) if error.result_code() == Some(ResultCode::NO_SUCH_ATTRIBUTE) => {}
            Err(error) => {
                let cannot = format!("cannot revoke {account}'s delegation to {service}");
                return Err(explain_delegation(cannot, error, account));
            }
        }
        Ok(())
    }

    pub(crate) async fn grant_caller(
        &self,
        account: &names::Dn,
        caller: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_descriptor(account, &CALLERS, |descriptor| {
            descriptor.grant(*caller, AccessMask::FULL_CONTROL)
        })
        .await
    }

    pub(crate) async fn take_caller(
        &self,
        account: &names::Dn,
        caller: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_descriptor(account, &CALLERS, |descriptor| {
            descriptor.revoke(*caller, AccessMask::FULL_CONTROL)
        })
        .await
    }
}

/// Reads the bits, the services and the callers.
fn delegation(entry: &Entry) -> Result<Delegation, WorldError> {
    let control = number(entry, "userAccountControl").unwrap_or(0);
    let has = |bit: AccountControl| control & bit.bit() != 0;
    let mut services: Vec<Spn> = parsed(entry, SERVICES);
    services.sort();
    let descriptor = CALLERS.read(entry)?;
    let dacl = descriptor.as_ref().and_then(|descriptor| descriptor.dacl());
    // What a domain controller asks for before it lets somebody act towards the account.
    let mut callers = dacl.map_or_else(Vec::new, |dacl| {
        dacl.trustees_allowed(AccessMask::CONTROL_ACCESS)
    });
    callers.sort();
    Ok(Delegation {
        unconstrained: has(AccountControl::TrustedForDelegation),
        protocol_transition: has(AccountControl::TrustedToAuthForDelegation),
        not_delegated: has(AccountControl::NotDelegated),
        services,
        callers,
        other_entries: dacl.is_some_and(|dacl| !dacl.is_plain_allow_list()),
    })
}

/// As [`explain`]; delegation is a privilege beside the right to write.
pub(crate) fn explain_delegation(cannot: String, error: Error, account: &names::Dn) -> WorldError {
    let denied = format!(
        "trusting accounts for delegation needs the user right \"Enable computer and user accounts to be trusted for \
         delegation\" (SeEnableDelegationPrivilege) on the domain controllers, which the Default Domain Controllers \
         Policy gives to Administrators, beside the right to write to {account}: run as a domain administrator"
    );
    explain(cannot, error, denied)
}

impl ActiveDirectory {
    /// An object that must be there.
    pub(crate) async fn read_account(
        &self,
        account: &names::Dn,
        attributes: &[&str],
        cannot: &str,
    ) -> Result<Entry, WorldError> {
        let entry = self.server.read(&ldap_dn(account), attributes).await;
        let entry = entry.map_err(|error| world_error(cannot, error))?;
        entry.ok_or_else(|| {
            WorldError::new(ErrorKind::NotFound, format!("{cannot}: it is not there"))
                .advise("look at its name: gmsactl account show finds it by sAMAccountName")
        })
    }
}

#[cfg(test)]
mod tests {
    use ldap::{Attribute, Dn};
    use security::SecurityDescriptor;

    use super::*;

    #[test]
    fn what_the_plain_list_does_not_say_is_told() {
        let read = |sddl: &str| {
            let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
            let entry = Entry {
                dn: Dn::from("CN=a"),
                attributes: vec![
                    Attribute::new("userAccountControl", ["17305600"]), // 0x1081000
                    Attribute::new(SERVICES, ["http/b", "http/a"]),
                    Attribute::new(CALLERS.attribute, [descriptor.to_bytes()]),
                ],
            };
            delegation(&entry).unwrap()
        };
        let plain = read("O:BAD:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)");
        assert!(plain.protocol_transition && plain.unconstrained && !plain.not_delegated);
        assert_eq!(plain.services.first().unwrap().as_str(), "http/a");
        assert_eq!(plain.callers, [Sid::LOCAL_SYSTEM]);
        assert!(!plain.other_entries);
        assert!(read("O:BAD:(D;;CR;;;AN)(A;;CR;;;SY)").other_entries);
    }
}
