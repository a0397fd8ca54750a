//! Attributes of an account that administrators choose: written in one change, all or none.

use ldap::{Attribute, Entry, Modification};
use model::names;
use model::ports::{AccountControl, ErrorKind, WorldError};
use security::{SecurityDescriptor, Sid};

use crate::ActiveDirectory;
use crate::accounts::{ldap_dn, number};
use crate::connection::Write;
use crate::delegation::explain_delegation;
use crate::objects::explain;
use crate::retrieval::RETRIEVAL;

/// What is to be set; what is not in here stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Attributes with one value as text; `None` removes it.
    pub texts: Vec<(&'static str, Option<String>)>,
    /// Bits of `userAccountControl`.
    pub controls: Vec<(AccountControl, bool)>,
    /// `msDS-SupportedEncryptionTypes`: bits to set, bits to clear.
    pub encryption_types: (u32, u32),
    /// The whole list of retrieval principals, in the place of the one there.
    pub retrieval_principals: Option<Vec<Sid>>,
}

const CONTROL: &str = "userAccountControl";
const ENCRYPTION_TYPES: &str = "msDS-SupportedEncryptionTypes";

impl ActiveDirectory {
    /// Changes what differs; no error and no change where nothing does.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Denied`], or what the directory says against a value.
    pub async fn set(&self, account: &names::Dn, settings: &Settings) -> Result<(), WorldError> {
        let cannot = format!("cannot change {account}");
        let mut attributes = vec![CONTROL, ENCRYPTION_TYPES, RETRIEVAL.attribute];
        attributes.extend(settings.texts.iter().map(|(name, _)| *name));
        let entry = self.read_account(account, &attributes, &cannot).await?;
        let changes = settings.modifications(&entry)?;
        if changes.is_empty() {
            return Ok(());
        }
        let written = self
            .server
            .write(&ldap_dn(account), &Write::Modify(changes))
            .await;
        written.map_err(|error| {
            if settings.trusts_for_delegation() {
                return explain_delegation(cannot, error, account);
            }
            let denied = format!(
                "grant the right to write these attributes of {account}, or run as a domain administrator"
            );
            explain(cannot, error, denied)
        })
    }
}

impl Settings {
    /// What differs from the entry.
    fn modifications(&self, entry: &Entry) -> Result<Vec<Modification>, WorldError> {
        let mut changes = Vec::new();
        for (name, wanted) in &self.texts {
            if entry.text(name) != wanted.as_deref() {
                changes.push(Modification::replace(*name, wanted.clone()));
            }
        }
        let control = number(entry, CONTROL).unwrap_or(0);
        let wanted = self.control(control);
        if wanted != control {
            changes.push(Modification::replace(CONTROL, [signed(wanted)]));
        }
        let (set, clear) = self.encryption_types;
        let found = number(entry, ENCRYPTION_TYPES);
        let wanted = found.unwrap_or(0) & !clear | set;
        if (set, clear) != (0, 0) && found != Some(wanted) {
            changes.push(Modification::replace(ENCRYPTION_TYPES, [signed(wanted)]));
        }
        if let Some(principals) = &self.retrieval_principals {
            let wanted = retrieval_list(principals)?;
            let found = RETRIEVAL.read(entry)?.map(|found| found.to_bytes());
            if found.as_ref() != Some(&wanted.to_bytes()) {
                changes.push(Modification::replace(
                    RETRIEVAL.attribute,
                    [wanted.to_bytes()],
                ));
            }
        }
        Ok(changes)
    }

    /// Puts them over what a new account gets anyway.
    pub(crate) fn over(&self, attributes: &mut Vec<Attribute>) -> Result<(), WorldError> {
        let entry = Entry {
            dn: ldap::Dn::root(),
            attributes: attributes.clone(),
        };
        for change in self.modifications(&entry)? {
            attributes.retain(|one| one.name() != change.attribute.name());
            if !change.attribute.values().is_empty() {
                attributes.push(change.attribute);
            }
        }
        Ok(())
    }

    fn trusts_for_delegation(&self) -> bool {
        let trusts = |(bit, _): &(AccountControl, bool)| {
            matches!(
                bit,
                AccountControl::TrustedForDelegation | AccountControl::TrustedToAuthForDelegation
            )
        };
        self.controls.iter().any(trusts)
    }

    fn control(&self, found: u32) -> u32 {
        self.controls
            .iter()
            .fold(found, |control, (bit, set)| match set {
                true => control | bit.bit(),
                false => control & !bit.bit(),
            })
    }
}

/// A list as Windows writes it.
pub(crate) fn retrieval_list(principals: &[Sid]) -> Result<SecurityDescriptor, WorldError> {
    SecurityDescriptor::for_retrieval_principals(principals).map_err(|error| {
        WorldError::new(
            ErrorKind::Conflict,
            format!("the list of principals: {error}"),
        )
        .advise("put them into one group, and name that")
        .caused_by(error)
    })
}

fn signed(bits: u32) -> String {
    bits.cast_signed().to_string()
}

#[cfg(test)]
mod tests {
    use ldap::Dn;

    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let entry = Entry {
            dn: Dn::from("CN=a"),
            attributes: vec![
                Attribute::new(CONTROL, ["4098"]),
                Attribute::new(ENCRYPTION_TYPES, ["28"]),
                Attribute::new("description", ["old"]),
            ],
        };
        let changed = |settings: &Settings| {
            let changes = settings.modifications(&entry).unwrap();
            let text = |one: &Modification| {
                let values = one.attribute.values().concat();
                format!(
                    "{}={}",
                    one.attribute.name(),
                    String::from_utf8(values).unwrap()
                )
            };
            changes.iter().map(text).collect::<Vec<_>>()
        };
        let none = Settings {
            texts: vec![("description", Some("old".into())), ("info", None)],
            controls: vec![(AccountControl::Disabled, true)],
            encryption_types: (0x18, 0),
            retrieval_principals: None,
        };
        assert_eq!(changed(&none), Vec::<String>::new());
        let all = Settings {
            texts: vec![("description", None)],
            controls: vec![(AccountControl::Disabled, false)],
            encryption_types: (0x18, 0x4),
            retrieval_principals: None,
        };
        assert_eq!(
            changed(&all),
            [
                "description=",
                "userAccountControl=4096",
                "msDS-SupportedEncryptionTypes=24"
            ]
        );
    }
}
