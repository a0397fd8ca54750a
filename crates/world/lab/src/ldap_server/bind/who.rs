//! Which account a log-on means, and whether it may log on now.

use security::FileTime;

use crate::directory::Directory;
use crate::rules::accounts::ACCOUNT_DISABLE;
use crate::rules::constructed::is_locked_out;
use crate::rules::locate::locate;
use crate::rules::token::Token;
use crate::store::Store;
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes", as they stand behind "data".
pub(super) const NO_SUCH_USER: u32 = 0x525;
pub(super) const LOGON_FAILURE: u32 = 0x52e;
const ACCOUNT_DISABLED: u32 = 0x533;
const ACCOUNT_EXPIRED: u32 = 0x701;
const PASSWORD_MUST_CHANGE: u32 = 0x773;
const ACCOUNT_LOCKED_OUT: u32 = 0x775;

/// The account of a simple bind ([MS-ADTS] 5.1.1.1.1 "Simple Authentication").
pub(super) fn check_password(
    directory: &Directory,
    store: &Store,
    name: &str,
    password: &[u8],
) -> Result<(Token, String), u32> {
    let id = account(directory, store, name).ok_or(NO_SUCH_USER)?;
    let object = store.get(id).ok_or(NO_SUCH_USER)?;
    if !object
        .secret
        .as_ref()
        .is_some_and(|secret| secret.is_password(password))
    {
        return Err(LOGON_FAILURE);
    }
    may_log_on(directory, store, id)
}

/// Who an account is, once it has proved its password; or why it may not log on now.
pub(super) fn may_log_on(
    directory: &Directory,
    store: &Store,
    id: ObjectId,
) -> Result<(Token, String), u32> {
    let object = store.get(id).ok_or(NO_SUCH_USER)?;
    let anonymous = Token::default();
    let caller = directory.caller(&anonymous, true);
    let number = |attribute| object.number(attribute).unwrap_or(0);
    let expires = u64::try_from(number(Attr::AccountExpires)).unwrap_or(0);
    if number(Attr::UserAccountControl) & ACCOUNT_DISABLE != 0 {
        Err(ACCOUNT_DISABLED)
    } else if is_locked_out(&caller, store, object) {
        Err(ACCOUNT_LOCKED_OUT)
    } else if expires != 0 && FileTime::from_ticks(expires) <= caller.now {
        Err(ACCOUNT_EXPIRED)
    } else if object.text(Attr::PwdLastSet) == Some("0") {
        Err(PASSWORD_MUST_CHANGE)
    } else {
        let name = object.text(Attr::SamAccountName).unwrap_or_default();
        Ok((
            Token::of(store, id),
            format!("{}\\{name}", directory.forest.netbios_name),
        ))
    }
}

/// The account that a name means: `name@domain`, `DOMAIN\\name`, a distinguished name.
pub(super) fn account(directory: &Directory, store: &Store, name: &str) -> Option<ObjectId> {
    let forest = &directory.forest;
    let ours = |domain: &str| {
        [&forest.dns_name, &forest.netbios_name]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(domain))
    };
    let by_name = |name: &str| {
        store
            .find(Attr::SamAccountName, name.as_bytes())
            .first()
            .copied()
    };
    let by_upn = store
        .find(Attr::UserPrincipalName, name.as_bytes())
        .first()
        .copied();
    by_upn
        .or_else(|| {
            name.rsplit_once('@')
                .filter(|(_, domain)| ours(domain))
                .and_then(|(name, _)| by_name(name))
        })
        .or_else(|| {
            name.split_once('\\')
                .filter(|(domain, _)| ours(domain))
                .and_then(|(_, name)| by_name(name))
        })
        .or_else(|| {
            if name.contains('=') {
                locate(store, name).ok()
            } else {
                None
            }
        })
}
