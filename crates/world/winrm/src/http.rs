//! One HTTP connection with one log-on: what travels on it afterwards is sealed, or TLS protects it.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use logon::{Kdc, LogonError, LogonSecret, Mechanism, Password, SecurityContext, TlsRoots, tls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::envelope::MAX_ENVELOPE;
use crate::error::Error;
use crate::{multipart, reply};

const PATH: &str = "/wsman";
const LOG_ON: &str = "log on";
/// For the TCP connection, the TLS handshake, one exchange with the key distribution centre.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one answer while logging on.
const LOGON_TIMEOUT: Duration = Duration::from_secs(30);
/// More rounds than any log-on needs.
const MAX_ROUNDS: usize = 8;
/// Longest accepted answer, in bytes; a host keeps to [`MAX_ENVELOPE`], sealing adds a little.
const MAX_ANSWER: usize = 4 * MAX_ENVELOPE;

/// Where a host's WinRM listens, and who logs on. Holds secrets.
#[derive(Debug)]
pub struct Endpoint {
    /// The host's DNS name: its service principal name is made of it, its certificate is checked against it.
    pub server: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Certificate authorities for HTTPS; `None`: HTTP, where the log-on seals.
    pub tls: Option<TlsRoots>,
    /// Who logs on.
    pub auth: Auth,
    /// Where the key distribution centre listens.
    pub kdc: SocketAddr,
}

/// Who logs on, and how. There is no silent fall-back from one to the other.
#[derive(Debug)]
pub enum Auth {
    /// Kerberos; over HTTP only, see the crate's page.
    Kerberos {
        /// `name@REALM` or `DOMAIN\name`.
        user: String,
        /// What proves it.
        secret: LogonSecret,
    },
    /// NTLM: sealed, or over HTTPS with channel binding.
    Ntlm {
        /// `DOMAIN\name` or `name@domain`.
        user: String,
        /// Its password.
        password: Password,
    },
}

impl Auth {
    fn user(&self) -> &str {
        match self {
            Self::Kerberos { user, .. } | Self::Ntlm { user, .. } => user,
        }
    }
}

impl Endpoint {
    /// The URL of the service.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}:{}{PATH}", self.server, self.address.port())
    }
}

/// TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A logged-on connection.
pub(crate) struct Http {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    context: SecurityContext,
    sealed: bool,
    /// A request was given up: what comes next on the connection is unknown.
    broken: bool,
}

impl Http {
    /// Connects and logs on.
    pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        let (stream, binding) = open(endpoint).await?;
        let context = context(endpoint, binding)?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| connection_error(LOG_ON, &error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection ended");
            }
        });
        let mut http = Self {
            sender,
            host: format!("{}:{}", endpoint.server, endpoint.address.port()),
            context,
            sealed: endpoint.tls.is_none(),
            broken: false,
        };
        http.log_on(endpoint).await?;
        Ok(http)
    }

    /// Asks, and gives the answer's text; a fault is an error.
    pub(crate) async fn ask(
        &mut self,
        doing: &'static str,
        soap: &str,
        limit: Duration,
    ) -> Result<String, Error> {
        if self.broken {
            return Err(Error::Connection {
                doing,
                detail: "an answer before was given up".into(),
            });
        }
        // Whoever drops this future in the middle leaves an answer behind that nobody waits for.
        self.broken = true;
        let answer = timeout(limit, self.exchange(doing, soap)).await;
        let text = answer.unwrap_or(Err(Error::Timeout {
            doing,
            after: limit,
        }))?;
        self.broken = false;
        match reply::fault(&text).map_err(|detail| Error::Protocol { doing, detail })? {
            Some(fault) => Err(Error::Fault { doing, fault }),
            None => Ok(text),
        }
    }

    /// [MS-WSMV] 2.2.1, "Transport", and RFC 4559 section 4, "HTTP Negotiate Authentication Scheme".
    async fn log_on(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        let user = endpoint.auth.user();
        let service = service_of(endpoint);
        let mut kdc = Kdc::new(endpoint.kdc, CONNECT_TIMEOUT, user, &service);
        let failed = |failure| LogonError::Refused {
            user: user.to_owned(),
            failure,
        };
        let unfinished = || Error::Protocol {
            doing: LOG_ON,
            detail: "the host has not proved who it is".into(),
        };
        let mut token = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let step = self.context.step(&token, &mut kdc).await.map_err(failed)?;
            let answer = self.offer(&step.token).await?;
            token = offered(answer.headers());
            let status = answer.status();
            // The next request can go out only after this body.
            body_of(LOG_ON, answer).await?;
            match status {
                status if status.is_success() && step.complete => return Ok(()),
                status if status.is_success() => {
                    let last = self.context.step(&token, &mut kdc).await.map_err(failed)?;
                    return if last.complete {
                        Ok(())
                    } else {
                        Err(unfinished())
                    };
                }
                StatusCode::UNAUTHORIZED if !token.is_empty() && !step.complete => {}
                StatusCode::UNAUTHORIZED => {
                    return Err(Error::Refused {
                        server: endpoint.server.clone(),
                        user: user.to_owned(),
                    });
                }
                status => {
                    return Err(Error::Connection {
                        doing: LOG_ON,
                        detail: format!("HTTP status {status}"),
                    });
                }
            }
        }
        Err(unfinished())
    }

    async fn offer(&mut self, token: &[u8]) -> Result<Response<hyper::body::Incoming>, Error> {
        let request = self
            .request()
            .header(
                AUTHORIZATION,
                format!("Negotiate {}", STANDARD.encode(token)),
            )
            .header(CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
            .body(Full::default());
        let request = request.map_err(|error| Error::Protocol {
            doing: LOG_ON,
            detail: error.to_string(),
        })?;
        let sent = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let answer = timeout(LOGON_TIMEOUT, sent).await;
        let late = Error::Timeout {
            doing: LOG_ON,
            after: LOGON_TIMEOUT,
        };
        answer
            .map_err(|_| late)?
            .map_err(|error| connection_error(LOG_ON, &error))
    }

    async fn exchange(&mut self, doing: &'static str, soap: &str) -> Result<String, Error> {
        let unsealed = |detail: String| Error::Protocol { doing, detail };
        let (content_type, body) = if self.sealed {
            let sealed = self.context.seal_apart(soap.as_bytes()).map_err(unsealed)?;
            (
                multipart::content_type(),
                multipart::body(&sealed, soap.len()),
            )
        } else {
            (
                "application/soap+xml;charset=UTF-8".to_owned(),
                soap.as_bytes().to_vec(),
            )
        };
        let request = self
            .request()
            .header(CONTENT_TYPE, content_type)
            .body(Full::from(body));
        let request = request.map_err(|error| unsealed(error.to_string()))?;
        self.sender
            .ready()
            .await
            .map_err(|error| connection_error(doing, &error))?;
        let answer = self
            .sender
            .send_request(request)
            .await
            .map_err(|error| connection_error(doing, &error))?;
        let status = answer.status();
        let body = body_of(doing, answer).await?;
        if !status.is_success() && status != StatusCode::INTERNAL_SERVER_ERROR {
            return Err(Error::Connection {
                doing,
                detail: format!("HTTP status {status}"),
            });
        }
        let plain = if self.sealed {
            self.opened(&body).map_err(unsealed)?
        } else {
            body
        };
        String::from_utf8(plain).map_err(|_| unsealed("it is not UTF-8".into()))
    }

    fn opened(&mut self, body: &[u8]) -> Result<Vec<u8>, String> {
        let messages = multipart::messages(body).ok_or("it is not sealed")?;
        let mut plain = Vec::new();
        for message in messages {
            plain.extend_from_slice(&self.context.open(message)?);
        }
        Ok(plain)
    }

    fn request(&self) -> hyper::http::request::Builder {
        let agent = concat!("gmsactl/", env!("CARGO_PKG_VERSION"));
        Request::builder()
            .method(Method::POST)
            .uri(PATH)
            .header(HOST, &self.host)
            .header(USER_AGENT, agent)
    }
}

