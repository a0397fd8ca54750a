//! Adding an object ([MS-ADTS] 3.1.1.5.2 "Add Operation").

use rasn_ldap::ResultCode;
use security::{Guid, Sid};

use super::access::{AccessCheck, CREATE_CHILD};
use super::modify::{check_delegation, check_secret_free};
use super::refusal::Refusal;
use super::{Caller, accounts, gmsa, locate, passwords, uniqueness, values};
use crate::random;
use crate::store::Store;
use crate::store::class::{self, Class};
use crate::store::dn;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::{Attr, forward_link};

// [MS-ERREF] 2.2 "Win32 Error Codes".
const OBJECT_NAME_EXISTS: u32 = 0x2071;
const MISSING_REQUIRED_ATTRIBUTE: u32 = 0x207C;
const OBJECT_CLASS_VIOLATION: u32 = 0x2014;
const NAMING_VIOLATION: u32 = 0x2037;
const UNWILLING: u32 = 0x2035;
const CONSTRUCTED: u32 = 0x200C;
const SINGLE_VALUE: u32 = 0x2081;
const CANT_MOD_SYSTEM_ONLY: u32 = 0x20B1;

/// What a client wants to be added.
pub(crate) type NewAttributes = Vec<(String, Vec<Vec<u8>>)>;

/// Adds an object; it is there completely or not at all.
pub(crate) fn add(
    caller: &Caller<'_>,
    store: &mut Store,
    name: &str,
    given: &NewAttributes,
) -> Result<ObjectId, Refusal> {
    let parts = dn::parse(name)
        .filter(|parts| !parts.is_empty())
        .ok_or_else(Refusal::bad_dn)?;
    let form = given
        .iter()
        .map(|(name, values)| (name.as_str(), &values[..], false));
    values::check_form(store, form)?;
    let rdn = parts.first().ok_or_else(Refusal::bad_dn)?;
    let parent = locate::locate_parent(store, name, &parts)?;
    let class = class_of(given)?;
    if !rdn.attribute.eq_ignore_ascii_case(class.rdn) {
        return Err(naming_violation());
    }
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    if !store
        .get(parent)
        .is_some_and(|parent| access.allows(parent, CREATE_CHILD))
    {
        return Err(Refusal::access_denied());
    }
    check_place(store, parent, class)?;
    check_rdn(class, rdn, given)?;
    let mut attributes = parse_all(caller, store, class, given)?;
    let wanted: Vec<Attr> = attributes.iter().map(|(attribute, _)| *attribute).collect();
    let password = attributes
        .iter()
        .position(|(attribute, _)| attribute.definition().is_secret());
    let password = password.map(|index| attributes.swap_remove(index).1);
    let password = password
        .as_deref()
        .and_then(|values| values.first()?.bytes());
    let password = password
        .map(|quoted| passwords::parse(caller, quoted))
        .transpose()?;
    complete(caller, store, class, &mut attributes)?;
    let there = store.child(parent, rdn);
    attributes.sort_by_key(|(attribute, _)| *attribute == Attr::SamAccountName);
    for (attribute, values) in &attributes {
        uniqueness::check(caller, store, there, *attribute, values)?;
    }
    if wanted.contains(&Attr::ObjectGuid) {
        return Err(Refusal::unwilling(UNWILLING, "objectGUID"));
    }
    if there.is_some() {
        return Err(Refusal::exists(OBJECT_NAME_EXISTS));
    }
    check_class(class, &wanted)?;
    let control = attributes
        .iter()
        .find(|(attribute, _)| *attribute == Attr::UserAccountControl);
    if let Some((_, control)) = control {
        passwords::check_enabled(caller, store, class, control, password.is_some())?;
    }

    let id = store.insert(
        parent,
        rdn.clone(),
        class,
        Guid::from_bytes(random::bytes()),
    );
    let must_change =
        number(&attributes, Attr::PwdLastSet) == Some(0) && wanted.contains(&Attr::PwdLastSet);
    for (attribute, values) in attributes {
        store.set(id, attribute, values);
    }
    if let Some(utf8) = password
        && let Err(refusal) = passwords::set(caller, store, id, &utf8)
    {
        store.remove(id);
        return Err(refusal);
    }
    if must_change {
        store.set(id, Attr::PwdLastSet, vec![Value::number(0)]);
    }
    if class.is(class::GMSA) {
        gmsa::keep_salt(caller.forest, store, id);
    }
    store.touch(id, caller.now);
    Ok(id)
}

/// The container must be one for objects of this class ([MS-ADSC], possSuperiors).
pub(crate) fn check_place(store: &Store, parent: ObjectId, class: &Class) -> Result<(), Refusal> {
    let container = store.get(parent).map(|parent| parent.class);
    if container.is_none_or(|container| container.may_hold(class)) {
        return Ok(());
    }
    Err(naming_violation())
}

