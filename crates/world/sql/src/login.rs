//! From a TCP connection to a session: TLS, LOGIN7, the tokens of the log-on.

mod channel;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use logon::{Kdc, LogonError, LogonSecret, Mechanism, Password, SecurityContext, TlsRoots};
use tds_protocol::{
    EnvChange, EnvChangeType, EnvChangeValue, Login7, PacketType, Token, TokenParser,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::error::{Error, ServerError};
use crate::packets::Packets;

pub(crate) use channel::Stream;

const LOG_ON: &str = "log on";
/// For the TCP connection, the TLS handshake, one exchange with the key distribution centre.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one answer while logging on; a database that starts up needs a while.
const LOGON_TIMEOUT: Duration = Duration::from_secs(30);
/// More rounds than any log-on needs.
const MAX_ROUNDS: usize = 8;
/// [MS-TDS] 2.2.6.4, "LOGIN7": where `ibPassword` stands.
const PASSWORD_OFFSET: usize = 44;

/// Where a server listens, and who logs on. Holds secrets.
#[derive(Debug)]
pub struct Endpoint {
    /// The server's DNS name: its service principal name is made of it, its certificate is checked against it.
    pub server: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The port that its service principal name has, which is another one where a relay stands in between.
    pub port: u16,
    /// Whose certificates count.
    pub trust: TlsRoots,
    /// How TLS and TDS meet.
    pub protocol: Protocol,
    /// Who logs on.
    pub auth: Arc<Auth>,
    /// Where the key distribution centre listens.
    pub kdc: SocketAddr,
}

/// How TLS and TDS meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// TDS 7.4: TLS is negotiated inside of it. Every SQL Server since 2012.
    #[default]
    Tds7,
    /// TDS 8.0 ("strict"): TLS first. SQL Server 2022 and later.
    Tds8,
}

/// Who logs on, and how. There is no silent fall-back from one to the other.
#[derive(Debug)]
pub enum Auth {
    /// Kerberos.
    Kerberos {
        /// `name@REALM` or `DOMAIN\name`.
        user: String,
        /// What proves it.
        secret: LogonSecret,
    },
    /// NTLM, bound to the TLS channel.
    Ntlm {
        /// `DOMAIN\name` or `name@domain`.
        user: String,
        /// Its password.
        password: Password,
    },
    /// A login of the server's own, with its password.
    Sql {
        /// The login.
        user: String,
        /// Its password.
        password: Password,
    },
}

/// Connects and logs on.
pub(crate) async fn log_on(endpoint: &Endpoint) -> Result<Packets<Box<dyn Stream>>, Error> {
    let (mut session, binding) = channel::open(endpoint).await?;
    Exchange::begin(endpoint, binding)?
        .run(&mut session, endpoint)
        .await?;
    Ok(session)
}

async fn received<S: AsyncRead + AsyncWrite + Unpin>(
    packets: &mut Packets<S>,
) -> Result<Vec<u8>, Error> {
    match timeout(LOGON_TIMEOUT, packets.receive()).await {
        Ok(answer) => answer.map_err(|error| broken(&error)),
        Err(_) => Err(Error::Timeout {
            doing: LOG_ON,
            after: LOGON_TIMEOUT,
        }),
    }
}

fn broken(error: &std::io::Error) -> Error {
    Error::Connection {
        doing: LOG_ON,
        detail: error.to_string(),
    }
}

/// LOGIN7 and what follows until the server accepts or refuses.
struct Exchange {
    user: String,
    service: String,
    /// `None`: the password alone.
    context: Option<SecurityContext>,
}

impl Exchange {
    fn begin(endpoint: &Endpoint, binding: Option<Vec<u8>>) -> Result<Self, Error> {
        let service = format!("MSSQLSvc/{}:{}", endpoint.server, endpoint.port);
        let (user, context) = match &*endpoint.auth {
            Auth::Kerberos { user, secret } => {
                let mechanism = Mechanism::GssSpnego;
                let context = SecurityContext::kerberos(mechanism, user, secret, &service)?;
                let context = match binding {
                    Some(binding) if secret.binds_to_tls() => context.bound_to(binding),
                    _ => context,
                };
                (user, Some(context))
            }
            Auth::Ntlm { .. } if binding.is_none() => {
                let lacking = "the server's certificate cannot be bound to the log-on";
                return Err(Error::Unsupported(lacking.into()));
            }
            Auth::Ntlm { user, password } => {
                let context = SecurityContext::ntlm(user, password, &service, binding)?;
                (user, Some(context))
            }
            Auth::Sql { user, .. } => (user, None),
        };
        Ok(Self {
            user: user.clone(),
            service,
            context,
        })
    }

