//! Logging on: anonymous, simple over TLS, GSSAPI and GSS-SPNEGO.

use rasn_ldap::{AuthenticationChoice, BindRequest, ResultCode};
use security::FileTime;

use super::connection::{Connection, End};
use super::encode::{Outcome, ResponseTag};
use crate::directory::Directory;
use crate::gss::acceptor::{self, Accepted, Protection};
use crate::gss::seal::Seal;
use crate::gss::spnego;
use crate::rules::accounts::ACCOUNT_DISABLE;
use crate::rules::constructed::is_locked_out;
use crate::rules::locate::locate;
use crate::rules::refusal::Refusal;
use crate::rules::token::Token;
use crate::store::Store;
use crate::store::object::ObjectId;
use crate::store::schema::Attr;

// [MS-ERREF] 2.2 "Win32 Error Codes", as they stand behind "data".
const NO_SUCH_USER: u32 = 0x525;
const LOGON_FAILURE: u32 = 0x52e;
const ACCOUNT_DISABLED: u32 = 0x533;
const ACCOUNT_EXPIRED: u32 = 0x701;
const PASSWORD_MUST_CHANGE: u32 = 0x773;
const ACCOUNT_LOCKED_OUT: u32 = 0x775;

/// RFC 4752 section 3.1: security layers, as bits.
const NO_LAYER: u8 = 1;
const INTEGRITY: u8 = 2;
const CONFIDENTIALITY: u8 = 4;
/// Longest SASL buffer that the server takes: 10 MiB.
const MAX_BUFFER: [u8; 3] = [0xa0, 0x00, 0x00];

/// A GSSAPI log-on between its steps.
pub(crate) struct Negotiation {
    accepted: Accepted,
    /// The server has made its offer.
    offered: bool,
}

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
        let directory = std::sync::Arc::clone(&self.directory);
        match directory.read(|store| check_password(&directory, store, name, password)) {
            Ok((token, user)) => {
                (self.token, self.user) = (token, user);
                Outcome::success()
            }
            Err(data) => denied(data).into(),
        }
    }

    fn spnego(&mut self, token: &[u8]) -> (Outcome, Option<(Seal, Protection)>) {
        self.log_off();
        let accepted = spnego::open(token).and_then(|offer| match offer {
            Some(offer) => {
                acceptor::accept(&self.directory, offer.token).map(|it| (it, Some(offer.mechanism)))
            }
            None => acceptor::accept(&self.directory, token).map(|it| (it, None)),
        });
        let Ok((accepted, mechanism)) = accepted else {
            return (denied(LOGON_FAILURE).into(), None);
        };
        let reply = match mechanism {
            Some(mechanism) => spnego::accepted(mechanism, &accepted.reply),
            None => accepted.reply,
        };
        match (accepted.protection, self.tls) {
            (Protection::Nothing, false) => return (stronger_auth().into(), None),
            (Protection::Signed | Protection::Sealed, true) => {
                return (twice_protected().into(), None);
            }
            _ => {}
        }
        (self.token, self.user) = (accepted.token, accepted.user);
        let protection = (!self.tls).then_some((accepted.seal, accepted.protection));
        (
            Outcome {
                credentials: Some(reply),
                ..Outcome::success()
            },
            protection,
        )
    }

    /// RFC 4752 section 3.1: Kerberos first, then the layer.
    fn gssapi(&mut self, token: &[u8]) -> (Outcome, Option<(Seal, Protection)>) {
        let in_progress = |credentials: Vec<u8>| {
            let credentials = Some(credentials);
            (
                Outcome {
                    credentials,
                    ..Outcome::code(ResultCode::SaslBindInProgress)
                },
                None,
            )
        };
        let refused = (Outcome::from(denied(LOGON_FAILURE)), None);
        let Some(mut negotiation) = self.negotiation.take() else {
            self.log_off();
            let Ok(mut accepted) = acceptor::accept(&self.directory, token) else {
                return refused;
            };
            let reply = std::mem::take(&mut accepted.reply);
            self.negotiation = Some(Negotiation {
                accepted,
                offered: false,
            });
            return in_progress(reply);
        };
        if !negotiation.offered {
            let layers = if self.tls {
                NO_LAYER
            } else {
                INTEGRITY | CONFIDENTIALITY
            };
            let [high, middle, low] = MAX_BUFFER;
            let Ok(offer) = negotiation.accepted.seal.seal(&[layers, high, middle, low]) else {
                return refused;
            };
            negotiation.offered = true;
            self.negotiation = Some(negotiation);
            return in_progress(offer);
        }
        let Accepted {
            seal,
            token: caller,
            user,
            ..
        } = negotiation.accepted;
        let choice = seal.open(token).map(|(choice, _)| choice);
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

/// The account of a simple bind ([MS-ADTS] 5.1.1.1.1 "Simple Authentication").
fn check_password(
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

fn account(directory: &Directory, store: &Store, name: &str) -> Option<ObjectId> {
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

/// [MS-ADTS] 5.1.1.1.2 "SASL Authentication": one protection or the other.
fn twice_protected() -> Refusal {
    let words = "LdapErr: DSID-0C09043E, comment: Cannot start kerberos signing/sealing when using TLS/SSL, data 0, v4563";
    Refusal::new(ResultCode::InappropriateAuthentication, 0x2029, words)
}
