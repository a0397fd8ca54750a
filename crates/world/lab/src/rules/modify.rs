//! Changing an object ([MS-ADTS] 3.1.1.5.3 "Modify Operation").

use rasn_ldap::{ChangeOperation, ResultCode};

use super::refusal::Refusal;
use super::{Caller, accounts, changes, host_names, locate, passwords, uniqueness, values};
use crate::store::Store;
use crate::store::class::{self, Class};
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const PRIVILEGE_NOT_HELD: u32 = 0x522;
const MEMBER_NOT_IN_ALIAS: u32 = 0x561;
const MEMBER_IN_ALIAS: u32 = 0x562;
const VALUE_ALREADY_EXISTS: u32 = 0x2083;
const CANT_REMOVE_MISSING_ATTRIBUTE: u32 = 0x2084;
const CANT_REMOVE_MISSING_VALUE: u32 = 0x2085;
const OWNED_BY_SAM: u32 = 0x209A;
const UNWILLING: u32 = 0x2035;
const GENERAL_FAILURE: u32 = 0x1F;

// [MS-ADTS] 2.2.16 "userAccountControl Bits": ADS_UF_TRUSTED_FOR_DELEGATION and
// ADS_UF_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION.
const DELEGATION_BITS: i64 = 0x8_0000 | 0x100_0000;

/// One change of one attribute.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) operation: ChangeOperation,
    pub(crate) attribute: String,
    pub(crate) values: Vec<Vec<u8>>,
}

/// Applies all changes or none.
pub(crate) fn modify(
    caller: &Caller<'_>,
    store: &mut Store,
    name: &str,
    changes: &[Change],
) -> Result<(), Refusal> {
    let given = changes.iter().map(|change| {
        let takes_away = change.operation == ChangeOperation::Delete;
        (change.attribute.as_str(), &change.values[..], takes_away)
    });
    let located = locate::locate(store, name);
    let is_name = |refusal: &Refusal| refusal.code != ResultCode::InvalidDnSyntax;
    if located.as_ref().err().is_none_or(is_name) {
        values::check_form(store, given)?;
    }
    let id = located?;
    let Some(class) = store.get(id).map(|object| object.class) else {
        return Ok(());
    };
    for change in changes {
        changes::check_access(caller, store, id, change)?;
    }
    for change in changes {
        changes::check_writable(caller, store, id, change)?;
    }
    if let [change] = changes
        && let Some(()) = modify_membership(caller, store, id, change)?
    {
        return Ok(());
    }
    let mut planned: Vec<(Attr, Vec<Value>)> = Vec::new();
    let mut password = Password::default();
    for change in changes {
        let attribute = values::attribute(&change.attribute)?;
        if attribute == Attr::ObjectClass {
            continue; // It changes nothing, or the change was refused.
        }
        if attribute.definition().is_secret() && class.is("user") {
            password.plan(caller, change)?;
            continue;
        }
        let known = planned
            .iter()
            .position(|(planned, _)| *planned == attribute);
        let before = match known {
            Some(index) => planned.swap_remove(index).1,
            None => store
                .get(id)
                .map(|object| object.values(attribute).to_vec())
                .unwrap_or_default(),
        };
        let parsed: Result<Vec<Value>, Refusal> = change
            .values
            .iter()
            .map(|bytes| values::parse(store, attribute, bytes))
            .collect();
        let is_missing = |parsed: &Result<_, Refusal>| match parsed {
            Ok(_) => false,
            Err(refusal) => refusal.code != ResultCode::InvalidAttributeSyntax,
        };
        let parsed = match change.operation {
            ChangeOperation::Delete
                if is_missing(&parsed) && attribute == Attr::Member && !before.is_empty() =>
            {
                Err(Refusal::unwilling(MEMBER_NOT_IN_ALIAS, "member"))
            }
            ChangeOperation::Delete if is_missing(&parsed) => Err(Refusal::value(
                ResultCode::NoSuchAttribute,
                CANT_REMOVE_MISSING_VALUE,
                attribute.name(),
            )),
            _ => parsed,
        };
        planned.push((
            attribute,
            apply(change.operation, attribute, before, parsed?)?,
        ));
    }
    let control = store
        .get(id)
        .and_then(|object| object.number(Attr::UserAccountControl))
        .unwrap_or(0);
    for (attribute, new) in &planned {
        if !new.is_empty() {
            values::check_in_class(*attribute, class)?;
        }
        match (attribute, new.first().and_then(Value::to_number)) {
            (Attr::GroupType, Some(kind)) => accounts::check_group_type(kind, caller)?,
            (Attr::AccountExpires | Attr::PrimaryGroupId | Attr::GroupType, None)
                if class.may_have(*attribute) =>
            {
                return Err(Refusal::unwilling(UNWILLING, attribute.name()));
            }
            (Attr::UserAccountControl, Some(control)) => {
                accounts::check_control(class, control)?;
                accounts::check_no_trust(caller, control)?;
            }
            _ => {}
        }
        values::check_count(*attribute, class, new.len())?;
        check_delegation(caller, *attribute, new, control)?;
        uniqueness::check(caller, store, Some(id), *attribute, new)?;
        if let (Attr::UserAccountControl, Some(object)) = (attribute, store.get(id)) {
            let has_password = password.new.is_some() || object.secret.is_some();
            passwords::check_enabled(caller, store, object.class, new, has_password)?;
        }
    }
    password.apply(caller, store, id)?;
    for (attribute, new) in planned {
        host_names::follow(store, id, attribute, &new);
        store.set(id, attribute, normalized(caller, attribute, new));
        follow(store, id, attribute);
    }
    store.touch(id, caller.now);
    Ok(())
}