    async fn run(
        &mut self,
        session: &mut Packets<Box<dyn Stream>>,
        endpoint: &Endpoint,
    ) -> Result<(), Error> {
        let mut login = Login7::new()
            .with_hostname("gmsactl")
            .with_app_name("gmsactl")
            .with_server_name(endpoint.server.as_str());
        login.library_name = "gmsactl".to_owned();
        let message = match &*endpoint.auth {
            Auth::Sql { user, password } => {
                with_password(login, user, password).ok_or_else(|| LogonError::Input {
                    what: "the password cannot be used",
                    detail: "it is not UTF-8, or longer than 128 characters".into(),
                })?
            }
            _ => {
                let token = self.step(&[], endpoint).await?;
                Zeroizing::new(login.with_integrated_auth(token).encode().to_vec())
            }
        };
        let mut sent = session.send(PacketType::Tds7Login, &message).await;
        for _ in 0..MAX_ROUNDS {
            sent.map_err(|error| broken(&error))?;
            let answer = Answer::read(received(session).await?)?;
            if let Some(error) = answer.error {
                return Err(Error::Server {
                    doing: LOG_ON,
                    error,
                });
            }
            if let Some(size) = answer.packet_size {
                session.resize(size);
            }
            let token = match answer.token {
                Some(token) => self.step(&token, endpoint).await?,
                None => Vec::new(),
            };
            if answer.accepted {
                return Ok(());
            }
            if self.context.is_none() {
                break;
            }
            sent = session.send(PacketType::Sspi, &token).await;
        }
        Err(Error::Protocol {
            doing: LOG_ON,
            detail: "the server neither accepts nor refuses".into(),
        })
    }

    /// The log-on's next token.
    async fn step(&mut self, token: &[u8], endpoint: &Endpoint) -> Result<Vec<u8>, Error> {
        let Some(context) = &mut self.context else {
            return Ok(Vec::new());
        };
        let mut kdc = Kdc::new(endpoint.kdc, CONNECT_TIMEOUT, &self.user, &self.service);
        let step = context.step(token, &mut kdc).await;
        let step = step.map_err(|failure| LogonError::Refused {
            user: self.user.clone(),
            failure,
        })?;
        Ok(step.token)
    }
}

/// What one answer during the log-on says.
#[derive(Default)]
struct Answer {
    accepted: bool,
    token: Option<Bytes>,
    error: Option<ServerError>,
    packet_size: Option<usize>,
}

impl Answer {
    fn read(bytes: Vec<u8>) -> Result<Self, Error> {
        let malformed = |error: tds_protocol::ProtocolError| Error::Protocol {
            doing: LOG_ON,
            detail: error.to_string(),
        };
        let mut answer = Self::default();
        let mut tokens = TokenParser::new(bytes.into());
        while let Some(token) = tokens.next_token().map_err(malformed)? {
            match token {
                Token::LoginAck(_) => answer.accepted = true,
                Token::Sspi(token) => answer.token = Some(token.data),
                Token::Error(error) => {
                    // The first one is the reason, later ones are its consequences.
                    answer.error.get_or_insert_with(|| error.into());
                }
                Token::EnvChange(change) => answer.note(&change)?,
                _ => {}
            }
        }
        Ok(answer)
    }

    fn note(&mut self, change: &EnvChange) -> Result<(), Error> {
        match (change.env_type, &change.new_value) {
            (EnvChangeType::Routing, EnvChangeValue::Routing { host, port }) => {
                Err(Error::Unsupported(format!(
                    "the server sends its clients to {host},{port}: name that one"
                )))
            }
            (EnvChangeType::PacketSize, EnvChangeValue::String(size)) => {
                self.packet_size = size.parse().ok();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// LOGIN7 with a password. The codec would keep it as a `String`: it gets a placeholder of the same length, over which
/// the password is written.
fn with_password(login: Login7, user: &str, password: &Password) -> Option<Zeroizing<Vec<u8>>> {
    const LONGEST: usize = 128;
    let text = std::str::from_utf8(password.expose_bytes()).ok()?;
    let units = Zeroizing::new(text.encode_utf16().collect::<Vec<u16>>());
    if units.len() > LONGEST {
        return None;
    }
    let placeholder = "?".repeat(units.len());
    let login = login.with_sql_auth(user, placeholder).encode();
    let mut message = Zeroizing::new(login.to_vec());
    let [low, high] = *message.get(PASSWORD_OFFSET..)?.first_chunk::<2>()?;
    let start = usize::from(u16::from_le_bytes([low, high]));
    let place = message.get_mut(start..start + units.len() * 2)?;
    let bytes = units.iter().flat_map(|unit| unit.to_le_bytes());
    for (place, byte) in place.iter_mut().zip(bytes) {
        *place = byte.rotate_left(4) ^ 0xA5;
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_stands_where_the_codec_would_put_it() {
        for text in ["", "Pa55", "Pässwörd €𝄞"] {
            let expected = Login7::new().with_sql_auth("sa", text).encode();
            let password = Password::new(text.as_bytes().to_vec());
            let message = with_password(Login7::new(), "sa", &password).unwrap();
            assert_eq!(&message[..], &expected[..], "{text}");
        }
        let long = Password::new(vec![b'x'; 129]);
        assert!(with_password(Login7::new(), "sa", &long).is_none());
        let binary = Password::new(vec![0xff]);
        assert!(with_password(Login7::new(), "sa", &binary).is_none());
    }

    #[test]
    fn hostile_answers_are_refused() {
        for bytes in [
            &[0xAD, 1][..],
            &[0x00],
            &[0xED, 0xff, 0xff, 1],
            &[0xAA, 9, 0],
        ] {
            assert!(Answer::read(bytes.to_vec()).is_err(), "{bytes:?}");
        }
    }
}
