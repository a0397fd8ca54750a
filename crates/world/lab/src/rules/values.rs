//! Values as clients send them: checked against the schema.

use security::SecurityDescriptor;

use super::locate::locate;
use super::refusal::Refusal;
use crate::store::Store;
use crate::store::object::{Object, Value, comparable};
use crate::store::schema::{Attr, Syntax};

// [MS-ERREF] 2.2 "Win32 Error Codes".
const INVALID_ATTRIBUTE_SYNTAX: u32 = 0x200B;
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

/// A value in its stored form.
pub(crate) fn parse(store: &Store, attribute: Attr, bytes: &[u8]) -> Result<Value, Refusal> {
    let definition = attribute.definition();
    let invalid = || Refusal::constraint(INVALID_ATTRIBUTE_SYNTAX, definition.name);
    let text = || std::str::from_utf8(bytes).map_err(|_| invalid());
    if bytes.len() > MAX_LEN || (bytes.is_empty() && definition.syntax != Syntax::Octets) {
        return Err(Refusal::constraint(RANGE_CONSTRAINT, definition.name));
    }
    match definition.syntax {
        Syntax::Text | Syntax::Time => text()?,
        Syntax::Integer => {
            let number: i64 = text()?.parse().map_err(|_| invalid())?;
            return Ok(Value::number(number));
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
            let target = locate(store, text()?);
            return target
                .map(Value::Object)
                .map_err(|_| Refusal::constraint(NAME_REFERENCE_INVALID, definition.name));
        }
        Syntax::Octets => return Ok(bytes.to_vec().into()),
    };
    Ok(bytes.to_vec().into())
}

/// Single-valued attributes have one value, and no value twice.
pub(crate) fn check_count(attribute: Attr, values: &[Value]) -> Result<(), Refusal> {
    if attribute.definition().is_single_valued() && values.len() > 1 {
        return Err(Refusal::constraint(
            SINGLE_VALUE_CONSTRAINT,
            attribute.name(),
        ));
    }
    Ok(())
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
