//! Security descriptors of objects, changed in parts ([MS-ADTS] 3.1.1.3.4.1.11 "LDAP_SERVER_SD_FLAGS_OID").
//!
//! Entries for what is below an object are kept with it; the lab inherits nothing.

use security::{Ace, SecurityDescriptor};

use super::modify::Change;
use super::{Caller, locate};
use crate::store::Store;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::Attr;

/// Puts what a change of a descriptor is not about into its new value: owner and group stay as they are where only the
/// access list is written, or where it names none.
pub(crate) fn complete(
    caller: &Caller<'_>,
    store: &Store,
    name: &str,
    changes: &mut [Change],
    [owner, group, dacl]: [bool; 3],
) {
    let id = locate::locate(store, name).ok();
    let Some(object) = id.and_then(|id| store.get(id)) else {
        return;
    };
    for change in changes {
        let Some(value) = change.values.first_mut() else {
            continue;
        };
        if Attr::named(&change.attribute) != Some(Attr::NtSecurityDescriptor) {
            continue;
        }
        let Ok(new) = SecurityDescriptor::from_bytes(value) else {
            continue; // It is refused for that.
        };
        let parts = [
            owner && new.owner().is_some(),
            group && new.group().is_some(),
            dacl,
        ];
        if let Ok(whole) = of(caller, object).with_parts_of(&new, parts) {
            *value = whole.to_bytes();
        }
    }
}

/// The descriptor of an object: its own, or that of its class.
pub(crate) fn of(caller: &Caller<'_>, object: &Object) -> SecurityDescriptor {
    let own = object.bytes(Attr::NtSecurityDescriptor);
    let own = own.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
    own.unwrap_or_else(|| caller.defaults.of(object).clone())
}

/// Adds an entry, past all rules.
pub(crate) fn add(caller: &Caller<'_>, store: &mut Store, id: ObjectId, ace: Ace) {
    let whole = store.get(id).map(|object| of(caller, object));
    let Some(mut whole) = whole else { return };
    if whole.add(ace).is_ok() {
        store.set(
            id,
            Attr::NtSecurityDescriptor,
            vec![whole.to_bytes().into()],
        );
    }
}
