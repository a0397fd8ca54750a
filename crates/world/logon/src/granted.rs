//! A ticket-granting ticket from a cache, in place of an AS exchange.
//!
//! `sspi` knows log-ons by password or key only. So it logs on with a key that is made for this one occasion, and its
//! AS requests never leave this machine: they are answered here as a key distribution centre would, with the cached
//! ticket and its session key sealed under that key. Everything after that is real.

use rasn::types::GeneralizedTime;
use rasn_kerberos::{
    AsRep, AsReq, EncAsRepPart, EncKdcRepPart, EncryptedData, EncryptionKey, KdcRep, KerberosTime,
    KrbError, LastReqValue, PrincipalName, Realm, Ticket, TicketFlags,
};
use std::time::Duration;
use zeroize::Zeroizing;

use crate::kdc_error::KdcError;
use crate::secret::KerberosKey;
use crate::security::cipher_suite;
use crate::ticket_cache::GrantingTicket;
use crate::ticket_file::Principal;

/// RFC 4120 section 7.5.2, "PreAuthentication Data Types".
const PA_ENC_TIMESTAMP: i32 = 2;
/// RFC 4120 section 7.5.1, "Key Usage Numbers".
const USAGE_AS_REP: i32 = 3;

/// Answers AS requests with one cached ticket.
pub(crate) struct Granted {
    ticket: GrantingTicket,
    session_key: KerberosKey,
    /// Made for this log-on; of the session key's type, which sspi expects.
    once: KerberosKey,
}

impl Granted {
    /// `None` when the system has no randomness, or the ticket's key is of no use.
    pub(crate) fn new(mut ticket: GrantingTicket) -> Option<Self> {
        let session_key = ticket.ticket.session_key.take()?;
        let kind = session_key.encryption_type();
        let mut random = vec![0; kind.key_len()];
        getrandom::fill(&mut random).ok()?;
        let once = KerberosKey::new(kind, random)?;
        Some(Self {
            ticket,
            session_key,
            once,
        })
    }

    pub(crate) fn holder(&self) -> String {
        self.ticket.client.to_string()
    }

    /// What sspi logs on with.
    pub(crate) fn key(&self) -> &KerberosKey {
        &self.once
    }

    /// The answer to an AS-REQ, with its 4 bytes of length; `None` for any other message.
    pub(crate) fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        let request: AsReq = rasn::der::decode(request.get(4..)?).ok()?;
        let has_proof = request
            .0
            .padata
            .iter()
            .flatten()
            .any(|data| data.r#type == PA_ENC_TIMESTAMP);
        let reply = if has_proof {
            self.reply(request.0.req_body.nonce)?
        } else {
            rasn::der::encode(&self.proof_wanted()?).ok()?
        };
        let length = u32::try_from(reply.len()).ok()?;
        Some([&length.to_be_bytes()[..], &reply].concat())
    }

    fn proof_wanted(&self) -> Option<KrbError> {
        Some(KrbError {
            pvno: 5.into(),
            msg_type: 30.into(),
            ctime: None,
            cusec: None,
            stime: time(self.ticket.ticket.auth_time),
            susec: 0.into(),
            error_code: i32::try_from(KdcError::PREAUTH_REQUIRED).ok()?,
            crealm: None,
            cname: None,
            realm: realm(&self.ticket.client.realm)?,
            sname: name(&self.ticket.ticket.server)?,
            e_text: None,
            e_data: None,
        })
    }

    /// RFC 4120 section 5.4.2, "KRB_KDC_REP Definition".
    fn reply(&self, nonce: u32) -> Option<Vec<u8>> {
        let (client, cached) = (&self.ticket.client, &self.ticket.ticket);
        let part = EncAsRepPart(EncKdcRepPart {
            key: EncryptionKey {
                r#type: self.session_key.encryption_type().number().into(),
                value: self.session_key.expose_bytes().to_vec().into(),
            },
            last_req: vec![LastReqValue {
                r#type: 0,
                value: time(cached.auth_time),
            }],
            nonce,
            key_expiration: None,
            flags: TicketFlags(rasn_kerberos::KerberosFlags::from_slice(
                &cached.flags.to_be_bytes(),
            )),
            auth_time: time(cached.auth_time),
            start_time: Some(time(cached.start_time)),
            end_time: time(cached.end_time),
            renew_till: Some(time(cached.renew_till)),
            srealm: realm(&cached.server.realm)?,
            sname: name(&cached.server)?,
            caddr: None,
            encrypted_pa_data: None,
        });
        let plain = Zeroizing::new(rasn::der::encode(&part).ok()?);
        let kind = self.once.encryption_type();
        let cipher = cipher_suite(kind)
            .cipher()
            .encrypt(self.once.expose_bytes(), USAGE_AS_REP, &plain)
            .ok()?;
        let reply = AsRep(KdcRep {
            pvno: 5.into(),
            msg_type: 11.into(),
            padata: None,
            crealm: realm(&client.realm)?,
            cname: name(client)?,
            ticket: rasn::der::decode::<Ticket>(&cached.ticket).ok()?,
            enc_part: EncryptedData {
                etype: kind.number().into(),
                kvno: None,
                cipher: cipher.into(),
            },
        });
        rasn::der::encode(&reply).ok()
    }
}

fn realm(text: &str) -> Option<Realm> {
    Realm::from_bytes(text.as_bytes()).ok()
}

fn name(principal: &Principal) -> Option<PrincipalName> {
    let parts = principal
        .components
        .iter()
        .map(|part| realm(part))
        .collect::<Option<_>>()?;
    Some(PrincipalName {
        r#type: i32::try_from(principal.name_type).ok()?,
        string: parts,
    })
}

fn time(seconds: u32) -> KerberosTime {
    KerberosTime(GeneralizedTime::default() + Duration::from_secs(seconds.into()))
}
