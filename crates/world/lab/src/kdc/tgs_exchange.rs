//! The ticket-granting service: from a ticket-granting ticket to one for a service (RFC 4120 section 3.3).
//!
//! The checksum over the request's body is not compared: who could forge it here has the session key.

use rasn_kerberos::{ApReq, Authenticator, EncTgsRepPart, KdcRep, KdcReq, PrincipalName, TgsRep};
use security::FileTime;

use super::failure::{Code, KdcFailure};
use super::keys::Key;
use super::principals;
use super::ticket::TicketContent;
use super::{as_exchange, wire};
use crate::directory::Directory;

// RFC 4120 section 7.5.2 and 7.5.1.
const PA_TGS_REQ: i32 = 1;
const USAGE_AUTHENTICATOR: i32 = 7;
const USAGE_SESSION_KEY: i32 = 8;
const USAGE_SUB_KEY: i32 = 9;
/// RFC 4120 section 5.4.1: enc-tkt-in-skey.
const USER_TO_USER: u32 = 0x8;

/// Answers a TGS-REQ.
pub(crate) fn answer(
    directory: &Directory,
    request: &KdcReq,
    now: FileTime,
) -> Result<Vec<u8>, KdcFailure> {
    let padata = request
        .padata
        .iter()
        .flatten()
        .find(|padata| padata.r#type == PA_TGS_REQ);
    let padata = padata.ok_or(Code::BAD_INTEGRITY)?;
    let ap_req: ApReq = rasn::der::decode(&padata.value).map_err(|_| Code::BAD_INTEGRITY)?;
    let granting =
        TicketContent::open(&ap_req.ticket, directory.krbtgt()).map_err(|_| Code::BAD_INTEGRITY)?;
    let authenticator: Authenticator = wire::decrypted(
        &granting.session,
        USAGE_AUTHENTICATOR,
        &ap_req.authenticator,
    )
    .map_err(|_| Code::BAD_INTEGRITY)?;
    check(&granting, &authenticator, now)?;
    if wire::bits(&request.req_body.kdc_options.0) & USER_TO_USER != 0 {
        return Err(Code::BAD_OPTION.into());
    }
    let service = request.req_body.sname.clone().ok_or(Code::SERVER_UNKNOWN)?;
    let sub_key = authenticator.subkey.as_ref().and_then(wire::key);
    grant(directory, request, granting, sub_key, &service)
}

fn check(
    granting: &TicketContent,
    authenticator: &Authenticator,
    now: FileTime,
) -> Result<(), Code> {
    if authenticator.cname.string != granting.client.string {
        return Err(Code::BAD_INTEGRITY);
    }
    if wire::is_skewed(wire::file_time(&authenticator.ctime), now) {
        return Err(Code::SKEW);
    }
    if granting.has_expired(now) {
        return Err(Code::TICKET_EXPIRED);
    }
    Ok(())
}

/// The key that a service's tickets are sealed with.
pub(crate) fn service_key(
    directory: &Directory,
    service: &PrincipalName,
) -> Result<Key, KdcFailure> {
    let (id, kinds) = directory.read(|store| {
        let id = principals::service(store, service)?;
        Ok::<_, Code>((
            id,
            store
                .get(id)
                .map(principals::allowed_types)
                .unwrap_or_default(),
        ))
    })?;
    let keys = principals::account_keys(directory, id).ok_or(Code::SERVER_UNKNOWN)?;
    let kind = kinds.first().ok_or(Code::ENCRYPTION_TYPE)?;
    let key = keys.key(*kind).ok_or(Code::ENCRYPTION_TYPE)?;
    Key::new(key.encryption_type(), key.expose_bytes()).ok_or_else(|| Code::ENCRYPTION_TYPE.into())
}

fn grant(
    directory: &Directory,
    request: &KdcReq,
    granting: TicketContent,
    sub_key: Option<Key>,
    service: &PrincipalName,
) -> Result<Vec<u8>, KdcFailure> {
    let realm = directory.forest.realm();
    let is_granting = service
        .string
        .first()
        .is_some_and(|name| wire::text(name).eq_ignore_ascii_case("krbtgt"));
    let key = if is_granting {
        None
    } else {
        Some(service_key(directory, service)?)
    };
    let wanted = &request.req_body.etype;
    let kind = [granting.session.encryption_type(), 18, 17]
        .into_iter()
        .find(|kind| wanted.contains(kind));
    let content = TicketContent {
        session: Key::random(kind.ok_or(Code::ENCRYPTION_TYPE)?),
        ..granting_copy(&granting)
    };
    let generic = |_| KdcFailure::from(Code::GENERIC);
    let ticket = content
        .seal(&realm, service, key.as_ref().unwrap_or(directory.krbtgt()))
        .map_err(generic)?;
    let part = EncTgsRepPart(as_exchange::reply_part(
        &content,
        request.req_body.nonce,
        &realm,
        service,
    ));
    let (reply_key, usage) = match &sub_key {
        Some(sub_key) => (sub_key, USAGE_SUB_KEY),
        None => (&granting.session, USAGE_SESSION_KEY),
    };
    let reply = TgsRep(KdcRep {
        pvno: 5.into(),
        msg_type: 13.into(),
        padata: None,
        crealm: wire::string(&realm),
        cname: content.client.clone(),
        ticket,
        enc_part: wire::encrypted(reply_key, usage, None, &part).map_err(generic)?,
    });
    rasn::der::encode(&reply).map_err(|_| Code::GENERIC.into())
}

/// INVARIANT: a service ticket carries the memberships of its ticket-granting ticket, however old those are.
fn granting_copy(granting: &TicketContent) -> TicketContent {
    TicketContent {
        session: Key::random(granting.session.encryption_type()),
        client: granting.client.clone(),
        token: granting.token.clone(),
        auth_time: granting.auth_time,
        end_time: granting.end_time,
    }
}
