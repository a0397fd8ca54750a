//! Passwords that clients set ([MS-ADTS] 3.1.1.3.1.5 "Password Modify Operations").

use security::Sid;
use zeroize::Zeroizing;

use super::Caller;
use super::accounts::{ACCOUNT_DISABLE, NORMAL_ACCOUNT, PASSWD_NOTREQD};
use super::refusal::Refusal;
use crate::kdc::AccountSecret;
use crate::store::Store;
use crate::store::class;
use crate::store::object::{Object, ObjectId, Value};
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const GENERAL_FAILURE: u32 = 0x1F;
const PASSWORD_RESTRICTION: u32 = 0x52D;
const INVALID_PASSWORD: u32 = 0x56;

/// A `unicodePwd` as clients send it: in quotes, UTF-16LE. Only over an encrypted connection.
pub(crate) fn parse(caller: &Caller<'_>, quoted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let malformed = || Refusal::unwilling(GENERAL_FAILURE, "unicodePwd");
    if !caller.confidential {
        return Err(malformed());
    }
    let (units, rest) = quoted.as_chunks::<2>();
    let units: Zeroizing<Vec<u16>> =
        Zeroizing::new(units.iter().map(|unit| u16::from_le_bytes(*unit)).collect());
    let quote = u16::from(b'"');
    match (&units[..], rest) {
        ([first, password @ .., last], []) if *first == quote && *last == quote => {
            let utf8: String = char::decode_utf16(password.iter().copied())
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            Ok(Zeroizing::new(utf8.into_bytes()))
        }
        _ => Err(malformed()),
    }
}

/// Gives an account a password: its keys, and when it was set.
pub(crate) fn set(
    caller: &Caller<'_>,
    store: &mut Store,
    id: ObjectId,
    utf8: &[u8],
) -> Result<(), Refusal> {
    let too_short = i64::try_from(utf8.len()).is_ok_and(|len| len < min_length(caller, store));
    let Some(object) = store
        .get(id)
        .filter(|object| object.class.is("user") && !object.class.is(class::GMSA))
    else {
        return Err(Refusal::unwilling(
            GENERAL_FAILURE,
            "the account has no password to set",
        ));
    };
    // [MS-SAMR] 3.1.1.7.2 "Cleartext Password Policy": of accounts of people, unless they need no password.
    let control = object.number(Attr::UserAccountControl).unwrap_or(0);
    let is_bound = control & NORMAL_ACCOUNT != 0 && control & PASSWD_NOTREQD == 0;
    if is_bound && too_short {
        return Err(Refusal::unwilling(
            PASSWORD_RESTRICTION,
            "the password is too short",
        ));
    }
    let salt = salt(caller, object);
    let secret = std::sync::Arc::new(AccountSecret::new(utf8, salt));
    store.set_secret(id, Some(secret));
    store.set(
        id,
        Attr::PwdLastSet,
        vec![Value::text(caller.now.as_ticks().to_string())],
    );
    Ok(())
}

/// A user who is enabled must have a password, or be allowed to have none ([MS-SAMR] 3.1.1.8.10). The system itself
/// sets the password later.
pub(crate) fn check_enabled(
    caller: &Caller<'_>,
    store: &Store,
    class: &class::Class,
    control: &[Value],
    has_password: bool,
) -> Result<(), Refusal> {
    let text = control
        .first()
        .and_then(Value::bytes)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    let control: i64 = text.and_then(|text| text.parse().ok()).unwrap_or(0);
    let bound = control & (ACCOUNT_DISABLE | PASSWD_NOTREQD) == 0 && !class.is("computer");
    let is_system = caller.token.has(&Sid::LOCAL_SYSTEM);
    if bound && !has_password && !is_system && min_length(caller, store) > 0 {
        return Err(Refusal::unwilling(
            PASSWORD_RESTRICTION,
            "an enabled user needs a password",
        ));
    }
    Ok(())
}

fn min_length(caller: &Caller<'_>, store: &Store) -> i64 {
    let head = store
        .resolve_text(&caller.forest.domain)
        .and_then(|head| store.get(head));
    head.and_then(|head| head.number(Attr::MinPwdLength))
        .unwrap_or(0)
}

/// A change by somebody who knows the old password.
pub(crate) fn check_old(object: &Object, old: &[u8]) -> Result<(), Refusal> {
    match &object.secret {
        Some(secret) if secret.is_password(old) => Ok(()),
        _ => Err(Refusal::constraint(INVALID_PASSWORD, "unicodePwd")),
    }
}

/// [MS-KILE] 3.1.1.2 "Cryptographic Material": computers have another salt than users.
fn salt(caller: &Caller<'_>, object: &Object) -> String {
    let (realm, name) = (
        caller.forest.realm(),
        object.text(Attr::SamAccountName).unwrap_or_default(),
    );
    if object.class.is("computer") {
        managed_password::Salt::for_computer(&realm, name, &caller.forest.dns_name)
            .as_str()
            .to_owned()
    } else {
        format!("{realm}{name}")
    }
}
