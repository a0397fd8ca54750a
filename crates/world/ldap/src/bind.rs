//! From an address to a logged-on connection.

use logon::{Kdc, LogonFailure, Mechanism, Password, SecurityContext, TlsFailure, tls};
use rasn_ldap::{AuthenticationChoice, BindRequest, ExtendedRequest, ProtocolOp, SaslCredentials};
use tokio::net::TcpStream;

use crate::connection::{Connection, Seal, Stream};
use crate::error::{Error, Operation};
use crate::frame::MAX_FRAME;
use crate::options::{Auth, ConnectOptions, Transport};
use crate::result_code::ResultCode;
use crate::windows_error::WindowsError;
use crate::wire::Outcome;

/// Longest SASL buffer sent where the mechanism does not negotiate it: what Samba and Windows take.
const DEFAULT_MAX_BUFFER: usize = 0xffff;

/// Connects, protects the connection and logs on.
pub(crate) async fn connect(options: &ConnectOptions) -> Result<Connection, Error> {
    refuse_unsafe(options)?;
    let stream = connect_tcp(options).await?;
    match options.transport {
        Transport::Sealed => {
            let mut connection = Connection::new(stream, options.timeouts.operation);
            log_on(&mut connection, options, None).await?;
            Ok(connection)
        }
        Transport::Ldaps => log_on_over_tls(options, stream).await,
        Transport::StartTls => {
            let stream = start_tls(options, stream).await?;
            log_on_over_tls(options, stream).await
        }
    }
}

fn refuse_unsafe(options: &ConnectOptions) -> Result<(), Error> {
    match (&options.auth, options.transport) {
        (Auth::Simple { .. }, Transport::Sealed) => Err(Error::Unsupported(
            "a simple bind without TLS would send the password in clear: use StartTLS, LDAPS or Kerberos",
        )),
        (Auth::Simple { password, .. }, _) if password.expose_bytes().is_empty() => {
            Err(Error::Input {
                what: "the password cannot be used",
                detail: "it is empty, and servers would take that for an anonymous log-on".into(),
            })
        }
        (Auth::Kerberos { secret, .. }, transport)
            if transport.is_tls() && !secret.binds_to_tls() =>
        {
            Err(Error::Unsupported(
                "kerberos over TLS is refused: picky-krb sends a malformed channel-binding option, which servers that \
             enforce channel binding reject; use the sealed transport on port 389",
            ))
        }
        _ => Ok(()),
    }
}

async fn connect_tcp(options: &ConnectOptions) -> Result<Box<dyn Stream>, Error> {
    let connecting = tokio::time::timeout(
        options.timeouts.connect,
        TcpStream::connect(options.address),
    );
    let stream = connecting
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    let stream = stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    let (server, address) = (&options.server, options.address);
    match stream {
        Ok(stream) => Ok(Box::new(stream)),
        Err(source) => Err(Error::Connect {
            server: server.clone(),
            address,
            source,
        }),
    }
}

