//! What the account manager sees to: kinds of accounts and groups ([MS-SAMR] 3.1.1.8 "Attribute Triggers").

use rasn_ldap::ResultCode;

use super::Caller;
use super::refusal::Refusal;
use crate::store::Store;
use crate::store::class::Class;
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes".
const INVALID_PARAMETER: u32 = 0x57;
const CLASS_MISMATCH: u32 = 0x217C;
const UNWILLING: u32 = 0x2035;
const ILLEGAL_MOD_OPERATION: u32 = 0x2077;

// [MS-ADTS] 2.2.16 "userAccountControl Bits".
pub(crate) const ACCOUNT_DISABLE: i64 = 0x2;
pub(crate) const PASSWD_NOTREQD: i64 = 0x20;
const LOCKOUT: i64 = 0x10;
pub(crate) const NORMAL_ACCOUNT: i64 = 0x200;
const INTERDOMAIN_TRUST_ACCOUNT: i64 = 0x800;
const WORKSTATION_TRUST_ACCOUNT: i64 = 0x1000;
const SERVER_TRUST_ACCOUNT: i64 = 0x2000;
const PASSWORD_EXPIRED: i64 = 0x80_0000;
const PARTIAL_SECRETS_ACCOUNT: i64 = 0x400_0000;
const KINDS: i64 =
    NORMAL_ACCOUNT | INTERDOMAIN_TRUST_ACCOUNT | WORKSTATION_TRUST_ACCOUNT | SERVER_TRUST_ACCOUNT;

// [MS-ADTS] 2.2.12 "Group Type Flags".
const BUILT_IN: i64 = 0x1;
const GLOBAL: i64 = 0x2;
const LOCAL: i64 = 0x4;
const UNIVERSAL: i64 = 0x8;
pub(crate) const SECURITY: i64 = 0x8000_0000;
pub(crate) const GLOBAL_SECURITY_GROUP: i64 = -2_147_483_646;

/// `userAccountControl` as it is stored after a change: an account of people where it says nothing else.
pub(crate) fn changed_control(given: i64) -> i64 {
    let control = given & !(LOCKOUT | PASSWORD_EXPIRED);
    match control & KINDS {
        0 => control | NORMAL_ACCOUNT,
        _ => control,
    }
}

/// `userAccountControl` of a new account: with a kind, its class's where it says nothing else, and without what is
/// computed.
pub(crate) fn control(class: &Class, given: Option<i64>) -> i64 {
    let usual = match class.is("computer") {
        true => WORKSTATION_TRUST_ACCOUNT,
        false => NORMAL_ACCOUNT,
    };
    let control = given.unwrap_or(usual | ACCOUNT_DISABLE | PASSWD_NOTREQD);
    let control = control & !(LOCKOUT | PASSWORD_EXPIRED);
    match control & KINDS {
        0 => control | usual,
        _ => control,
    }
}

/// A new account is of one kind, and those of computers are of class computer ([MS-SAMR] 3.1.1.8.10
/// "userAccountControl").
pub(crate) fn check_new_control(class: &Class, control: i64) -> Result<(), Refusal> {
    check_control(class, control)?;
    require_computer(class, control, WORKSTATION_TRUST_ACCOUNT)
}

/// The same for an account that is there: a user may become a workstation's account, but no domain controller's.
pub(crate) fn check_control(class: &Class, control: i64) -> Result<(), Refusal> {
    if (control & KINDS).count_ones() > 1 {
        return Err(Refusal::new(
            ResultCode::Other,
            INVALID_PARAMETER,
            "userAccountControl",
        ));
    }
    require_computer(class, control, SERVER_TRUST_ACCOUNT)
}

/// Accounts of trusts are made with the trust, by the system, and not over LDAP.
pub(crate) fn check_no_trust(caller: &Caller<'_>, control: i64) -> Result<(), Refusal> {
    let is_system = caller.token.has(&security::Sid::LOCAL_SYSTEM);
    match control & INTERDOMAIN_TRUST_ACCOUNT != 0 && !is_system {
        true => Err(Refusal::access_denied()),
        false => Ok(()),
    }
}

fn require_computer(class: &Class, control: i64, kind: i64) -> Result<(), Refusal> {
    match control & kind != 0 && !class.is("computer") {
        true => Err(Refusal::object_class(CLASS_MISMATCH, "userAccountControl")),
        false => Ok(()),
    }
}

