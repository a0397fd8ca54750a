//! NTLM inside GSS-SPNEGO, with negotiation around it or without ([MS-ADTS] 5.1.1.1.2 "SASL Authentication").

use managed_password::NtHash;
use rasn_ldap::ResultCode;

use super::who::{LOGON_FAILURE, NO_SUCH_USER, account, may_log_on};
use super::{Connection, Negotiation, Step, denied, in_progress};
use crate::directory::Directory;
use crate::gss::acceptor::Protection;
use crate::gss::ntlm::{Claim, Exchange, NTLMSSP, Proved, channel_binding};
use crate::gss::{Layer, Rejected, spnego};
use crate::rules::lockout::{count_wrong_password, forget_wrong_passwords};
use crate::rules::refusal::Refusal;
use crate::store::object::ObjectId;

/// An NTLM log-on after the server's challenge.
pub(crate) struct NtlmLogon {
    exchange: Exchange,
    /// The mechanisms that the client offered, where it negotiates.
    mechanisms: Option<Vec<u8>>,
}

impl Connection {
    /// Answers the client's first message with a challenge.
    pub(super) fn begin_ntlm(&mut self, message: &[u8], mechanisms: Option<&[u8]>) -> Step {
        let Ok(exchange) = Exchange::begin(&self.directory, message) else {
            return (denied(LOGON_FAILURE).into(), None);
        };
        let challenge = match mechanisms {
            Some(_) => spnego::goes_on(NTLMSSP, &exchange.challenge),
            None => exchange.challenge.clone(),
        };
        let mechanisms = mechanisms.map(<[u8]>::to_vec);
        self.negotiation = Some(Negotiation::Ntlm(Box::new(NtlmLogon {
            exchange,
            mechanisms,
        })));
        in_progress(challenge)
    }

    /// Takes the client's proof.
    pub(super) fn finish_ntlm(&mut self, logon: &NtlmLogon, token: &[u8]) -> Step {
        self.log_off();
        match self.prove(logon, token) {
            Ok(step) => step,
            Err(refusal) => (refusal.into(), None),
        }
    }

    fn prove(&mut self, logon: &NtlmLogon, token: &[u8]) -> Result<Step, Refusal> {
        let malformed = |_| denied(LOGON_FAILURE);
        let (message, code) = match &logon.mechanisms {
            None => (token, None),
            Some(_) => {
                let answer = spnego::open_answer(token).map_err(malformed)?;
                (answer.token, answer.integrity_code)
            }
        };
        let claim = Exchange::claim(message).map_err(malformed)?;
        let directory = self.directory.authority();
        let id = named(&directory, &claim).ok_or_else(|| denied(NO_SUCH_USER))?;
        let hash = nt_hash(&directory, id).ok_or_else(|| denied(LOGON_FAILURE))?;
        let binding = self
            .tls
            .then(|| channel_binding(&self.certificate.end_point));
        let proved = logon.exchange.finish(message, &hash, binding);
        let proved = proved.map_err(|rejected| match rejected {
            Rejected::Binding => not_bound(),
            Rejected::Password => {
                let (forest, now) = (&directory.forest, directory.now());
                directory.write(|store| count_wrong_password(forest, store, id, now));
                denied(LOGON_FAILURE)
            }
            _ => denied(LOGON_FAILURE),
        })?;
        directory.write(|store| forget_wrong_passwords(store, id));
        let (token, user) = directory
            .read(|store| may_log_on(&directory, store, id))
            .map_err(denied)?;
        let protection = match (proved.seals(), proved.signs()) {
            (true, _) => Protection::Sealed,
            (false, true) => Protection::Signed,
            (false, false) => Protection::Nothing,
        };
        if let Some(refusal) = self.unfit(protection) {
            return Err(refusal);
        }
        let (reply, sequence) = match &logon.mechanisms {
            None => (Vec::new(), 0),
            Some(mechanisms) => closing(&proved, mechanisms, code)?,
        };
        (self.token, self.user) = (token, user);
        Ok(self.logged_on(reply, Layer::Ntlm(proved.seal(sequence)), protection))
    }
}

/// The last token of a negotiation, and the number of the first message after it. Signing the mechanisms counts as a
/// message, but has no effect on the keys ([MS-SPNG] 3.3.5.1 "NTLM RC4 Key State for MechListMIC and First Signed
/// Message").
fn closing(
    proved: &Proved,
    mechanisms: &[u8],
    code: Option<&[u8]>,
) -> Result<(Vec<u8>, u32), Refusal> {
    let mut seal = proved.seal(0);
    match code {
        None => Ok((spnego::completed(&[]), 0)),
        Some(code) if seal.is_signed(mechanisms, code) => {
            let own = seal.integrity_code(mechanisms);
            Ok((spnego::completed(&own), 1))
        }
        Some(_) => Err(denied(LOGON_FAILURE)),
    }
}

fn named(directory: &Directory, claim: &Claim) -> Option<ObjectId> {
    let Claim { user, domain } = claim;
    let domain = match domain.is_empty() {
        true if user.contains('@') => {
            return directory.read(|store| account(directory, store, user));
        }
        // A client that names no domain means the server's.
        true => &directory.forest.netbios_name,
        false => domain,
    };
    directory.read(|store| account(directory, store, &format!("{domain}\\{user}")))
}

/// The NT hash of an account that has a password of its own: a gMSA logs on by Kerberos, in the lab.
fn nt_hash(directory: &Directory, id: ObjectId) -> Option<NtHash> {
    let secret = directory.read(|store| store.get(id)?.secret.clone())?;
    let text = std::str::from_utf8(secret.expose_utf8()?).ok()?;
    Some(NtHash::of_text(text))
}

fn not_bound() -> Refusal {
    let words =
        "LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 80090346, v4563";
    Refusal::new(ResultCode::InvalidCredentials, 0x8009_0346, words)
}
