//! Values as clients send them: checked against the schema.

use rasn_ldap::ResultCode;
use security::SecurityDescriptor;

use super::locate::locate;
use super::refusal::Refusal;
use crate::store::Store;
use crate::store::class::Class;
use crate::store::object::{Object, Value, comparable};
use crate::store::schema::{Attr, Syntax};

// [MS-ERREF] 2.2 "Win32 Error Codes".
const NO_SUCH_USER: u32 = 0x525;
const NOT_IN_CLASS: u32 = 0x2014;
const NAME_REFERENCE_INVALID: u32 = 0x20B5;
const SINGLE_VALUE_CONSTRAINT: u32 = 0x2081;
const RANGE_CONSTRAINT: u32 = 0x2082;

/// Longest value accepted; `msDS-GroupMSAMembership` allows 132,096 bytes.
const MAX_LEN: usize = 1024 * 1024;

/// The attribute that a client names; options such as `;binary` are dropped.
pub(crate) fn attribute(name: &str) -> Result<Attr, Refusal> {
    let name = name.split_once(';').map_or(name, |(name, _)| name);
    Attr::named(name).ok_or_else(Refusal::unknown_attribute)
}

/// What is looked at before anything else: no value is empty, and names are names, of objects that are there unless
/// they are taken away (the flag).
pub(crate) fn check_form<'a>(
    store: &Store,
    given: impl Iterator<Item = (&'a str, &'a [Vec<u8>], bool)> + Clone,
) -> Result<(), Refusal> {
    for (name, values, _) in given.clone() {
        if values.iter().any(Vec::is_empty) {
            return Err(Refusal::syntax(name));
        }
    }
    for (name, values, takes_away) in given {
        let Ok(attribute) = attribute(name) else {
            continue;
        };
        if attribute.definition().syntax != Syntax::Dn || attribute == Attr::DistinguishedName {
            continue;
        }
        for value in values {
            match parse(store, attribute, value) {
                Err(refusal) if !takes_away || refusal.code == ResultCode::InvalidDnSyntax => {
                    return Err(refusal);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// What objects of this class have at all.
pub(crate) fn check_in_class(attribute: Attr, class: &Class) -> Result<(), Refusal> {
    match class.may_have(attribute) {
        true => Ok(()),
        false => Err(Refusal::object_class(NOT_IN_CLASS, attribute.name())),
    }
}

/// A value in its stored form.
pub(crate) fn parse(store: &Store, attribute: Attr, bytes: &[u8]) -> Result<Value, Refusal> {
    let definition = attribute.definition();
    let invalid = || Refusal::syntax(definition.name);
    let text = || std::str::from_utf8(bytes).map_err(|_| invalid());
    if bytes.len() > MAX_LEN {
        return Err(Refusal::constraint(RANGE_CONSTRAINT, definition.name));
    }
    match definition.syntax {
        Syntax::Text | Syntax::Time => text()?,
        Syntax::LargeInteger => {
            let number: i64 = text()?.parse().map_err(|_| invalid())?;
            return Ok(Value::number(number));
        }
        Syntax::Integer => {
            let number: i64 = text()?.parse().map_err(|_| invalid())?;
            // 32 bits are 32 bits, with or without a sign.
            let number =
                i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed));
            return number.map(Value::number).map_err(|_| invalid());
        }
        Syntax::Boolean if matches!(bytes, b"TRUE" | b"FALSE") => text()?,
        Syntax::Boolean => return Err(invalid()),
        Syntax::Sid => {
            security::Sid::from_bytes(bytes).map_err(|_| invalid())?;
            return Ok(bytes.to_vec().into());
        }
        Syntax::Descriptor => {
            SecurityDescriptor::from_bytes(bytes).map_err(|_| invalid())?;
            return Ok(bytes.to_vec().into());
        }
        Syntax::Dn => {
            let target = locate(store, text()?).map(Value::Object);
            return target.map_err(|refusal| match attribute {
                _ if refusal.code == ResultCode::InvalidDnSyntax => refusal,
                Attr::Member => Refusal::missing_member(NO_SUCH_USER),
                _ => Refusal::constraint(NAME_REFERENCE_INVALID, definition.name),
            });
        }
        Syntax::Octets => return Ok(bytes.to_vec().into()),
    };
    Ok(bytes.to_vec().into())
}

/// Whether a change may leave an object of this class with so many values; accounts and groups have one description
/// unless they came with more ([MS-SAMR] 3.1.1.6 "Attribute Constraints for Originating Updates").
pub(crate) fn check_count(attribute: Attr, class: &Class, count: usize) -> Result<(), Refusal> {
    let is_single = attribute.definition().is_single_valued()
        || attribute == Attr::Description && class.is_security_principal();
    match count > 1 && is_single {
        false => Ok(()),
        true => Err(Refusal::value(
            ResultCode::AttributeOrValueExists,
            SINGLE_VALUE_CONSTRAINT,
            attribute.name(),
        )),
    }
}

/// Whether two values of an attribute are the same.
pub(crate) fn same(attribute: Attr, a: &Value, b: &Value) -> bool {
    let syntax = attribute.definition().syntax;
    match (a, b) {
        (Value::Bytes(a), Value::Bytes(b)) => {
            a == b || comparable(syntax, a) == comparable(syntax, b)
        }
        _ => a == b,
    }
}

/// A value as LDAP shows it.
pub(crate) fn show(store: &Store, value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Object(id) => store.dn(*id).into_bytes(),
    }
}

/// A FILETIME in decimal.
pub(crate) fn file_time(object: &Object, attribute: Attr) -> Option<security::FileTime> {
    object
        .text(attribute)?
        .parse()
        .ok()
        .map(security::FileTime::from_ticks)
}