/// Clients set `pwdLastSet` to 0, a password to be changed, or to -1, now ([MS-SAMR] 3.1.1.8.8).
pub(crate) fn check_password_time(time: i64) -> Result<(), Refusal> {
    match time {
        0 | -1 => Ok(()),
        _ => Err(Refusal::new(
            ResultCode::Other,
            INVALID_PARAMETER,
            "pwdLastSet",
        )),
    }
}

/// The group that an account is in without being its member ([MS-SAMR] 3.1.1.8.10 "userAccountControl").
pub(crate) fn usual_group(control: i64) -> i64 {
    match control {
        _ if control & PARTIAL_SECRETS_ACCOUNT != 0 => 521,
        _ if control & WORKSTATION_TRUST_ACCOUNT != 0 => 515,
        _ if control & SERVER_TRUST_ACCOUNT != 0 => 516,
        _ => 513,
    }
}

/// Domain controllers are critical, other computers are not; `None` for what is no computer's account.
pub(crate) fn is_critical(control: i64) -> Option<bool> {
    match control {
        _ if control & SERVER_TRUST_ACCOUNT != 0 => Some(true),
        _ if control & WORKSTATION_TRUST_ACCOUNT != 0 => Some(false),
        _ => None,
    }
}

/// [MS-SAMR] 2.2.1.9 "ACCOUNT_TYPE Values", by 3.1.1.8.10 "userAccountControl".
pub(crate) fn type_of_account(control: i64) -> i64 {
    match control {
        _ if control & (WORKSTATION_TRUST_ACCOUNT | SERVER_TRUST_ACCOUNT) != 0 => 0x3000_0001,
        _ if control & INTERDOMAIN_TRUST_ACCOUNT != 0 => 0x3000_0002,
        _ => 0x3000_0000,
    }
}

/// [MS-SAMR] 2.2.1.9 "ACCOUNT_TYPE Values", by 3.1.1.8.1 "groupType".
pub(crate) fn type_of_group(kind: i64) -> i64 {
    let secures = kind & SECURITY != 0;
    let scope = match kind & (LOCAL | BUILT_IN) {
        0 => 0x1000_0000,
        _ => 0x2000_0000,
    };
    scope + i64::from(!secures)
}

/// A group has one scope; those of the built-in domain are the system's.
pub(crate) fn check_group_type(kind: i64, caller: &Caller<'_>) -> Result<(), Refusal> {
    let is_system = caller.token.has(&security::Sid::LOCAL_SYSTEM);
    match kind & !SECURITY & 0xffff_ffff {
        GLOBAL | LOCAL | UNIVERSAL => Ok(()),
        of_built_in if of_built_in == LOCAL | BUILT_IN && is_system => Ok(()),
        _ => Err(Refusal::unwilling(UNWILLING, "groupType")),
    }
}

/// Groups change from global or local to universal, and from there to any scope ([MS-SAMR] 3.1.1.8.1 "groupType").
pub(crate) fn check_group_change(before: i64, kind: i64) -> Result<(), Refusal> {
    let scope = |kind: i64| kind & (GLOBAL | LOCAL | UNIVERSAL);
    let (from, to) = (scope(before), scope(kind));
    match from == to || from == UNIVERSAL || to == UNIVERSAL {
        true => Ok(()),
        false => Err(Refusal::unwilling(UNWILLING, "groupType")),
    }
}

/// An account's primary group is one that it is a member of ([MS-SAMR] 3.1.1.8.2 "primaryGroupId").
pub(crate) fn check_primary_group(store: &Store, id: ObjectId, rid: i64) -> Result<(), Refusal> {
    let unwilling = || Refusal::unwilling(UNWILLING, "primaryGroupID");
    let account = store.get(id).ok_or_else(unwilling)?;
    if account.number(Attr::PrimaryGroupId) == Some(rid) {
        return Ok(());
    }
    let rid = u32::try_from(rid).map_err(|_| unwilling())?;
    let domain = account.sid().and_then(|sid| sid.domain());
    let group = domain.and_then(|domain| domain.with_rid(rid).ok());
    let group = group.and_then(|sid| {
        let found = store.find(Attr::ObjectSid, &sid.to_bytes());
        found.first().copied()
    });
    match group.is_some_and(|group| store.is_linked(group, Attr::Member, id)) {
        true => Ok(()),
        false => Err(unwilling()),
    }
}

/// What accounts and groups cannot be without.
pub(crate) fn check_kept(attribute: Attr) -> Result<(), Refusal> {
    match attribute {
        Attr::SamAccountName | Attr::UserAccountControl | Attr::PwdLastSet | Attr::LockoutTime => {
            Err(Refusal::unwilling(ILLEGAL_MOD_OPERATION, attribute.name()))
        }
        _ => Ok(()),
    }
}
