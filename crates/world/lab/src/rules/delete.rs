//! Deleting an object ([MS-ADTS] 3.1.1.5.5 "Delete Operation").

use rasn_ldap::ResultCode;

use super::access::{AccessCheck, DELETE, DELETE_CHILD};
use super::refusal::Refusal;
use super::{Caller, locate};
use crate::store::Store;
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const CANT_ON_NON_LEAF: u32 = 0x2015;
const CANT_DELETE: u32 = 0x2019;

/// Deletes an object, and what is below it when `tree` is asked for (LDAP_SERVER_TREE_DELETE_OID).
pub(crate) fn delete(
    caller: &Caller<'_>,
    store: &mut Store,
    name: &str,
    tree: bool,
) -> Result<(), Refusal> {
    let id = locate::locate(store, name)?;
    let mut doomed = vec![id];
    let mut next = 0;
    while let Some(above) = doomed.get(next).copied() {
        doomed.extend(store.children(above));
        next += 1;
    }
    check(caller, store, id)?;
    if doomed.len() > 1 && !tree {
        let words = "UpdErr: DSID-031A11E2, problem 6003 (CANT_ON_NON_LEAF), data 0";
        return Err(Refusal::new(
            ResultCode::NotAllowedOnNonLeaf,
            CANT_ON_NON_LEAF,
            words,
        ));
    }
    for below in doomed.iter().skip(1) {
        check(caller, store, *below)?;
    }
    doomed.into_iter().rev().for_each(|id| store.remove(id));
    Ok(())
}

fn check(caller: &Caller<'_>, store: &Store, id: ObjectId) -> Result<(), Refusal> {
    let Some(object) = store.get(id) else {
        return Ok(());
    };
    let Some(parent) = object.parent.and_then(|parent| store.get(parent)) else {
        return Err(Refusal::unwilling(
            CANT_DELETE,
            "the head of a naming context",
        ));
    };
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    if !access.allows(object, DELETE) && !access.allows(parent, DELETE_CHILD) {
        return Err(Refusal::access_denied());
    }
    if object.text(Attr::IsCriticalSystemObject) == Some("TRUE") {
        return Err(Refusal::unwilling(CANT_DELETE, "a critical system object"));
    }
    Ok(())
}