/// The quick way for one member of a group: groups may have a hundred thousand.
fn modify_membership(
    caller: &Caller<'_>,
    store: &mut Store,
    id: ObjectId,
    change: &Change,
) -> Result<Option<()>, Refusal> {
    let [value] = &change.values[..] else {
        return Ok(None);
    };
    if !change.attribute.eq_ignore_ascii_case("member") || change.operation != ChangeOperation::Add
    {
        return Ok(None);
    }
    let Value::Object(member) = values::parse(store, Attr::Member, value)? else {
        return Ok(None);
    };
    if let Some(group) = store.get(id) {
        values::check_in_class(Attr::Member, group.class)?;
    }
    if store.is_linked(id, Attr::Member, member) {
        return Err(Refusal::exists(MEMBER_IN_ALIAS));
    }
    store.link(id, Attr::Member, member);
    store.touch(id, caller.now);
    Ok(Some(()))
}

/// A managed account's password is the domain controller's.
pub(crate) fn check_secret_free(attribute: Attr, class: &Class) -> Result<(), Refusal> {
    if class.is(class::GMSA) && attribute.definition().is_secret() {
        return Err(Refusal::unwilling(OWNED_BY_SAM, attribute.name()));
    }
    Ok(())
}

/// Delegation wants SeEnableDelegationPrivilege ([MS-ADTS] 3.1.1.5.3.2 "Constraints", [MS-SAMR] 3.1.1.8.10).
pub(crate) fn check_delegation(
    caller: &Caller<'_>,
    attribute: Attr,
    values: &[Value],
    control_before: i64,
) -> Result<(), Refusal> {
    let control = || {
        let text = values
            .first()
            .and_then(Value::bytes)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0)
    };
    let delegates = match attribute {
        Attr::AllowedToDelegateTo => true,
        Attr::UserAccountControl => (control() ^ control_before) & DELEGATION_BITS != 0,
        _ => false,
    };
    if delegates && !caller.token.may_enable_delegation() {
        let words = "SecErr: DSID-031A1181, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0";
        return Err(Refusal::new(
            ResultCode::InsufficientAccessRights,
            PRIVILEGE_NOT_HELD,
            words,
        ));
    }
    Ok(())
}

