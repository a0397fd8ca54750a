//! What a command changes, kept to be shown: old → new, of changes that were made or would be.

use std::sync::{Mutex, PoisonError};

use ldap::Operation;
use ldap::{Attribute, Dn, Entry, Error, Modification, ModificationKind, Refusal, ResultCode};
use security::SecurityDescriptor;
use serde::Serialize;

use crate::connection::{Connection, Write};
use crate::descriptors::ACCESS_LIST;
use crate::holding::{expect, has_values, read_back};

/// One change of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The object.
    pub dn: String,
    /// What happens to it.
    pub change: ChangeKind,
    /// Its attributes that change; for a deletion none.
    pub attributes: Vec<AttributeChange>,
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is created.
    Add,
    /// Attributes of it change.
    Modify,
    /// It is deleted.
    Delete,
}

/// The values of one attribute that go and come. Descriptors are shown as SDDL, an object's access list by the entries
/// that go and come, secrets as their length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeChange {
    /// Which.
    pub attribute: String,
    /// Values that go.
    pub from: Vec<String>,
    /// Values that come.
    pub to: Vec<String>,
}

/// The changes of one command.
pub(crate) struct Recorder {
    /// Nothing is sent.
    pub(crate) rehearses: bool,
    log: Mutex<Vec<Change>>,
    expected: Mutex<Vec<(Dn, Write)>>,
}

impl Recorder {
    pub(crate) fn new(rehearses: bool) -> Self {
        Self {
            rehearses,
            log: Mutex::default(),
            expected: Mutex::default(),
        }
    }

    pub(crate) fn changes(&self) -> Vec<Change> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends the change, unless it is a rehearsal, and keeps what it was. In a rehearsal it fails where the server
    /// would for the object's or value's presence; rights and rules are not tried.
    pub(crate) async fn write(
        &self,
        server: &Connection,
        dn: &Dn,
        write: &Write,
    ) -> Result<(), Error> {
        let found = self.before(server, dn, write).await?;
        if self.rehearses {
            would_refuse(server, dn, write, found.as_ref()).await?;
        } else if let Err(error) = server.send(dn, write).await {
            read_back(server, dn, write, error).await?;
        }
        let name = found.as_ref().map_or(dn, |entry| &entry.dn);
        self.note(name, write, found.as_ref());
        Ok(())
    }

    /// What must be seen of the changes, once they have arrived everywhere.
    pub(crate) fn expected(&self) -> Vec<(Dn, Write)> {
        let expected = self.expected.lock();
        expected.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a change that was made, or would be.
    pub(crate) fn note(&self, dn: &Dn, write: &Write, before: Option<&Entry>) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(describe(dn, write, before));
        let expected = self.expected.lock();
        expect(
            &mut expected.unwrap_or_else(PoisonError::into_inner),
            dn,
            write,
        );
    }

    /// The object before, with the values that are replaced.
    async fn before(
        &self,
        server: &Connection,
        dn: &Dn,
        write: &Write,
    ) -> Result<Option<Entry>, Error> {
        let mut attributes = vec!["objectClass"];
        match write {
            Write::Add(_) if !self.rehearses => return Ok(None),
            Write::Modify(modifications) => attributes.extend(
                modifications
                    .iter()
                    .filter(|one| one.kind == ModificationKind::Replace)
                    .map(|one| one.attribute.name()),
            ),
            Write::Add(_) | Write::Delete => {}
        }
        server.read(dn, &attributes).await
    }
}

/// Fails as the server would, as far as that can be seen without writing.
async fn would_refuse(
    server: &Connection,
    dn: &Dn,
    write: &Write,
    found: Option<&Entry>,
) -> Result<(), Error> {
    match (write, found) {
        (Write::Add(_), Some(_)) => {
            return Err(refused(write, dn, ResultCode::ENTRY_ALREADY_EXISTS));
        }
        (Write::Add(_), None) => {
            let above = dn.parent().unwrap_or_else(Dn::root);
            if server.read(&above, &["objectClass"]).await?.is_none() {
                return Err(refused(write, dn, ResultCode::NO_SUCH_OBJECT));
            }
        }
        (_, None) => return Err(refused(write, dn, ResultCode::NO_SUCH_OBJECT)),
        (Write::Modify(modifications), Some(_)) => {
            for one in modifications {
                let code = match one.kind {
                    ModificationKind::Add => ResultCode::ATTRIBUTE_OR_VALUE_EXISTS,
                    ModificationKind::Delete => ResultCode::NO_SUCH_ATTRIBUTE,
                    ModificationKind::Replace => continue,
                };
                let wanted = one.kind == ModificationKind::Delete;
                if has_values(server, dn, &one.attribute).await? != wanted {
                    return Err(refused(write, dn, code));
                }
            }
        }
        (Write::Delete, Some(_)) => {}
    }
    Ok(())
}

