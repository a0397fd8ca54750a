//! From a client's AP-REQ to an established context (RFC 4121 section 4.1, "Context Establishment Tokens").

use std::sync::Arc;

use rasn_kerberos::{ApRep, ApReq, Authenticator, EncApRepPart};

use super::Rejected;
use super::framing::{self, KRB5, MS_KRB5};
use super::seal::Seal;
use crate::directory::Directory;
use crate::kdc::{Key, TicketContent, principals, wire};
use crate::random;
use crate::rules::token::Token;
use crate::store::schema::Attr;

const AP_REQ: [u8; 2] = [0x01, 0x00];
const AP_REP: [u8; 2] = [0x02, 0x00];

// RFC 4120 section 7.5.1, "Key Usage Numbers".
const USAGE_AUTHENTICATOR: i32 = 11;
const USAGE_AP_REP: i32 = 12;
/// RFC 4120 section 5.5.1: mutual-required.
const MUTUAL_REQUIRED: u32 = 0x2000_0000;

// RFC 4121 section 4.1.1, "Authenticator Checksum".
const CHECKSUM_TYPE: i32 = 0x8003;
const GSS_C_CONF_FLAG: u32 = 16;
const GSS_C_INTEG_FLAG: u32 = 32;

/// How an established connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    Nothing,
    Signed,
    Sealed,
}

/// A client that has proved who it is.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// For the client; empty when it wants no proof of the server.
    pub(crate) reply: Vec<u8>,
    pub(crate) token: Token,
    /// `CONTOSO\svc`
    pub(crate) user: String,
    pub(crate) seal: Seal,
    /// What the client asked for.
    pub(crate) protection: Protection,
}

/// Accepts a Kerberos token for one of the domain controller's own services.
pub(crate) fn accept(directory: &Arc<Directory>, token: &[u8]) -> Result<Accepted, Rejected> {
    accept_as(
        &directory.authority(),
        &format!("{}$", directory.forest.controller),
        token,
    )
}

/// Accepts a Kerberos token for any service of this account.
pub(crate) fn accept_as(
    directory: &Directory,
    account: &str,
    token: &[u8],
) -> Result<Accepted, Rejected> {
    let (mechanism, content) = framing::open(token)?;
    let ap_req = content
        .strip_prefix(&AP_REQ)
        .filter(|_| [KRB5, MS_KRB5].contains(&mechanism))
        .ok_or(Rejected::Token)?;
    let ap_req: ApReq = rasn::der::decode(ap_req).map_err(|_| Rejected::Token)?;
    let content = open_ticket(directory, account, &ap_req)?;
    let authenticator: Authenticator =
        wire::decrypted(&content.session, USAGE_AUTHENTICATOR, &ap_req.authenticator)
            .map_err(|_| Rejected::Ticket)?;
    check(directory, &content, &authenticator)?;

    let own_key = Key::random(content.session.encryption_type());
    let sequence = u32::from_be_bytes(random::bytes()) >> 2;
    let mutual = wire::bits(&ap_req.ap_options.0) & MUTUAL_REQUIRED != 0;
    let reply = if mutual {
        reply(&content, &authenticator, &own_key, sequence)?
    } else {
        Vec::new()
    };
    let theirs = authenticator.subkey.as_ref().and_then(wire::key);
    let seal = match mutual {
        true => Seal {
            key: own_key,
            own_sub_key: true,
            sequence: sequence.into(),
        },
        false => {
            let sequence = authenticator.seq_number.unwrap_or(0).into();
            Seal {
                key: theirs.unwrap_or(content.session),
                own_sub_key: false,
                sequence,
            }
        }
    };
    let user = format!(
        "{}\\{}",
        directory.forest.netbios_name,
        wire::joined(&content.client)
    );
    Ok(Accepted {
        reply,
        token: content.token,
        user,
        seal,
        protection: protection(&authenticator),
    })
}

/// Any SPN of the account may be named: they are all its own.
fn open_ticket(
    directory: &Directory,
    account: &str,
    ap_req: &ApReq,
) -> Result<TicketContent, Rejected> {
    let service = directory.read(|store| {
        let id = principals::service(store, &ap_req.ticket.sname).ok()?;
        let name = store.get(id)?.text(Attr::SamAccountName)?;
        name.eq_ignore_ascii_case(account).then_some(id)
    });
    let keys = principals::account_keys(directory, service.ok_or(Rejected::Token)?)
        .ok_or(Rejected::Ticket)?;
    let mut opened = keys
        .of_type(ap_req.ticket.enc_part.etype)
        .map(|key| TicketContent::open(&ap_req.ticket, key));
    opened.find_map(Result::ok).ok_or(Rejected::Ticket)
}

fn check(
    directory: &Directory,
    content: &TicketContent,
    authenticator: &Authenticator,
) -> Result<(), Rejected> {
    let now = wire::now(directory.kerberos_skew());
    let same_client = authenticator.cname.string == content.client.string;
    let skewed = wire::is_skewed(wire::file_time(&authenticator.ctime), now);
    if same_client && !skewed && !content.has_expired(now) {
        Ok(())
    } else {
        Err(Rejected::Ticket)
    }
}

/// RFC 4120 section 5.5.2, "KRB_AP_REP Definition".
fn reply(
    content: &TicketContent,
    authenticator: &Authenticator,
    key: &Key,
    sequence: u32,
) -> Result<Vec<u8>, Rejected> {
    let part = EncApRepPart {
        ctime: authenticator.ctime.clone(),
        cusec: authenticator.cusec.clone(),
        subkey: Some(wire::key_on_wire(key)),
        seq_number: Some(sequence),
    };
    let enc_part = wire::encrypted(&content.session, USAGE_AP_REP, None, &part)
        .map_err(|_| Rejected::Ticket)?;
    let message = ApRep {
        pvno: 5.into(),
        msg_type: 15.into(),
        enc_part,
    };
    let message = rasn::der::encode(&message).map_err(|_| Rejected::Ticket)?;
    Ok(framing::close(KRB5, &[&AP_REP[..], &message].concat()))
}

fn protection(authenticator: &Authenticator) -> Protection {
    let checksum = authenticator
        .cksum
        .as_ref()
        .filter(|checksum| checksum.r#type == CHECKSUM_TYPE);
    let flags = checksum.and_then(|checksum| {
        checksum
            .checksum
            .get(20..24)?
            .first_chunk()
            .map(|flags| u32::from_le_bytes(*flags))
    });
    match flags.unwrap_or(0) {
        flags if flags & GSS_C_CONF_FLAG != 0 => Protection::Sealed,
        flags if flags & GSS_C_INTEG_FLAG != 0 => Protection::Signed,
        _ => Protection::Nothing,
    }
}