/// The values after one change.
fn apply(
    operation: ChangeOperation,
    attribute: Attr,
    mut values: Vec<Value>,
    given: Vec<Value>,
) -> Result<Vec<Value>, Refusal> {
    let position = |values: &[Value], value: &Value| {
        values
            .iter()
            .position(|it| super::values::same(attribute, it, value))
    };
    let is_member = attribute == Attr::Member;
    let operation = match attribute {
        Attr::PwdLastSet if operation == ChangeOperation::Add => ChangeOperation::Replace,
        _ => operation,
    };
    match operation {
        ChangeOperation::Add => {
            for value in given {
                match position(&values, &value) {
                    Some(_) if is_member => return Err(Refusal::exists(MEMBER_IN_ALIAS)),
                    Some(_) => {
                        return Err(Refusal::value(
                            ResultCode::AttributeOrValueExists,
                            VALUE_ALREADY_EXISTS,
                            attribute.name(),
                        ));
                    }
                    None => values.push(value),
                }
            }
        }
        ChangeOperation::Delete if given.is_empty() => {
            if values.is_empty() {
                return Err(Refusal::value(
                    ResultCode::NoSuchAttribute,
                    CANT_REMOVE_MISSING_ATTRIBUTE,
                    attribute.name(),
                ));
            }
            values.clear();
        }
        ChangeOperation::Delete => {
            for value in given {
                match position(&values, &value) {
                    Some(index) => drop(values.remove(index)),
                    None if is_member && !values.is_empty() => {
                        return Err(Refusal::unwilling(MEMBER_NOT_IN_ALIAS, "member"));
                    }
                    None => {
                        return Err(Refusal::value(
                            ResultCode::NoSuchAttribute,
                            CANT_REMOVE_MISSING_VALUE,
                            attribute.name(),
                        ));
                    }
                }
            }
        }
        _ => {
            values.clear();
            for value in given {
                if position(&values, &value).is_some() {
                    return Err(Refusal::value(
                        ResultCode::AttributeOrValueExists,
                        VALUE_ALREADY_EXISTS,
                        attribute.name(),
                    ));
                }
                values.push(value);
            }
        }
    }
    Ok(values)
}

/// What the domain controller changes along with an attribute.
fn follow(store: &mut Store, id: ObjectId, attribute: Attr) {
    let Some(object) = store.get(id) else { return };
    let number = object.number(attribute).unwrap_or(0);
    let kind = match attribute {
        Attr::UserAccountControl => accounts::type_of_account(number),
        Attr::GroupType => accounts::type_of_group(number),
        _ => return,
    };
    let changes = object.number(Attr::SamAccountType) != Some(kind);
    store.set(id, Attr::SamAccountType, vec![Value::number(kind)]);
    if changes && attribute == Attr::UserAccountControl {
        let group = Value::number(accounts::usual_group(number));
        store.set(id, Attr::PrimaryGroupId, vec![group]);
        if let Some(critical) = accounts::is_critical(number) {
            let critical = Value::text(if critical { "TRUE" } else { "FALSE" });
            store.set(id, Attr::IsCriticalSystemObject, vec![critical]);
        }
    }
}

/// Values as they are stored: -1 in `pwdLastSet` is now, and an account is of some kind.
fn normalized(caller: &Caller<'_>, attribute: Attr, values: Vec<Value>) -> Vec<Value> {
    match (attribute, &values[..]) {
        (Attr::UserAccountControl, [value]) => {
            let control = value.to_number().unwrap_or(0);
            vec![Value::number(accounts::changed_control(control))]
        }
        (Attr::PwdLastSet, [value]) if *value == Value::number(-1) => {
            vec![Value::text(caller.now.as_ticks().to_string())]
        }
        _ => values,
    }
}

/// A change of password: a reset, or old against new.
#[derive(Default)]
struct Password {
    old: Option<zeroize::Zeroizing<Vec<u8>>>,
    new: Option<zeroize::Zeroizing<Vec<u8>>>,
    /// The new one is added beside the old one, which must be given then.
    adds: bool,
}

impl Password {
    fn plan(&mut self, caller: &Caller<'_>, change: &Change) -> Result<(), Refusal> {
        let [quoted] = &change.values[..] else {
            return Err(Refusal::unwilling(GENERAL_FAILURE, "unicodePwd"));
        };
        let password = Some(passwords::parse(caller, quoted)?);
        self.adds |= change.operation == ChangeOperation::Add;
        match change.operation {
            ChangeOperation::Delete => self.old = password,
            _ => self.new = password,
        }
        Ok(())
    }

    fn apply(self, caller: &Caller<'_>, store: &mut Store, id: ObjectId) -> Result<(), Refusal> {
        if self.adds != self.old.is_some() {
            return Err(Refusal::unwilling(
                UNWILLING,
                "one of both passwords is missing",
            ));
        }
        if let (Some(old), Some(object)) = (&self.old, store.get(id)) {
            passwords::check_old(object, old)?;
        }
        self.new
            .map_or(Ok(()), |new| passwords::set(caller, store, id, &new))
    }
}
