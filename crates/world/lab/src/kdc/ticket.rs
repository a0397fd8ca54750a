//! Tickets: what is in them, and the group memberships that travel along.
//!
//! Windows puts the SIDs of an account's groups into the ticket-granting ticket (the PAC, [MS-PAC]); whoever logs on
//! with an old ticket has the memberships of then. The lab does the same, with a list of SIDs in place of the PAC.

use rasn_kerberos::{
    AuthorizationData, AuthorizationDataValue, EncTicketPart, PrincipalName, Ticket, TicketFlags,
    TransitedEncoding,
};
use security::wire::Reader;
use security::{FileTime, Interval, Sid};

use super::keys::{Key, WrongKey};
use super::wire;
use crate::rules::token::Token;

/// Key usage numbers of RFC 4120 section 7.5.1.
const TICKET: i32 = 2;

/// RFC 4120 section 5.3: forwardable, renewable, initial, pre-authent.
pub(crate) const TICKET_FLAGS: u32 = 0x40e0_0000;
/// How long tickets last: the default of Windows domains.
pub(crate) const LIFETIME: Interval = Interval::from_hours(10);

/// RFC 4120 section 5.2.6: negative types are for local use.
const MEMBERSHIPS: i32 = -17_001;

/// A ticket's content.
pub(crate) struct TicketContent {
    pub(crate) session: Key,
    pub(crate) client: PrincipalName,
    pub(crate) token: Token,
    pub(crate) auth_time: FileTime,
    pub(crate) end_time: FileTime,
}

impl TicketContent {
    /// The ticket, for the account that has `key`.
    pub(crate) fn seal(
        &self,
        realm: &str,
        service: &PrincipalName,
        key: &Key,
    ) -> Result<Ticket, WrongKey> {
        let part = EncTicketPart {
            flags: TicketFlags(wire::flags(TICKET_FLAGS)),
            key: wire::key_on_wire(&self.session),
            crealm: wire::string(realm),
            cname: self.client.clone(),
            transited: TransitedEncoding {
                r#type: 1,
                contents: Vec::new().into(),
            },
            auth_time: wire::time(self.auth_time),
            start_time: Some(wire::time(self.auth_time)),
            end_time: wire::time(self.end_time),
            renew_till: Some(wire::time(self.end_time)),
            caddr: None,
            authorization_data: Some(memberships(&self.token)?),
        };
        let enc_part = wire::encrypted(key, TICKET, Some(2), &part)?;
        Ok(Ticket {
            tkt_vno: 5.into(),
            realm: wire::string(realm),
            sname: service.clone(),
            enc_part,
        })
    }

    pub(crate) fn open(ticket: &Ticket, key: &Key) -> Result<Self, WrongKey> {
        let part: EncTicketPart = wire::decrypted(key, TICKET, &ticket.enc_part)?;
        Ok(Self {
            session: wire::key(&part.key).ok_or(WrongKey)?,
            client: part.cname,
            token: token(part.authorization_data.as_ref()).ok_or(WrongKey)?,
            auth_time: wire::file_time(&part.auth_time),
            end_time: wire::file_time(&part.end_time),
        })
    }

    pub(crate) fn has_expired(&self, now: FileTime) -> bool {
        now > self.end_time.saturating_add(wire::MAX_SKEW)
    }
}

/// As AD-IF-RELEVANT: services that do not know it pass over it.
fn memberships(token: &Token) -> Result<AuthorizationData, WrongKey> {
    let sids: Vec<u8> = token.sids.iter().flat_map(Sid::to_bytes).collect();
    let own = vec![AuthorizationDataValue {
        r#type: MEMBERSHIPS,
        data: sids.into(),
    }];
    let own = rasn::der::encode(&own).map_err(|_| WrongKey)?;
    Ok(vec![AuthorizationDataValue {
        r#type: AuthorizationDataValue::IF_RELEVANT,
        data: own.into(),
    }])
}

fn token(data: Option<&AuthorizationData>) -> Option<Token> {
    let relevant = data?
        .iter()
        .find(|value| value.r#type == AuthorizationDataValue::IF_RELEVANT)?;
    let inner: AuthorizationData = rasn::der::decode(&relevant.data).ok()?;
    let sids = inner
        .into_iter()
        .find(|value| value.r#type == MEMBERSHIPS)?
        .data;
    let mut reader = Reader::new(&sids);
    let mut token = Token::default();
    while !reader.rest().is_empty() {
        token.sids.push(Sid::read(&mut reader).ok()?);
    }
    Some(token)
}
