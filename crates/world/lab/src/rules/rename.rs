//! Renaming and moving an object ([MS-ADTS] 3.1.1.5.4 "Modify DN").

use super::access::{AccessCheck, CREATE_CHILD, DELETE, DELETE_CHILD};
use super::refusal::Refusal;
use super::{Caller, add, locate};
use crate::store::Store;
use crate::store::dn;
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const OBJECT_NAME_EXISTS: u32 = 0x2071;
const CANT_MOVE: u32 = 0x206A;

/// Gives an object another relative name, another container, or both.
pub(crate) fn rename(
    caller: &Caller<'_>,
    store: &mut Store,
    name: &str,
    new_rdn: &str,
    new_superior: Option<&str>,
) -> Result<(), Refusal> {
    let id = locate::locate(store, name)?;
    let parts = dn::parse(new_rdn).ok_or_else(Refusal::bad_dn)?;
    let [rdn] = &parts[..] else {
        return Err(Refusal::bad_dn());
    };
    let object = store
        .get(id)
        .ok_or_else(|| Refusal::no_such_object(String::new()))?;
    let before = object
        .parent
        .ok_or_else(|| Refusal::unwilling(CANT_MOVE, "the head of a naming context"))?;
    if rdn.attribute != object.rdn.attribute {
        return Err(Refusal::unwilling(CANT_MOVE, "another naming attribute"));
    }
    let parent = new_superior.map_or(Ok(before), |superior| locate::locate(store, superior))?;
    if parent != before {
        add::check_place(store, parent, object.class)?;
    }
    if store.is_below(parent, id) || store.context_of(parent) != store.context_of(id) {
        return Err(Refusal::unwilling(
            CANT_MOVE,
            "into itself or another naming context",
        ));
    }
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    let from = store
        .get(before)
        .is_some_and(|before| access.allows(before, DELETE_CHILD));
    let leaves = parent == before || from || access.allows(object, DELETE);
    let arrives = parent == before
        || store
            .get(parent)
            .is_some_and(|parent| access.allows(parent, CREATE_CHILD));
    if !(access.may_write(object, Attr::Name) && leaves && arrives) {
        return Err(Refusal::access_denied());
    }
    if store.child(parent, rdn).is_some_and(|there| there != id) {
        return Err(Refusal::exists(OBJECT_NAME_EXISTS));
    }
    store.rename(id, parent, rdn.clone());
    store.touch(id, caller.now);
    Ok(())
}
