//! Access lists of objects in the directory.

use model::inventory::{DirectoryRight, DirectoryRights};
use model::names::Dn;
use model::ports::{ErrorKind, WorldError};
use security::{Ace, SecurityDescriptor, Sid};

use super::state::{State, error};

/// Gives an object its list.
pub fn put(state: &mut State, object: &str, sddl: &str) {
    let list = SecurityDescriptor::from_sddl(sddl).unwrap();
    state.access_lists.insert(object.parse().unwrap(), list);
}

pub fn of(state: &State, principals: &[Sid]) -> DirectoryRights {
    let mut found = DirectoryRights::default();
    for (object, list) in &state.access_lists {
        for sid in principals {
            let aces = list.explicit_aces_of(sid).cloned();
            found.entries.extend(aces.map(|ace| DirectoryRight {
                object: object.clone(),
                sid: *sid,
                ace,
            }));
        }
    }
    found
}

pub fn on(state: &State, object: &Dn, principal: &Sid) -> Result<Vec<Ace>, WorldError> {
    let list = state.access_lists.get(object);
    let list = list.ok_or_else(|| missing(object))?;
    Ok(list.explicit_aces_of(principal).cloned().collect())
}

pub fn add(state: &mut State, object: &Dn, aces: &[Ace]) -> Result<(), WorldError> {
    let list = state.access_lists.get_mut(object);
    let list = list.ok_or_else(|| missing(object))?;
    for ace in aces {
        list.add(ace.clone()).unwrap();
    }
    Ok(())
}

pub fn take(state: &mut State, object: &Dn, aces: &[Ace]) -> Result<(), WorldError> {
    let list = state.access_lists.get_mut(object);
    let list = list.ok_or_else(|| missing(object))?;
    for ace in aces {
        list.take(ace).unwrap();
    }
    Ok(())
}

fn missing(object: &Dn) -> WorldError {
    error(ErrorKind::NotFound, format!("no such object: {object}"))
}
