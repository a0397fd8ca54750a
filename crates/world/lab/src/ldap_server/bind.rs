//! Logging on: anonymous, simple over TLS, GSSAPI and GSS-SPNEGO.

mod ntlm;
mod who;

use rasn_ldap::{AuthenticationChoice, BindRequest, ResultCode};

use self::ntlm::NtlmLogon;
use self::who::{LOGON_FAILURE, check_password};
use super::connection::{Connection, End};
use super::encode::{Outcome, ResponseTag};
use crate::gss::acceptor::{self, Accepted, Protection};
use crate::gss::ntlm::{NTLMSSP, is_message};
use crate::gss::{Layer, spnego};
use crate::rules::refusal::Refusal;
use crate::rules::token::Token;

/// RFC 4752 section 3.1: security layers, as bits.
const NO_LAYER: u8 = 1;
const INTEGRITY: u8 = 2;
const CONFIDENTIALITY: u8 = 4;
/// Longest SASL buffer that the server takes: 10 MiB.
const MAX_BUFFER: [u8; 3] = [0xa0, 0x00, 0x00];

/// A log-on between its steps.
pub(crate) enum Negotiation {
    /// GSSAPI.
    Gssapi {
        accepted: Box<Accepted>,
        /// The server has made its offer.
        offered: bool,
    },
    /// NTLM: the server has sent its challenge.
    Ntlm(Box<NtlmLogon>),
}

/// What a step of a log-on ends with: the answer, and what protects the bytes after it.
type Step = (Outcome, Option<(Layer, Protection)>);

impl Connection {
    pub(super) async fn bind(&mut self, id: u32, request: BindRequest) -> Result<(), End> {
        if request.version != 3 {
            return self
                .respond(
                    id,
                    ResponseTag::BIND,
                    Outcome::code(ResultCode::ProtocolError),
                )
                .await;
        }
        match request.authentication {
            AuthenticationChoice::Simple(password) => {
                let outcome = self.simple(&request.name, &password);
                self.respond(id, ResponseTag::BIND, outcome).await
            }
            AuthenticationChoice::Sasl(sasl) => {
                let credentials = sasl.credentials.as_deref().unwrap_or_default();
                let (outcome, protection) = match sasl.mechanism.to_ascii_uppercase().as_str() {
                    "GSS-SPNEGO" => self.spnego(credentials),
                    "GSSAPI" => self.gssapi(credentials),
                    _ => (Outcome::code(ResultCode::AuthMethodNotSupported), None),
                };
                // The answer itself is still unprotected.
                self.respond(id, ResponseTag::BIND, outcome).await?;
                if let Some(protection) = protection {
                    self.protection = Some(protection);
                }
                Ok(())
            }
            _ => {
                self.respond(
                    id,
                    ResponseTag::BIND,
                    Outcome::code(ResultCode::AuthMethodNotSupported),
                )
                .await
            }
        }
    }

    /// RFC 4513 section 5.1.
    fn simple(&mut self, name: &str, password: &[u8]) -> Outcome {
        self.log_off();
        if name.is_empty() && password.is_empty() {
            return Outcome::success();
        }
        if !self.tls {
            return stronger_auth().into();
        }
        let directory = self.directory.authority();
        match directory.read(|store| check_password(&directory, store, name, password)) {
            Ok((token, user)) => {
                (self.token, self.user) = (token, user);
                Outcome::success()
            }
            Err(data) => denied(data).into(),
        }
    }

