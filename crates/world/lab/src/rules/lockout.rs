//! Wrong passwords, and what comes of them ([MS-SAMR] 3.1.1.8 "Attribute Triggers for Originating Updates").

use security::FileTime;

use crate::forest::Forest;
use crate::store::Store;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

/// Counts towards a lock-out; managed accounts and computers are never locked out.
pub(crate) fn count_wrong_password(
    forest: &Forest,
    store: &mut Store,
    id: ObjectId,
    now: FileTime,
) {
    let Some(object) = store.get(id) else { return };
    let count = object.number(Attr::BadPwdCount).unwrap_or(0) + 1;
    let lockable = !object.class.is("computer");
    let now = Value::text(now.as_ticks().to_string());
    let head = store
        .resolve_text(&forest.domain)
        .and_then(|head| store.get(head));
    let threshold = head
        .and_then(|head| head.number(Attr::LockoutThreshold))
        .unwrap_or(0);
    store.set(id, Attr::BadPwdCount, vec![Value::number(count)]);
    store.set(id, Attr::BadPasswordTime, vec![now.clone()]);
    if lockable && threshold > 0 && count >= threshold {
        store.set(id, Attr::LockoutTime, vec![now]);
    }
}

/// After a right one.
pub(crate) fn forget_wrong_passwords(store: &mut Store, id: ObjectId) {
    if store
        .get(id)
        .is_some_and(|object| object.number(Attr::BadPwdCount).unwrap_or(0) != 0)
    {
        store.set(id, Attr::BadPwdCount, vec![Value::number(0)]);
    }
}
