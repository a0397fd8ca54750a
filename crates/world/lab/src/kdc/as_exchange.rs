//! The authentication service: from a password or key to a ticket-granting ticket (RFC 4120 section 3.1).

use rasn_kerberos::{
    AsRep, EncAsRepPart, EncKdcRepPart, EncryptedData, EtypeInfo2Entry, KdcRep, KdcReq,
    LastReqValue, PaData, PaEncTsEnc, PrincipalName, TicketFlags,
};
use security::FileTime;

use super::failure::{Code, KdcFailure};
use super::keys::Key;
use super::principals::{self, AccountKeys};
use super::ticket::{LIFETIME, TICKET_FLAGS, TicketContent};
use super::wire;
use crate::directory::Directory;
use crate::rules::accounts::ACCOUNT_DISABLE;
use crate::rules::constructed::is_locked_out;
use crate::rules::lockout::{count_wrong_password, forget_wrong_passwords};
use crate::rules::token::Token;
use crate::store::Store;
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

// RFC 4120 section 7.5.2, "Pre-Authentication Data Types", and 7.5.1, "Key Usage Numbers".
const PA_ENC_TIMESTAMP: i32 = 2;
const PA_ETYPE_INFO2: i32 = 19;
const USAGE_TIMESTAMP: i32 = 1;
const USAGE_AS_REP: i32 = 3;

// [MS-ERREF] 2.3.1 "NTSTATUS Values".
const STATUS_ACCOUNT_DISABLED: u32 = 0xc000_0072;
const STATUS_ACCOUNT_EXPIRED: u32 = 0xc000_0193;
const STATUS_ACCOUNT_LOCKED_OUT: u32 = 0xc000_0234;
const STATUS_PASSWORD_MUST_CHANGE: u32 = 0xc000_0224;

/// Who logs on, and with what.
struct Account {
    id: ObjectId,
    name: String,
    token: Token,
    keys: AccountKeys,
    encryption_types: Vec<i32>,
}

/// Answers an AS-REQ.
pub(crate) fn answer(
    directory: &Directory,
    request: &KdcReq,
    now: FileTime,
) -> Result<Vec<u8>, KdcFailure> {
    let body = &request.req_body;
    check_realm(directory, &wire::text(&body.realm))?;
    let account = account(directory, body.cname.as_ref().ok_or(Code::CLIENT_UNKNOWN)?)?;
    let allowed: Vec<i32> = body
        .etype
        .iter()
        .copied()
        .filter(|kind| account.encryption_types.contains(kind))
        .collect();
    if allowed.is_empty() {
        return Err(Code::ENCRYPTION_TYPE.into());
    }
    let padata = request
        .padata
        .iter()
        .flatten()
        .find(|padata| padata.r#type == PA_ENC_TIMESTAMP);
    let Some(padata) = padata else {
        return Err(KdcFailure {
            code: Code::PREAUTH_REQUIRED,
            data: method_data(&account, &allowed),
        });
    };
    let timestamp: EncryptedData =
        rasn::der::decode(&padata.value).map_err(|_| Code::PREAUTH_FAILED)?;
    let Some(key) = prove(&account, &timestamp, now)? else {
        let (forest, now) = (&directory.forest, directory.now());
        directory.write(|store| count_wrong_password(forest, store, account.id, now));
        return Err(KdcFailure {
            code: Code::PREAUTH_FAILED,
            data: method_data(&account, &allowed),
        });
    };
    directory.write(|store| forget_wrong_passwords(store, account.id));
    grant(directory, request, &account, key, now)
}

fn check_realm(directory: &Directory, realm: &str) -> Result<(), Code> {
    let forest = &directory.forest;
    let ours = [&forest.dns_name, &forest.netbios_name]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(realm));
    if ours { Ok(()) } else { Err(Code::WRONG_REALM) }
}

fn account(directory: &Directory, name: &PrincipalName) -> Result<Account, KdcFailure> {
    let (id, name, token, encryption_types) = directory.read(|store| {
        let id = principals::client(directory, store, name).ok_or(Code::CLIENT_UNKNOWN)?;
        check_restrictions(directory, store, id)?;
        let object = store.get(id).ok_or(Code::CLIENT_UNKNOWN)?;
        let name = object
            .text(Attr::SamAccountName)
            .unwrap_or_default()
            .to_owned();
        Ok::<_, KdcFailure>((
            id,
            name,
            Token::of(store, id),
            principals::allowed_types(object),
        ))
    })?;
    let keys = principals::account_keys(directory, id).ok_or(Code::CLIENT_UNKNOWN)?;
    Ok(Account {
        id,
        name,
        token,
        keys,
        encryption_types,
    })
}