fn naming_violation() -> Refusal {
    let words = "NameErr: DSID-03050F42, problem 2003 (NAMING_VIOLATION), data 0";
    Refusal::new(ResultCode::NamingViolation, NAMING_VIOLATION, words)
}

/// An attribute that repeats the name must say the same.
fn check_rdn(class: &Class, rdn: &dn::Rdn, given: &NewAttributes) -> Result<(), Refusal> {
    let repeated = given
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(class.rdn))
        .flat_map(|(_, values)| values);
    let same = |value: &Vec<u8>| {
        std::str::from_utf8(value).is_ok_and(|value| dn::fold(value) == dn::fold(&rdn.value))
    };
    if repeated.clone().next().is_some() && !repeated.clone().any(same) {
        return Err(Refusal::bad_dn());
    }
    Ok(())
}

fn class_of(given: &NewAttributes) -> Result<&'static Class, Refusal> {
    let classes = given
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("objectClass"));
    let mut names = classes
        .flat_map(|(_, names)| names)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .peekable();
    if names.peek().is_none() {
        return Err(Refusal::object_class(
            MISSING_REQUIRED_ATTRIBUTE,
            "objectClass",
        ));
    }
    let abstract_only = names.clone().all(Class::is_abstract);
    match Class::most_specific(names.clone()) {
        Some(class) => Ok(class),
        None if abstract_only => Err(Refusal::unwilling(
            OBJECT_CLASS_VIOLATION,
            "no structural class",
        )),
        None if names.clone().any(|name| !Class::is_known(name)) => {
            Err(Refusal::unknown_attribute())
        }
        None => Err(Refusal::object_class(OBJECT_CLASS_VIOLATION, "objectClass")),
    }
}

fn parse_all(
    caller: &Caller<'_>,
    store: &Store,
    class: &Class,
    given: &NewAttributes,
) -> Result<Vec<(Attr, Vec<Value>)>, Refusal> {
    let mut attributes: Vec<(Attr, Vec<Value>)> = Vec::new();
    for (name, bytes) in given {
        let attribute = values::attribute(name)?;
        if attribute == Attr::ObjectClass || dropped(class, attribute) {
            continue;
        }
        if matches!(
            attribute,
            Attr::IsCriticalSystemObject | Attr::SamAccountType
        ) {
            return Err(Refusal::unwilling(UNWILLING, attribute.name()));
        }
        if forward_link(attribute).is_some() {
            return Err(Refusal::unwilling(UNWILLING, attribute.name()));
        }
        if attribute.definition().is_constructed() {
            let code = ResultCode::UndefinedAttributeType;
            return Err(Refusal::value(code, CONSTRUCTED, attribute.name()));
        }
        let parsed: Result<Vec<Value>, Refusal> = bytes
            .iter()
            .map(|bytes| values::parse(store, attribute, bytes))
            .collect();
        let parsed = parsed?;
        let is_system = caller.token.has(&Sid::LOCAL_SYSTEM);
        if attribute == Attr::PrimaryGroupId && !is_system {
            values::check_in_class(attribute, class)?;
            return Err(Refusal::unwilling(UNWILLING, attribute.name()));
        }
        if parsed.len() > 1 && attribute.definition().is_single_valued() {
            return Err(Refusal::constraint(SINGLE_VALUE, attribute.name()));
        }
        check_delegation(caller, attribute, &parsed, 0)?;
        check_secret_free(attribute, class)?;
        if attributes.iter().any(|(known, _)| *known == attribute) {
            return Err(Refusal::constraint(0x2083, attribute.name()));
        }
        attributes.push((attribute, parsed));
    }
    Ok(attributes)
}

/// What clients may send and the domain controller decides by itself.
fn dropped(class: &Class, attribute: Attr) -> bool {
    let of_password = [
        Attr::ManagedPasswordId,
        Attr::ManagedPasswordPreviousId,
        Attr::UnicodePwd,
    ];
    let of_name = [Attr::Name, Attr::DistinguishedName, Attr::InstanceType];
    attribute.name().eq_ignore_ascii_case(class.rdn)
        || of_name.contains(&attribute)
        || (class.is(class::GMSA) && of_password.contains(&attribute))
}

/// What the class allows, what it demands, and what only the system gives.
fn check_class(class: &Class, given: &[Attr]) -> Result<(), Refusal> {
    for attribute in given {
        values::check_in_class(*attribute, class)?;
        let may_be_given =
            *attribute == Attr::ManagedPasswordInterval || class.must.contains(attribute);
        if attribute.definition().is_system_only() && !may_be_given {
            return Err(Refusal::constraint(CANT_MOD_SYSTEM_ONLY, attribute.name()));
        }
    }
    let missing = class
        .must
        .iter()
        .find(|attribute| !given.contains(attribute));
    missing.map_or(Ok(()), |missing| {
        Err(Refusal::object_class(
            MISSING_REQUIRED_ATTRIBUTE,
            missing.name(),
        ))
    })
}