/// A stream to the host, and the binding of a log-on to its TLS channel.
async fn open(endpoint: &Endpoint) -> Result<(Box<dyn Stream>, Option<Vec<u8>>), Error> {
    let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(endpoint.address)).await;
    let stream = connecting
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
        .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
        .map_err(|source| Error::Connect {
            address: format!("{} ({})", endpoint.server, endpoint.address),
            source,
        })?;
    let Some(roots) = &endpoint.tls else {
        return Ok((Box::new(stream), None));
    };
    let started = tls::start(&endpoint.server, roots, stream, CONNECT_TIMEOUT).await;
    let stream = started.map_err(|reason| Error::Tls {
        server: endpoint.server.clone(),
        reason,
    })?;
    let binding = tls::channel_binding(&stream);
    Ok((Box::new(stream), binding))
}

fn context(endpoint: &Endpoint, binding: Option<Vec<u8>>) -> Result<SecurityContext, Error> {
    let service = service_of(endpoint);
    match &endpoint.auth {
        Auth::Kerberos { .. } if endpoint.tls.is_some() => Err(Error::Unsupported(
            "kerberos over HTTPS is refused: picky-krb sends a malformed channel-binding option; use HTTP, which \
             Kerberos seals, or auth \"ntlm\"",
        )),
        Auth::Kerberos { user, secret } => Ok(SecurityContext::kerberos(
            Mechanism::GssSpnego,
            user,
            secret,
            &service,
        )?),
        Auth::Ntlm { .. } if endpoint.tls.is_some() && binding.is_none() => Err(
            Error::Unsupported("the host's certificate cannot be bound to the log-on"),
        ),
        Auth::Ntlm { user, password } => {
            Ok(SecurityContext::ntlm(user, password, &service, binding)?)
        }
    }
}

fn service_of(endpoint: &Endpoint) -> String {
    format!("HTTP/{}", endpoint.server)
}

/// The host's token; empty without one.
fn offered(headers: &HeaderMap) -> Vec<u8> {
    let values = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .filter_map(|value| value.strip_prefix("Negotiate "))
        .find_map(|token| STANDARD.decode(token.trim()).ok())
        .unwrap_or_default()
}

async fn body_of(
    doing: &'static str,
    answer: Response<hyper::body::Incoming>,
) -> Result<Vec<u8>, Error> {
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| Error::Connection {
        doing,
        detail: error.to_string(),
    })?;
    Ok(body.to_bytes().to_vec())
}

fn connection_error(doing: &'static str, error: &hyper::Error) -> Error {
    let cause = std::error::Error::source(error)
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Error::Connection {
        doing,
        detail: format!("{error}{cause}"),
    }
}