    fn spnego(&mut self, token: &[u8]) -> Step {
        if let Some(Negotiation::Ntlm(logon)) = self.negotiation.take() {
            return self.finish_ntlm(&logon, token);
        }
        self.log_off();
        if is_message(token) {
            return self.begin_ntlm(token, None);
        }
        let accepted = spnego::open(token).and_then(|offer| match offer {
            Some(offer) if offer.mechanism == NTLMSSP => Ok(Err(offer)),
            Some(offer) => acceptor::accept(&self.directory, offer.token)
                .map(|it| Ok((it, Some(offer.mechanism)))),
            None => acceptor::accept(&self.directory, token).map(|it| Ok((it, None))),
        });
        let (accepted, mechanism) = match accepted {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(offer)) => return self.begin_ntlm(offer.token, Some(offer.mechanisms)),
            Err(_) => return (denied(LOGON_FAILURE).into(), None),
        };
        let reply = match mechanism {
            Some(mechanism) => spnego::accepted(mechanism, &accepted.reply),
            None => accepted.reply,
        };
        if let Some(refusal) = self.unfit(accepted.protection) {
            return (refusal.into(), None);
        }
        (self.token, self.user) = (accepted.token, accepted.user);
        let layer = Layer::Kerberos(accepted.seal);
        self.logged_on(reply, layer, accepted.protection)
    }

    /// Why the connection cannot be protected so ([MS-ADTS] 5.1.1.1.2 "SASL Authentication": one protection or the other).
    fn unfit(&self, protection: Protection) -> Option<Refusal> {
        match (protection, self.tls) {
            (Protection::Nothing, false) => Some(stronger_auth()),
            (Protection::Signed | Protection::Sealed, true) => Some(twice_protected()),
            _ => None,
        }
    }

    fn logged_on(&self, reply: Vec<u8>, layer: Layer, protection: Protection) -> Step {
        let outcome = Outcome {
            credentials: Some(reply),
            ..Outcome::success()
        };
        (outcome, (!self.tls).then_some((layer, protection)))
    }

    /// RFC 4752 section 3.1: Kerberos first, then the layer.
    fn gssapi(&mut self, token: &[u8]) -> Step {
        let refused = (Outcome::from(denied(LOGON_FAILURE)), None);
        let Some(Negotiation::Gssapi {
            mut accepted,
            offered,
        }) = self.negotiation.take()
        else {
            self.log_off();
            let Ok(mut accepted) = acceptor::accept(&self.directory, token) else {
                return refused;
            };
            let reply = std::mem::take(&mut accepted.reply);
            self.negotiation = Some(Negotiation::Gssapi {
                accepted: Box::new(accepted),
                offered: false,
            });
            return in_progress(reply);
        };
        if !offered {
            let layers = if self.tls {
                NO_LAYER
            } else {
                INTEGRITY | CONFIDENTIALITY
            };
            let [high, middle, low] = MAX_BUFFER;
            let Ok(offer) = accepted.seal.seal(&[layers, high, middle, low]) else {
                return refused;
            };
            self.negotiation = Some(Negotiation::Gssapi {
                accepted,
                offered: true,
            });
            return in_progress(offer);
        }
        let Accepted {
            seal,
            token: caller,
            user,
            ..
        } = *accepted;
        let choice = seal.open(token).map(|(choice, _)| choice);
        let seal = Layer::Kerberos(seal);
        let layer = match choice.as_deref() {
            Ok([NO_LAYER, ..]) if self.tls => None,
            Ok([NO_LAYER, ..]) => return (stronger_auth().into(), None),
            Ok([INTEGRITY, ..]) if !self.tls => Some((seal, Protection::Signed)),
            Ok([CONFIDENTIALITY, ..]) if !self.tls => Some((seal, Protection::Sealed)),
            _ => return refused,
        };
        (self.token, self.user) = (caller, user);
        (Outcome::success(), layer)
    }

    /// RFC 4513 section 4: a new bind begins as anonymous.
    fn log_off(&mut self) {
        self.token = Token::default();
        self.user.clear();
        self.negotiation = None;
        self.pages.clear();
    }
}

fn in_progress(credentials: Vec<u8>) -> Step {
    let outcome = Outcome {
        credentials: Some(credentials),
        ..Outcome::code(ResultCode::SaslBindInProgress)
    };
    (outcome, None)
}

fn denied(data: u32) -> Refusal {
    let words = format!(
        "LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {data:x}, v4563"
    );
    Refusal::new(ResultCode::InvalidCredentials, 0x8009_0308, &words)
}

fn stronger_auth() -> Refusal {
    let words = "LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\\TLS \
                 are not already active on the connection, data 0, v4563";
    Refusal::new(ResultCode::StrongerAuthRequired, 0x2028, words)
}

fn twice_protected() -> Refusal {
    let words = "LdapErr: DSID-0C09043E, comment: Cannot start kerberos signing/sealing when using TLS/SSL, data 0, v4563";
    Refusal::new(ResultCode::InappropriateAuthentication, 0x2029, words)
}
