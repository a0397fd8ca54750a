//! Whether a change is there: looked at after its answer was lost, and on each domain controller.

use ldap::{Attribute, Dn, Error, Filter, Modification, ModificationKind, Scope, Search};

use crate::connection::{Connection, Write};

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
    let holds = match write {
        Write::Add(_) => server
            .read(dn, &["objectClass"])
            .await
            .map(|it| it.is_some()),
        Write::Delete => server
            .read(dn, &["objectClass"])
            .await
            .map(|it| it.is_none()),
        Write::Modify(modifications) => all_hold(server, dn, modifications).await,
    };
    match holds {
        Ok(true) => Ok(()),
        Ok(false) => Err(without_effect(error)),
        Err(_) => Err(error), // Nobody answers: its outcome stays unknown.
    }
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
                found.is_some_and(|entry| entry.values(name) == one.attribute.values())
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
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
