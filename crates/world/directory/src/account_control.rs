//! The state of an account: bits of `userAccountControl`, and its encryption types.

use ldap::Modification;
use model::names;
use model::ports::{AccountControl, WorldError};

use crate::ActiveDirectory;
use crate::accounts::{ldap_dn, number};
use crate::connection::Write;
use crate::delegation::explain_delegation;
use crate::error::malformed;
use crate::objects::explain;

const CONTROL: &str = "userAccountControl";
const ENCRYPTION_TYPES: &str = "msDS-SupportedEncryptionTypes";

impl ActiveDirectory {
    /// Reads the bits and writes them back with the one changed: of two editors within milliseconds the later wins.
    pub(crate) async fn put_control(
        &self,
        account: &names::Dn,
        bit: AccountControl,
        set: bool,
    ) -> Result<(), WorldError> {
        let cannot = format!("cannot {} {account}", change(bit, set));
        let entry = self.read_account(account, &[CONTROL], &cannot).await?;
        let found = number(&entry, CONTROL)
            .ok_or_else(|| malformed(account.as_str(), "its userAccountControl is missing"))?;
        let wanted = if set {
            found | bit.bit()
        } else {
            found & !bit.bit()
        };
        if wanted == found {
            return Ok(());
        }
        let value = wanted.cast_signed().to_string();
        let written = Write::Modify(vec![Modification::replace(CONTROL, [value])]);
        let written = self.server.write(&ldap_dn(account), &written).await;
        written.map_err(|error| match bit {
            AccountControl::TrustedForDelegation | AccountControl::TrustedToAuthForDelegation => {
                explain_delegation(cannot, error, account)
            }
            AccountControl::Disabled | AccountControl::NotDelegated => {
                explain(cannot, error, may_write(account, CONTROL))
            }
        })?;
        tracing::info!(%account, ?bit, set, "account control changed");
        Ok(())
    }

    pub(crate) async fn put_encryption_types(
        &self,
        account: &names::Dn,
        types: Option<u32>,
    ) -> Result<(), WorldError> {
        let cannot = format!("cannot change the encryption types of {account}");
        let entry = self
            .read_account(account, &[ENCRYPTION_TYPES], &cannot)
            .await?;
        if number(&entry, ENCRYPTION_TYPES) == types {
            return Ok(());
        }
        let value = types.map(|types| types.cast_signed().to_string());
        let written = Write::Modify(vec![Modification::replace(ENCRYPTION_TYPES, value)]);
        let written = self.server.write(&ldap_dn(account), &written).await;
        written.map_err(|error| explain(cannot, error, may_write(account, ENCRYPTION_TYPES)))?;
        tracing::info!(%account, ?types, "encryption types changed");
        Ok(())
    }
}

fn change(bit: AccountControl, set: bool) -> &'static str {
    match (bit, set) {
        (AccountControl::Disabled, true) => "disable",
        (AccountControl::Disabled, false) => "enable",
        (AccountControl::NotDelegated, true) => "mark as sensitive",
        (AccountControl::NotDelegated, false) => "unmark as sensitive",
        (AccountControl::TrustedForDelegation, true) => "trust for unconstrained delegation",
        (AccountControl::TrustedForDelegation, false) => "end the unconstrained delegation of",
        (AccountControl::TrustedToAuthForDelegation, true) => "allow protocol transition to",
        (AccountControl::TrustedToAuthForDelegation, false) => "end the protocol transition of",
    }
}

fn may_write(account: &names::Dn, attribute: &str) -> String {
    format!("grant the right Write {attribute} on {account}, or run as a domain administrator")
}
