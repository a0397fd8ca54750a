//! Attributes that are made when they are read ([MS-ADTS] 3.1.1.4.5 "Constructed Attributes").

use super::Caller;
use super::token::group_sids;
use super::values::file_time;
use crate::store::Store;
use crate::store::object::{Object, ObjectId};
use crate::store::schema::{Attr, back_link, forward_link};

// [MS-ADTS] 3.1.1.4.5.17 "msDS-User-Account-Control-Computed".
const LOCKOUT: i64 = 0x10;
const PASSWORD_EXPIRED: i64 = 0x80_0000;
/// Accounts whose passwords do not expire: ADS_UF_DONT_EXPIRE_PASSWD, smart cards, computers, domain controllers, trusts.
const NEVER_EXPIRES: i64 = 0x1_0000 | 0x4_0000 | 0x1000 | 0x2000 | 0x800;

/// The values of an attribute that is not stored as such; `None` where the attribute is an ordinary one.
pub(crate) fn constructed(
    caller: &Caller<'_>,
    store: &Store,
    id: ObjectId,
    attribute: Attr,
) -> Option<Vec<Vec<u8>>> {
    let object = store.get(id)?;
    let values = match attribute {
        Attr::DistinguishedName => vec![store.dn(id).into_bytes()],
        Attr::TokenGroups if object.class.is("user") => group_sids(store, id)
            .iter()
            .map(security::Sid::to_bytes)
            .collect(),
        Attr::KeyVersionNumber if object.class.is("user") => {
            vec![key_version(object).to_string().into_bytes()]
        }
        Attr::UserAccountControlComputed if object.class.is("user") => {
            let bit = |is_set: bool, bit: i64| if is_set { bit } else { 0 };
            let bits = bit(is_locked_out(caller, store, object), LOCKOUT)
                | bit(is_expired(caller, store, object), PASSWORD_EXPIRED);
            vec![bits.to_string().into_bytes()]
        }
        Attr::CanonicalName => vec![canonical_name(&store.dn(id)).into_bytes()],
        Attr::SubschemaSubentry => {
            vec![format!("CN=Aggregate,{}", caller.forest.schema()).into_bytes()]
        }
        _ => {
            let forward =
                forward_link(attribute).filter(|forward| back_link(*forward) == Some(attribute))?;
            object
                .referrers(forward)
                .map(|referrer| store.dn(referrer).into_bytes())
                .collect()
        }
    };
    Some(values)
}

/// The version of an account's keys: here, how often its password was set as far as the directory tells.
pub(crate) fn key_version(object: &Object) -> u32 {
    if object.values(Attr::ManagedPasswordPreviousId).is_empty() {
        1
    } else {
        2
    }
}

/// Whether the account is locked out: `lockoutTime` is not longer ago than the domain's `lockoutDuration`.
pub(crate) fn is_locked_out(caller: &Caller<'_>, store: &Store, object: &Object) -> bool {
    let Some(since) = file_time(object, Attr::LockoutTime).filter(|time| time.as_ticks() != 0)
    else {
        return false;
    };
    let head = store
        .resolve_text(&caller.forest.domain)
        .and_then(|head| store.get(head));
    let duration = head
        .and_then(|head| head.number(Attr::LockoutDuration))
        .unwrap_or(0)
        .unsigned_abs();
    duration == 0 || caller.now.saturating_since(since).as_ticks() < duration
}

/// Whether the account's password has to be changed: never set, or older than the domain's `maxPwdAge`.
fn is_expired(caller: &Caller<'_>, store: &Store, object: &Object) -> bool {
    let control = object.number(Attr::UserAccountControl).unwrap_or(0);
    if control & NEVER_EXPIRES != 0 {
        return false;
    }
    let Some(set) = file_time(object, Attr::PwdLastSet).filter(|time| time.as_ticks() != 0) else {
        return true;
    };
    let head = store
        .resolve_text(&caller.forest.domain)
        .and_then(|head| store.get(head));
    let max_age = head.and_then(|head| head.number(Attr::MaxPwdAge));
    let max_age = max_age.filter(|age| *age < 0 && *age != i64::MIN);
    max_age.is_some_and(|age| caller.now.saturating_since(set).as_ticks() > age.unsigned_abs())
}

/// `contoso.com/Users/svc`
fn canonical_name(dn: &str) -> String {
    let parts = crate::store::dn::parse(dn).unwrap_or_default();
    let of_domain = |part: &&crate::store::dn::Rdn| &*part.attribute == "DC";
    let domain: Vec<&str> = parts
        .iter()
        .filter(of_domain)
        .map(|part| &*part.value)
        .collect();
    let path: Vec<&str> = parts
        .iter()
        .rev()
        .filter(|part| !of_domain(part))
        .map(|part| &*part.value)
        .collect();
    format!("{}/{}", domain.join("."), path.join("/"))
}