/// RFC 4511 section 4.14, "StartTLS Operation".
async fn start_tls(
    options: &ConnectOptions,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Error> {
    let mut connection = Connection::new(stream, options.timeouts.operation);
    let request = ExtendedRequest {
        request_name: b"1.3.6.1.4.1.1466.20037".to_vec().into(),
        request_value: None,
    };
    let outcome = connection
        .call(Operation::StartTls, ProtocolOp::ExtendedReq(request), &[])
        .await?;
    if outcome.code() != ResultCode::SUCCESS {
        let reason =
            TlsFailure::NotStarted(format!("{}, {}", outcome.code(), outcome.diagnostic()));
        return Err(Error::Tls {
            server: options.server.clone(),
            reason,
        });
    }
    connection.into_stream()
}

async fn log_on_over_tls(
    options: &ConnectOptions,
    stream: Box<dyn Stream>,
) -> Result<Connection, Error> {
    let stream = tls::start(
        &options.server,
        &options.roots,
        stream,
        options.timeouts.connect,
    )
    .await
    .map_err(|reason| Error::Tls {
        server: options.server.clone(),
        reason,
    })?;
    let binding = tls::channel_binding(&stream);
    let mut connection = Connection::new(Box::new(stream), options.timeouts.operation);
    log_on(&mut connection, options, binding).await?;
    Ok(connection)
}

async fn log_on(
    connection: &mut Connection,
    options: &ConnectOptions,
    binding: Option<Vec<u8>>,
) -> Result<(), Error> {
    let service = options.service_principal_name();
    let unbound = options.transport.is_tls() && binding.is_none();
    let (mechanism, user, context) = match &options.auth {
        Auth::Anonymous => return Ok(()),
        Auth::Simple { name, password } => return simple(connection, name, password).await,
        Auth::Kerberos { user, .. } | Auth::Ntlm { user, .. } if unbound => {
            let lacking = "the server's certificate cannot be bound to the log-on";
            return Err(refused(user, LogonFailure::Protection(lacking.into())));
        }
        Auth::Kerberos {
            mechanism,
            user,
            secret,
        } => {
            let context = SecurityContext::kerberos(*mechanism, user, secret, &service)?;
            let context = match binding {
                Some(binding) => context.bound_to(binding),
                None => context,
            };
            (*mechanism, user, context)
        }
        Auth::Ntlm { user, password } => (
            Mechanism::GssSpnego,
            user,
            SecurityContext::ntlm(user, password, &service, binding)?,
        ),
    };
    let mut kdc = Kdc::new(options.kdc_address(), options.timeouts.kdc, user, &service);
    let mut exchange = SaslExchange {
        connection,
        mechanism,
        user,
        context,
    };
    exchange
        .authenticate(&mut kdc)
        .await
        .map_err(|error| suspect_realm(error, &options.server))?;
    exchange.finish(options.transport).await
}

/// RFC 4513 section 5.1.3, "Name/Password Authentication Mechanism of Simple Bind".
async fn simple(connection: &mut Connection, name: &str, password: &Password) -> Result<(), Error> {
    let choice = AuthenticationChoice::Simple(password.expose_bytes().to_vec().into());
    let request = ProtocolOp::BindRequest(BindRequest::new(3, name.into(), choice));
    let outcome = connection.call(Operation::Bind, request, &[]).await?;
    if outcome.code() == ResultCode::SUCCESS {
        Ok(())
    } else {
        Err(refused(name, failure(&outcome)))
    }
}

/// RFC 4513 section 5.2, "SASL Authentication Method".
struct SaslExchange<'a> {
    connection: &'a mut Connection,
    mechanism: Mechanism,
    user: &'a str,
    context: SecurityContext,
}