/// What the domain controller adds by itself.
fn complete(
    caller: &Caller<'_>,
    store: &mut Store,
    class: &Class,
    attributes: &mut Vec<(Attr, Vec<Value>)>,
) -> Result<(), Refusal> {
    let default = |attributes: &mut Vec<(Attr, Vec<Value>)>, attribute: Attr, value: Value| {
        if !attributes.iter().any(|(given, _)| *given == attribute) {
            attributes.push((attribute, vec![value]));
        }
    };
    let category = format!("CN={},{}", category(class), caller.forest.schema());
    default(attributes, Attr::ObjectCategory, Value::text(category));
    default(attributes, Attr::InstanceType, Value::number(4));
    if !class.is_security_principal() {
        return Ok(());
    }
    if class.is(class::GMSA) {
        attributes.push((
            Attr::ManagedPasswordId,
            vec![gmsa::first_password_id(store, caller.forest, caller.now)?],
        ));
    }
    let random: [u8; 6] = random::bytes();
    let random: String = random.iter().map(|byte| format!("{byte:02X}")).collect();
    default(
        attributes,
        Attr::SamAccountName,
        Value::text(format!("${random}")),
    );
    if class.is("user") {
        let given = number(attributes, Attr::UserAccountControl);
        let control = accounts::control(class, given);
        accounts::check_new_control(class, control)?;
        accounts::check_no_trust(caller, control)?;
        let is_now = match number(attributes, Attr::PwdLastSet) {
            _ if class.is(class::GMSA) => true,
            Some(time) => accounts::check_password_time(time).map(|()| time == -1)?,
            None => false,
        };
        attributes.retain(|(attribute, _)| *attribute != Attr::UserAccountControl);
        default(attributes, Attr::UserAccountControl, Value::number(control));
        let group = accounts::usual_group(control);
        default(attributes, Attr::PrimaryGroupId, Value::number(group));
        if let Some(critical) = accounts::is_critical(control) {
            let critical = Value::text(if critical { "TRUE" } else { "FALSE" });
            default(attributes, Attr::IsCriticalSystemObject, critical);
        }
        if is_now {
            attributes.retain(|(attribute, _)| *attribute != Attr::PwdLastSet);
            let now = Value::text(caller.now.as_ticks().to_string());
            attributes.push((Attr::PwdLastSet, vec![now]));
        }
        for (attribute, value) in [
            (Attr::AccountExpires, i64::MAX),
            (Attr::PwdLastSet, 0),
            (Attr::BadPwdCount, 0),
            (Attr::BadPasswordTime, 0),
            (Attr::LastLogon, 0),
            (Attr::LastLogoff, 0),
            (Attr::LogonCount, 0),
            (Attr::CodePage, 0),
            (Attr::CountryCode, 0),
        ] {
            default(attributes, attribute, Value::number(value));
        }
    } else {
        let usual = Value::number(accounts::GLOBAL_SECURITY_GROUP);
        default(attributes, Attr::GroupType, usual);
        let kind = number(attributes, Attr::GroupType).unwrap_or(0);
        accounts::check_group_type(kind, caller)?;
    }
    let kind = match number(attributes, Attr::UserAccountControl) {
        Some(control) => accounts::type_of_account(control),
        None => accounts::type_of_group(number(attributes, Attr::GroupType).unwrap_or(0)),
    };
    attributes.push((Attr::SamAccountType, vec![Value::number(kind)]));
    let rid = store.take_rid();
    let sid = caller
        .forest
        .sid
        .with_rid(rid)
        .map_err(|_| Refusal::unwilling(0x2010, "no identifiers left"))?;
    attributes.push((Attr::ObjectSid, vec![sid.to_bytes().into()]));
    Ok(())
}

fn number(attributes: &[(Attr, Vec<Value>)], wanted: Attr) -> Option<i64> {
    let (_, values) = attributes
        .iter()
        .find(|(attribute, _)| *attribute == wanted)?;
    values.first()?.to_number()
}

/// The class that `objectCategory` names.
pub(crate) fn category(class: &Class) -> &'static str {
    match class.name {
        "user" | "contact" => "Person",
        "organizationalUnit" => "Organizational-Unit",
        "group" => "Group",
        "computer" => "Computer",
        "domainDNS" => "Domain-DNS",
        "container" => "Container",
        class::GMSA => "ms-DS-Group-Managed-Service-Account",
        class::ROOT_KEY => "ms-Kds-Prov-RootKey",
        name => name,
    }
}
