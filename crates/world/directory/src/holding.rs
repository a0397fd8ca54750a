//! Whether a change is there: looked at after its answer was lost, and on each domain controller.

use ldap::{
    Attribute, Dn, Error, Filter, Modification, ModificationKind, ResultCode, Scope, Search,
};

use security::{Ace, SecurityDescriptor};

use crate::connection::{Connection, Write};
use crate::descriptors::ACCESS_LIST;

/// Where an answer was lost, looks whether the change is there; then it is as good as answered.
pub(crate) async fn read_back(
    server: &Connection,
    dn: &Dn,
    write: &Write,
    error: Error,
) -> Result<(), Error> {
    if !error.is_ambiguous() {
        return Err(error);
    }
    tracing::warn!(object = %dn, %error, "the answer was lost: reading back");
    match holds(server, dn, write).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(without_effect(error)),
        Err(_) => Err(error), // Nobody answers: its outcome stays unknown.
    }
}

/// Whether a server shows the change.
pub(crate) async fn holds(server: &Connection, dn: &Dn, write: &Write) -> Result<bool, Error> {
    match write {
        Write::Add(_) => is_there(server, dn).await,
        Write::Delete => is_there(server, dn).await.map(|there| !there),
        Write::Modify(modifications) => match all_hold(server, dn, modifications).await {
            Err(error) if error.result_code() == Some(ResultCode::NO_SUCH_OBJECT) => Ok(false),
            answer => answer,
        },
    }
}

async fn is_there(server: &Connection, dn: &Dn) -> Result<bool, Error> {
    Ok(server.read(dn, &["objectClass"]).await?.is_some())
}

async fn all_hold(
    server: &Connection,
    dn: &Dn,
    modifications: &[Modification],
) -> Result<bool, Error> {
    for one in modifications {
        let holds = match one.kind {
            ModificationKind::Add => has_values(server, dn, &one.attribute).await?,
            ModificationKind::Delete => !has_values(server, dn, &one.attribute).await?,
            ModificationKind::Replace => {
                let name = one.attribute.name();
                let found = server.read(dn, &[name]).await?;
                found.is_some_and(|entry| same(name, entry.values(name), one.attribute.values()))
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether these are the values that were written. Of an access list, whose form is the domain controller's, the entries
/// that are not inherited count.
fn same(attribute: &str, found: &[Vec<u8>], written: &[Vec<u8>]) -> bool {
    let own = |values: &[Vec<u8>]| {
        let list = SecurityDescriptor::from_bytes(values.first()?).ok()?;
        let aces = list.dacl()?.aces().iter();
        let mut own: Vec<_> = aces.filter(|ace| !ace.is_inherited()).cloned().collect();
        own.sort_by_cached_key(Ace::to_string);
        Some(own)
    };
    found == written || (attribute.eq_ignore_ascii_case(ACCESS_LIST) && own(found) == own(written))
}

/// Whether the object has all these values: asked one by one, for a group may have a hundred thousand.
pub(crate) async fn has_values(
    server: &Connection,
    dn: &Dn,
    attribute: &Attribute,
) -> Result<bool, Error> {
    let values = attribute.values().iter();
    let all = Filter::all(values.map(|value| Filter::equal(attribute.name(), value.clone())));
    let search = Search::new(dn.clone(), Scope::Base, all).attributes(["objectClass"]);
    Ok(!server.search(&search).await?.is_empty())
}

/// The same error, with its outcome known: nothing was changed.
fn without_effect(error: Error) -> Error {
    match error {
        Error::Timeout {
            operation, after, ..
        } => Error::Timeout {
            operation,
            after,
            ambiguous: false,
        },
        Error::Closed {
            operation, detail, ..
        } => Error::Closed {
            operation,
            ambiguous: false,
            detail,
        },
        Error::Protocol {
            operation, detail, ..
        } => Error::Protocol {
            operation,
            ambiguous: false,
            detail,
        },
        other => other,
    }
}

/// Adds a change to what must be seen in the end, and takes out what it makes void of earlier ones.
pub(crate) fn expect(expected: &mut Vec<(Dn, Write)>, dn: &Dn, write: &Write) {
    let same = |earlier: &Dn| earlier.as_str().eq_ignore_ascii_case(dn.as_str());
    match write {
        Write::Add(_) | Write::Delete => expected.retain(|(earlier, _)| !same(earlier)),
        Write::Modify(new) => {
            for (_, earlier) in expected.iter_mut().filter(|(earlier, _)| same(earlier)) {
                if let Write::Modify(old) = earlier {
                    old.retain(|old| !new.iter().any(|new| overrides(new, old)));
                }
            }
        }
    }
    expected.push((dn.clone(), write.clone()));
}

fn overrides(new: &Modification, old: &Modification) -> bool {
    let (new_values, old_values) = (new.attribute.values(), old.attribute.values());
    let whole = |one: &Modification| {
        one.kind == ModificationKind::Replace || one.attribute.values().is_empty()
    };
    new.attribute
        .name()
        .eq_ignore_ascii_case(old.attribute.name())
        && (whole(new) || whole(old) || new_values.iter().any(|value| old_values.contains(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_hold_in_the_end_is_expected() {
        let mut expected = Vec::new();
        let mut change = |dn: &str, one: Modification| {
            expect(&mut expected, &Dn::from(dn), &Write::Modify(vec![one]));
        };
        change("CN=a", Modification::replace("description", ["one"]));
        change("CN=a", Modification::add("member", ["CN=b"]));
        change("CN=a", Modification::add("member", ["CN=c"]));
        change(
            "CN=b",
            Modification::delete("servicePrincipalName", ["http/x"]),
        );
        change("cn=A", Modification::replace("Description", ["two"]));
        change("CN=a", Modification::delete("member", ["CN=b"]));
        let left: Vec<_> = expected
            .iter()
            .flat_map(|(_, write)| match write {
                Write::Modify(changes) => changes.as_slice(),
                _ => &[],
            })
            .map(|one| String::from_utf8(one.attribute.values().concat()).unwrap())
            .collect();
        assert_eq!(left, ["CN=c", "http/x", "two", "CN=b"]);
        expect(&mut expected, &Dn::from("CN=A"), &Write::Delete);
        assert_eq!(expected.len(), 2, "the other object's, and that it is gone");
    }
}