impl SaslExchange<'_> {
    /// More rounds than any mechanism needs.
    const MAX_ROUNDS: usize = 8;

    /// Exchanges tokens until both sides are authenticated.
    async fn authenticate(&mut self, kdc: &mut Kdc<'_>) -> Result<(), Error> {
        let mut token = Vec::new();
        for _ in 0..Self::MAX_ROUNDS {
            let step = self
                .context
                .step(&token, kdc)
                .await
                .map_err(|failure| refused(self.user, failure))?;
            if step.complete && step.token.is_empty() && self.mechanism == Mechanism::Gssapi {
                return Ok(()); // The server waits for the layer to be negotiated.
            }
            let outcome = self.bind(Some(step.token)).await?;
            token = outcome
                .server_credentials
                .as_ref()
                .map(|token| token.to_vec())
                .unwrap_or_default();
            match outcome.code() {
                ResultCode::SUCCESS if step.complete => return Ok(()),
                ResultCode::SUCCESS => {
                    let last = self.context.step(&token, kdc).await;
                    return match last
                        .map_err(|failure| refused(self.user, failure))?
                        .complete
                    {
                        true => Ok(()),
                        false => Err(self.broken("it has not proved who it is")),
                    };
                }
                ResultCode::SASL_BIND_IN_PROGRESS => {}
                _ => return Err(refused(self.user, failure(&outcome))),
            }
        }
        Err(self.broken("the log-on does not come to an end"))
    }

    /// Agrees on the layer, and seals the connection unless TLS protects it.
    async fn finish(mut self, transport: Transport) -> Result<(), Error> {
        let max_buffer = match self.mechanism {
            Mechanism::Gssapi => self.negotiate_layer().await?,
            Mechanism::GssSpnego => DEFAULT_MAX_BUFFER,
        };
        if transport.is_tls() {
            return Ok(());
        }
        self.connection.seal_with(Seal {
            context: self.context,
            max_buffer,
        })
    }

    /// RFC 4752 section 3.1, "Client Side of Authentication Protocol Exchange": confidentiality or nothing.
    async fn negotiate_layer(&mut self) -> Result<usize, Error> {
        const CONFIDENTIALITY: u8 = 4;
        let offer = self
            .bind(None)
            .await?
            .server_credentials
            .unwrap_or_default();
        let offer = self
            .context
            .open(&offer)
            .map_err(|detail| self.broken(&detail))?;
        let [layers, size @ ..] = *offer
            .first_chunk::<4>()
            .ok_or_else(|| self.broken("its offer is malformed"))?;
        if layers & CONFIDENTIALITY == 0 {
            let lacking = LogonFailure::Protection("it offers no confidentiality layer".into());
            return Err(refused(self.user, lacking));
        }
        let [_, receive @ ..] = (MAX_FRAME as u32).to_be_bytes();
        let [high, middle, low] = receive;
        let choice = self
            .context
            .seal(&[CONFIDENTIALITY, high, middle, low])
            .map_err(|detail| self.broken(&detail))?;
        let outcome = self.bind(Some(choice)).await?;
        match outcome.code() {
            ResultCode::SUCCESS => Ok(size
                .iter()
                .fold(0, |size, byte| size << 8 | usize::from(*byte))),
            _ => Err(refused(self.user, failure(&outcome))),
        }
    }

    async fn bind(&mut self, token: Option<Vec<u8>>) -> Result<Outcome, Error> {
        let credentials = SaslCredentials::new(self.mechanism.name().into(), token.map(Into::into));
        let request = BindRequest::new(3, "".into(), AuthenticationChoice::Sasl(credentials));
        self.connection
            .call(Operation::Bind, ProtocolOp::BindRequest(request), &[])
            .await
    }

    fn broken(&self, detail: &str) -> Error {
        Error::Protocol {
            operation: Operation::Bind,
            ambiguous: false,
            detail: detail.to_owned(),
        }
    }
}

fn refused(user: &str, failure: LogonFailure) -> Error {
    Error::Authentication {
        user: user.to_owned(),
        failure,
    }
}

/// Samba answers "unknown account" for a foreign realm too: believe that only of names of the server's own domain.
fn suspect_realm(error: Error, server: &str) -> Error {
    match error {
        Error::Authentication {
            user,
            failure: LogonFailure::UnknownUser,
        } if is_foreign(&user, server) => refused(&user, LogonFailure::WrongRealm(user.clone())),
        error => error,
    }
}

fn is_foreign(user: &str, server: &str) -> bool {
    let (realm, server) = (
        user.rsplit_once('@').map(|(_, realm)| realm.to_lowercase()),
        server.to_lowercase(),
    );
    realm.is_some_and(|realm| {
        server
            .split_once('.')
            .is_some_and(|(_, domain)| domain != realm)
    })
}

/// What a refused bind tells the operator.
fn failure(outcome: &Outcome) -> LogonFailure {
    let diagnostic = outcome.diagnostic();
    let diagnostic = diagnostic.trim_end_matches(['\0', '\n', '\r']);
    match WindowsError::from_diagnostic(diagnostic).map(|error| error.code) {
        Some(1317) => LogonFailure::UnknownUser,
        Some(1326) => LogonFailure::WrongPassword,
        Some(1327..=1329) => LogonFailure::Forbidden,
        Some(1330) => LogonFailure::PasswordExpired,
        Some(1331) => LogonFailure::Disabled,
        Some(1793) => LogonFailure::Expired,
        Some(1907) => LogonFailure::PasswordMustChange,
        Some(1909) => LogonFailure::Locked,
        Some(0x8009_0346) => {
            LogonFailure::Protection("the log-on is not bound to this TLS channel".into())
        }
        _ if outcome.code() == ResultCode::STRONGER_AUTH_REQUIRED => {
            LogonFailure::Protection(diagnostic.to_owned())
        }
        _ => LogonFailure::Other(format!("{}, {diagnostic}", outcome.code())),
    }
}
