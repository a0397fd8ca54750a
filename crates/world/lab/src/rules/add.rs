//! Adding an object ([MS-ADTS] 3.1.1.5.2 "Add Operation").

use security::Guid;

use super::access::{AccessCheck, CREATE_CHILD};
use super::modify::{check_delegation, check_secret_free};
use super::refusal::Refusal;
use super::{Caller, gmsa, passwords, uniqueness, values};
use crate::random;
use crate::store::Store;
use crate::store::class::{self, Class};
use crate::store::dn;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const OBJECT_NAME_EXISTS: u32 = 0x2071;
const MISSING_REQUIRED_ATTRIBUTE: u32 = 0x207C;
const OBJECT_CLASS_VIOLATION: u32 = 0x2014;
const NAMING_VIOLATION: u32 = 0x2037;
const CANT_MOD_SYSTEM_ONLY: u32 = 0x20B1;

// [MS-ADTS] 2.2.16 "userAccountControl Bits".
pub(crate) const ACCOUNT_DISABLE: i64 = 0x2;
pub(crate) const PASSWD_NOTREQD: i64 = 0x20;
const NORMAL_ACCOUNT: i64 = 0x200;
pub(crate) const WORKSTATION_TRUST_ACCOUNT: i64 = 0x1000;

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
    let (rdn, above) = parts.split_first().ok_or_else(Refusal::bad_dn)?;
    let missing = || Refusal::no_such_object(super::locate::best_match(store, &parts));
    let parent = store.resolve(above).ok_or_else(missing)?;
    let class = class_of(given)?;
    if !rdn.attribute.eq_ignore_ascii_case(class.rdn) {
        return Err(Refusal::new(
            rasn_ldap::ResultCode::NamingViolation,
            NAMING_VIOLATION,
            "NameErr: problem 2005",
        ));
    }
    let mut access = AccessCheck::new(caller.defaults, caller.token);
    if !store
        .get(parent)
        .is_some_and(|parent| access.allows(parent, CREATE_CHILD))
    {
        return Err(Refusal::access_denied());
    }
    if store.child(parent, rdn).is_some() {
        return Err(Refusal::exists(OBJECT_NAME_EXISTS));
    }
    let mut attributes = parse_all(caller, store, class, given)?;
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
    check_must(class, &attributes)?;
    complete(caller, store, class, &mut attributes)?;
    let control = attributes
        .iter()
        .find(|(attribute, _)| *attribute == Attr::UserAccountControl);
    if let Some((_, control)) = control {
        passwords::check_enabled(caller, store, class, control, password.is_some())?;
    }
    for (attribute, values) in &attributes {
        uniqueness::check(caller, store, None, *attribute, values)?;
    }

    let id = store.insert(
        parent,
        rdn.clone(),
        class,
        Guid::from_bytes(random::bytes()),
    );
    for (attribute, values) in attributes {
        store.set(id, attribute, values);
    }
    if let Some(utf8) = password
        && let Err(refusal) = passwords::set(caller, store, id, &utf8)
    {
        store.remove(id);
        return Err(refusal);
    }
    store.touch(id, caller.now);
    Ok(id)
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
    Class::most_specific(names)
        .ok_or_else(|| Refusal::object_class(OBJECT_CLASS_VIOLATION, "objectClass"))
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
        let may_be_given =
            attribute == Attr::ManagedPasswordInterval || class.must.contains(&attribute);
        if attribute.definition().is_system_only() && !may_be_given {
            return Err(Refusal::constraint(CANT_MOD_SYSTEM_ONLY, attribute.name()));
        }
        let parsed: Result<Vec<Value>, Refusal> = bytes
            .iter()
            .map(|bytes| values::parse(store, attribute, bytes))
            .collect();
        let parsed = parsed?;
        values::check_count(attribute, &parsed)?;
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
        Attr::ManagedPassword,
        Attr::ManagedPasswordId,
        Attr::ManagedPasswordPreviousId,
        Attr::UnicodePwd,
    ];
    let of_name = [
        Attr::Cn,
        Attr::Name,
        Attr::Ou,
        Attr::DistinguishedName,
        Attr::InstanceType,
    ];
    of_name.contains(&attribute) || (class.is(class::GMSA) && of_password.contains(&attribute))
}

fn check_must(class: &Class, attributes: &[(Attr, Vec<Value>)]) -> Result<(), Refusal> {
    let given = |attribute: &Attr| {
        attributes
            .iter()
            .any(|(given, values)| given == attribute && !values.is_empty())
    };
    match class.must.iter().find(|attribute| !given(attribute)) {
        Some(missing) => Err(Refusal::object_class(
            MISSING_REQUIRED_ATTRIBUTE,
            missing.name(),
        )),
        None => Ok(()),
    }
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
        if let Some(membership) = gmsa::default_membership(caller.forest) {
            default(attributes, Attr::GroupMsaMembership, membership);
        }
        default(
            attributes,
            Attr::PwdLastSet,
            Value::text(caller.now.as_ticks().to_string()),
        );
    }
    let random: [u8; 6] = random::bytes();
    let random: String = random.iter().map(|byte| format!("{byte:02X}")).collect();
    default(
        attributes,
        Attr::SamAccountName,
        Value::text(format!("${random}")),
    );
    if class.is("user") {
        let computer = class.is("computer");
        let usual = match class.is(class::GMSA) {
            true => WORKSTATION_TRUST_ACCOUNT,
            false if computer => WORKSTATION_TRUST_ACCOUNT | ACCOUNT_DISABLE | PASSWD_NOTREQD,
            false => NORMAL_ACCOUNT | ACCOUNT_DISABLE | PASSWD_NOTREQD,
        };
        default(attributes, Attr::UserAccountControl, Value::number(usual));
        default(
            attributes,
            Attr::PrimaryGroupId,
            Value::number(if computer { 515 } else { 513 }),
        );
        for (attribute, value) in [
            (Attr::AccountExpires, i64::MAX),
            (Attr::PwdLastSet, 0),
            (Attr::BadPwdCount, 0),
        ] {
            default(attributes, attribute, Value::number(value));
        }
    } else {
        default(attributes, Attr::GroupType, Value::number(-2_147_483_646));
    }
    let kind = account_type(class, attributes);
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

/// [MS-SAMR] 2.2.1.9 "ACCOUNT_TYPE Values".
fn account_type(class: &Class, attributes: &[(Attr, Vec<Value>)]) -> i64 {
    let group_type = attributes
        .iter()
        .find(|(attribute, _)| *attribute == Attr::GroupType);
    let group_type = group_type.and_then(|(_, values)| {
        std::str::from_utf8(values.first()?.bytes()?)
            .ok()?
            .parse::<i64>()
            .ok()
    });
    match group_type {
        _ if class.is("computer") => 0x3000_0001,
        _ if class.is("user") => 0x3000_0000,
        Some(local) if local & 0x4 != 0 => 0x2000_0000,
        _ => 0x1000_0000,
    }
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
