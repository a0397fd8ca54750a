//! What a change of an attribute may not do, before its values are put beside the others.

use rasn_ldap::{ChangeOperation, ResultCode};

use super::access::AccessCheck;
use super::modify::Change;
use super::refusal::Refusal;
use super::{Caller, accounts, uniqueness, values};
use crate::store::Store;
use crate::store::class::{self, Class};
use crate::store::object::{ObjectId, Value};
use crate::store::schema::{Attr, forward_link};

// [MS-ERREF] 2.2 "Win32 Error Codes".
const CANT_ON_RDN: u32 = 0x2016;
const UNWILLING: u32 = 0x2035;
const ILLEGAL_MOD_OPERATION: u32 = 0x2077;
const VALUE_ALREADY_EXISTS: u32 = 0x2083;
const CANT_REMOVE_MISSING_VALUE: u32 = 0x2085;
const CANT_MOD_SYSTEM_ONLY: u32 = 0x20B1;

/// Who may not write an attribute learns nothing else.
pub(crate) fn check_access(
    caller: &Caller<'_>,
    store: &Store,
    id: ObjectId,
    change: &Change,
) -> Result<(), Refusal> {
    let missing = || Refusal::no_such_object(String::new());
    let object = store.get(id).ok_or_else(missing)?;
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    let attribute = values::attribute(&change.attribute).unwrap_or(Attr::Info);
    // Nobody may reset the password of a managed account, whose class's default descriptor denies it, or of what is no
    // account.
    let has_none = object.class.is(class::GMSA) || !object.class.is("user");
    let resets = has_none
        && attribute.definition().is_secret()
        && change.operation != ChangeOperation::Delete;
    match access.may_write(object, attribute) && !resets {
        true => Ok(()),
        false => Err(Refusal::access_denied()),
    }
}

/// What a change may not touch, whoever asks.
pub(crate) fn check_writable(
    caller: &Caller<'_>,
    store: &Store,
    id: ObjectId,
    change: &Change,
) -> Result<(), Refusal> {
    let attribute = values::attribute(&change.attribute)?;
    let missing = || Refusal::no_such_object(String::new());
    let object = store.get(id).ok_or_else(missing)?;
    match attribute {
        Attr::ObjectClass => return check_object_class(object.class, change),
        Attr::IsCriticalSystemObject | Attr::SamAccountType => {
            return Err(Refusal::unwilling(UNWILLING, attribute.name()));
        }
        _ if forward_link(attribute).is_some() => {
            return Err(Refusal::unwilling(UNWILLING, attribute.name()));
        }
        Attr::Name => return Err(cant_on_rdn()),
        _ if object.rdn.attribute.eq_ignore_ascii_case(attribute.name()) => {
            return Err(cant_on_rdn());
        }
        _ => {}
    }
    let puts = match change.operation {
        ChangeOperation::Add => true,
        ChangeOperation::Delete => false,
        _ => !change.values.is_empty(),
    };
    let count = || values::check_count(attribute, object.class, change.values.len());
    if puts && attribute == Attr::SamAccountName {
        count()?;
    }
    match puts {
        true => check_account(caller, store, id, attribute, change)?,
        false => accounts::check_kept(attribute)?,
    }
    if attribute.definition().is_system_only() {
        return Err(Refusal::constraint(CANT_MOD_SYSTEM_ONLY, attribute.name()));
    }
    match puts {
        true => values::check_in_class(attribute, object.class).and_then(|()| count()),
        false => Ok(()),
    }
}

fn cant_on_rdn() -> Refusal {
    let words = "UpdErr: problem 6004 (CANT_ON_RDN), data 0";
    Refusal::new(ResultCode::NotAllowedOnRdn, CANT_ON_RDN, words)
}

/// Changes that the account manager refuses whatever else is wrong.
fn check_account(
    caller: &Caller<'_>,
    store: &Store,
    id: ObjectId,
    attribute: Attr,
    change: &Change,
) -> Result<(), Refusal> {
    let given: Vec<Value> = change.values.iter().cloned().map(Value::from).collect();
    let number = given.first().and_then(Value::to_number);
    let before = store.get(id).and_then(|object| object.number(attribute));
    match (attribute, number, before) {
        (Attr::UserAccountControl, Some(control), Some(_)) => {
            let class = store.get(id).map(|object| object.class);
            class.map_or(Ok(()), |class| accounts::check_control(class, control))
        }
        (Attr::PwdLastSet, Some(time), _) => accounts::check_password_time(time),
        (Attr::GroupType, Some(kind), Some(before)) => {
            accounts::check_group_type(kind, caller)?;
            accounts::check_group_change(before, kind)
        }
        (Attr::PrimaryGroupId, Some(rid), Some(_)) => accounts::check_primary_group(store, id, rid),
        (Attr::SamAccountName, ..) => uniqueness::check(caller, store, Some(id), attribute, &given),
        _ => Ok(()),
    }
}

/// The class of an object stays what it is: a change may only say so again.
fn check_object_class(class: &Class, change: &Change) -> Result<(), Refusal> {
    let names = change
        .values
        .iter()
        .filter_map(|name| std::str::from_utf8(name).ok());
    if !names.clone().all(Class::is_known) {
        return Err(Refusal::unknown_attribute());
    }
    let has = |name: &str| class.chain.iter().any(|it| it.eq_ignore_ascii_case(name));
    let refused = |code, windows| Err(Refusal::value(code, windows, "objectClass"));
    match change.operation {
        ChangeOperation::Replace if Class::most_specific(names.clone()) == Some(class) => Ok(()),
        ChangeOperation::Add if names.clone().any(has) => {
            refused(ResultCode::AttributeOrValueExists, VALUE_ALREADY_EXISTS)
        }
        ChangeOperation::Delete if !names.clone().all(has) => {
            refused(ResultCode::NoSuchAttribute, CANT_REMOVE_MISSING_VALUE)
        }
        _ => Err(Refusal::object_class(ILLEGAL_MOD_OPERATION, "objectClass")),
    }
}