/// [MS-KILE] 3.3.5.7.1 "Check Account Policy for Every Session Ticket Request".
fn check_restrictions(
    directory: &Directory,
    store: &Store,
    id: ObjectId,
) -> Result<(), KdcFailure> {
    let object = store.get(id).ok_or(Code::CLIENT_UNKNOWN)?;
    let (anonymous, number) = (Token::default(), |attribute| {
        object.number(attribute).unwrap_or(0)
    });
    let caller = directory.caller(&anonymous, true);
    let expires = u64::try_from(number(Attr::AccountExpires)).unwrap_or(0);
    let has_expired = expires != 0 && FileTime::from_ticks(expires) <= caller.now;
    let must_change = object.text(Attr::PwdLastSet) == Some("0") && !object.class.is("computer");
    if number(Attr::UserAccountControl) & ACCOUNT_DISABLE != 0 {
        Err(KdcFailure::with_status(
            Code::CLIENT_REVOKED,
            STATUS_ACCOUNT_DISABLED,
        ))
    } else if is_locked_out(&caller, store, object) {
        Err(KdcFailure::with_status(
            Code::CLIENT_REVOKED,
            STATUS_ACCOUNT_LOCKED_OUT,
        ))
    } else if has_expired {
        Err(KdcFailure::with_status(
            Code::CLIENT_REVOKED,
            STATUS_ACCOUNT_EXPIRED,
        ))
    } else if must_change {
        Err(KdcFailure::with_status(
            Code::KEY_EXPIRED,
            STATUS_PASSWORD_MUST_CHANGE,
        ))
    } else {
        Ok(())
    }
}

/// RFC 4120 section 5.2.7.5, "PA-ETYPE-INFO2": how to make the key of the password.
fn etype_info(account: &Account, kinds: &[i32]) -> Option<PaData> {
    let salt = Some(wire::string(&account.keys.salt));
    let entry = |kind: &i32| EtypeInfo2Entry {
        etype: *kind,
        salt: salt.clone(),
        s2kparams: None,
    };
    let entries: Vec<EtypeInfo2Entry> = kinds.iter().map(entry).collect();
    Some(PaData {
        r#type: PA_ETYPE_INFO2,
        value: rasn::der::encode(&entries).ok()?.into(),
    })
}

fn method_data(account: &Account, kinds: &[i32]) -> Option<Vec<u8>> {
    let timestamp = PaData {
        r#type: PA_ENC_TIMESTAMP,
        value: Vec::new().into(),
    };
    rasn::der::encode(&vec![etype_info(account, kinds)?, timestamp]).ok()
}

/// The account's key that the time was encrypted with.
fn prove<'a>(
    account: &'a Account,
    timestamp: &EncryptedData,
    now: FileTime,
) -> Result<Option<&'a Key>, Code> {
    let opened = account.keys.of_type(timestamp.etype).find_map(|key| {
        let stamp: PaEncTsEnc = wire::decrypted(key, USAGE_TIMESTAMP, timestamp).ok()?;
        Some((key, wire::file_time(&stamp.patimestamp)))
    });
    match opened {
        Some((_, theirs)) if wire::is_skewed(theirs, now) => Err(Code::SKEW),
        Some((key, _)) => Ok(Some(key)),
        None => Ok(None),
    }
}

fn grant(
    directory: &Directory,
    request: &KdcReq,
    account: &Account,
    key: &Key,
    now: FileTime,
) -> Result<Vec<u8>, KdcFailure> {
    let realm = directory.forest.realm();
    let service = request.req_body.sname.clone().ok_or(Code::SERVER_UNKNOWN)?;
    let ticket_key = match &service.string[..] {
        [name, _] if wire::text(name).eq_ignore_ascii_case("krbtgt") => None,
        _ => Some(super::tgs_exchange::service_key(directory, &service)?),
    };
    let content = TicketContent {
        session: Key::random(key.encryption_type()),
        client: wire::principal(wire::NT_PRINCIPAL, &[&account.name]),
        token: account.token.clone(),
        auth_time: now,
        end_time: now.saturating_add(LIFETIME),
    };
    let generic = |_| KdcFailure::from(Code::GENERIC);
    let ticket = content
        .seal(
            &realm,
            &service,
            ticket_key.as_ref().unwrap_or(directory.krbtgt()),
        )
        .map_err(generic)?;
    let part = EncAsRepPart(reply_part(
        &content,
        request.req_body.nonce,
        &realm,
        &service,
    ));
    let reply = AsRep(KdcRep {
        pvno: 5.into(),
        msg_type: 11.into(),
        padata: etype_info(account, &[key.encryption_type()]).map(|info| vec![info]),
        crealm: wire::string(&realm),
        cname: content.client.clone(),
        ticket,
        enc_part: wire::encrypted(key, USAGE_AS_REP, Some(2), &part).map_err(generic)?,
    });
    rasn::der::encode(&reply).map_err(|_| Code::GENERIC.into())
}

/// What only the client can read of a reply.
pub(crate) fn reply_part(
    content: &TicketContent,
    nonce: u32,
    realm: &str,
    service: &PrincipalName,
) -> EncKdcRepPart {
    EncKdcRepPart {
        key: wire::key_on_wire(&content.session),
        last_req: vec![LastReqValue {
            r#type: 0,
            value: wire::time(content.auth_time),
        }],
        nonce,
        key_expiration: None,
        flags: TicketFlags(wire::flags(TICKET_FLAGS)),
        auth_time: wire::time(content.auth_time),
        start_time: Some(wire::time(content.auth_time)),
        end_time: wire::time(content.end_time),
        renew_till: Some(wire::time(content.end_time)),
        srealm: wire::string(realm),
        sname: service.clone(),
        caddr: None,
        encrypted_pa_data: None,
    }
}