fn refused(write: &Write, dn: &Dn, code: ResultCode) -> Error {
    let operation = match write {
        Write::Add(_) => Operation::Add,
        Write::Modify(_) => Operation::Modify,
        Write::Delete => Operation::Delete,
    };
    Error::Refused(Box::new(Refusal {
        operation,
        dn: dn.as_str().to_owned(),
        code,
        diagnostic: String::new(),
        windows: None,
        matched_dn: String::new(),
        referrals: Vec::new(),
    }))
}

fn describe(dn: &Dn, write: &Write, before: Option<&Entry>) -> Change {
    let added = |attribute: &Attribute| AttributeChange {
        attribute: attribute.name().to_owned(),
        from: Vec::new(),
        to: shown(attribute),
    };
    let changed = |one: &Modification| {
        let name = one.attribute.name();
        let old = before.map_or(&[][..], |entry| entry.values(name)).iter();
        let old = old.map(|value| show(name, value)).collect();
        let new = shown(&one.attribute);
        let (from, to) = match one.kind {
            ModificationKind::Add => (Vec::new(), new),
            ModificationKind::Delete => (new, Vec::new()),
            ModificationKind::Replace if name.eq_ignore_ascii_case(ACCESS_LIST) => {
                let old = before.and_then(|entry| entry.value(name));
                differing(old, one.attribute.values().first().map(Vec::as_slice))
            }
            ModificationKind::Replace => (old, new),
        };
        AttributeChange {
            attribute: name.to_owned(),
            from,
            to,
        }
    };
    let (change, attributes) = match write {
        Write::Add(attributes) => (ChangeKind::Add, attributes.iter().map(added).collect()),
        Write::Delete => (ChangeKind::Delete, Vec::new()),
        Write::Modify(modifications) => (
            ChangeKind::Modify,
            modifications.iter().map(changed).collect(),
        ),
    };
    Change {
        dn: dn.as_str().to_owned(),
        change,
        attributes,
    }
}

/// The entries that only one of two access lists has.
fn differing(old: Option<&[u8]>, new: Option<&[u8]>) -> (Vec<String>, Vec<String>) {
    let entries = |list: Option<&[u8]>| {
        let list = list.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
        let dacl = list.as_ref().and_then(SecurityDescriptor::dacl);
        let aces = dacl.into_iter().flat_map(|dacl| dacl.aces());
        aces.map(ToString::to_string).collect::<Vec<_>>()
    };
    let (mut from, mut to) = (entries(old), entries(new));
    let both: Vec<_> = from
        .iter()
        .filter(|ace| to.contains(ace))
        .cloned()
        .collect();
    from.retain(|ace| !both.contains(ace));
    to.retain(|ace| !both.contains(ace));
    (from, to)
}

fn shown(attribute: &Attribute) -> Vec<String> {
    let values = attribute.values().iter();
    values.map(|value| show(attribute.name(), value)).collect()
}

const SECRETS: [&str; 4] = [
    "msKds-RootKeyData",
    "msDS-ManagedPassword",
    "unicodePwd",
    "userPassword",
];

const DESCRIPTORS: [&str; 3] = [
    "msDS-GroupMSAMembership",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    ACCESS_LIST,
];

fn show(attribute: &str, value: &[u8]) -> String {
    let is = |name: &&str| attribute.eq_ignore_ascii_case(name);
    if SECRETS.iter().any(is) {
        return format!("({} secret bytes)", value.len());
    }
    if DESCRIPTORS.iter().any(is)
        && let Ok(descriptor) = SecurityDescriptor::from_bytes(value)
    {
        return descriptor.to_sddl();
    }
    match std::str::from_utf8(value) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => format!("({} bytes)", value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_shown_and_descriptors_as_text() {
        assert_eq!(show("mskds-rootkeydata", b"abc"), "(3 secret bytes)");
        let everyone = SecurityDescriptor::from_sddl("O:BAD:(A;;RP;;;WD)").unwrap();
        assert_eq!(
            show("msDS-GroupMSAMembership", &everyone.to_bytes()),
            "O:BAD:(A;;RP;;;WD)"
        );
        assert_eq!(show("description", "Grüße".as_bytes()), "Grüße");
        assert_eq!(show("msKds-KDFParam", &[0, 1]), "(2 bytes)");
    }

    #[test]
    fn a_replacement_shows_what_was_there() {
        let before = Entry {
            dn: Dn::from("CN=a"),
            attributes: vec![Attribute::new("description", ["old"])],
        };
        let write = Write::Modify(vec![
            Modification::replace("description", ["new"]),
            Modification::add("servicePrincipalName", ["http/a"]),
            Modification::delete("member", ["CN=b"]),
        ]);
        let change = describe(&before.dn, &write, Some(&before));
        let shown: Vec<_> = change
            .attributes
            .iter()
            .map(|one| (one.from.concat(), one.to.concat()))
            .collect();
        let text = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            shown,
            [text("old", "new"), text("", "http/a"), text("CN=b", "")]
        );
    }
}
