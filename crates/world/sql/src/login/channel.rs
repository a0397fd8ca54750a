//! From a TCP connection to TLS, around TDS or inside of it.

use logon::tls::{self, Terms};
use tds_protocol::{EncryptionLevel, PacketType, PreLogin};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{CONNECT_TIMEOUT, Endpoint, LOG_ON, Protocol, broken, received};
use crate::error::Error;
use crate::handshake::Handshake;
use crate::packets::Packets;

/// TLS over TCP, through the handshake's wrapping where there was one.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects; nothing is said unprotected but how to begin. With the channel's binding.
pub(super) async fn open(
    endpoint: &Endpoint,
) -> Result<(Packets<Box<dyn Stream>>, Option<Vec<u8>>), Error> {
    let (stream, binding) = match endpoint.protocol {
        Protocol::Tds7 => inner_tls(endpoint).await?,
        Protocol::Tds8 => outer_tls(endpoint).await?,
    };
    let mut session = Packets::new(stream);
    if endpoint.protocol == Protocol::Tds8 {
        // Within TLS the options are told all the same.
        prelogin(&mut session).await?;
    }
    Ok((session, binding))
}

async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Error> {
    let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(endpoint.address)).await;
    connecting
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
        .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
        .map_err(|source| Error::Connect {
            address: format!("{} ({})", endpoint.server, endpoint.address),
            source,
        })
}

/// TDS 7: the handshake inside of PRELOGIN messages.
async fn inner_tls(endpoint: &Endpoint) -> Result<(Box<dyn Stream>, Option<Vec<u8>>), Error> {
    let mut plain = Packets::new(connect(endpoint).await?);
    let answer = prelogin(&mut plain).await?;
    if !matches!(
        answer.encryption,
        EncryptionLevel::On | EncryptionLevel::Required
    ) {
        return Err(Error::NoEncryption {
            server: endpoint.server.clone(),
        });
    }
    let terms = Terms {
        at_most_tls12: true,
        alpn: None,
    };
    let wrapped = Handshake::new(plain.stream);
    let mut stream = start_tls(endpoint, terms, wrapped).await?;
    stream.get_mut().0.end();
    let binding = tls::channel_binding(&stream);
    Ok((Box::new(stream), binding))
}

/// TDS 8: the handshake first.
async fn outer_tls(endpoint: &Endpoint) -> Result<(Box<dyn Stream>, Option<Vec<u8>>), Error> {
    let terms = Terms {
        at_most_tls12: false,
        alpn: Some("tds/8.0"),
    };
    let stream = start_tls(endpoint, terms, connect(endpoint).await?).await?;
    let binding = tls::channel_binding(&stream);
    Ok((Box::new(stream), binding))
}

async fn start_tls<S: AsyncRead + AsyncWrite + Unpin>(
    endpoint: &Endpoint,
    terms: Terms,
    stream: S,
) -> Result<tokio_rustls::client::TlsStream<S>, Error> {
    let started = tls::start_on(
        terms,
        &endpoint.server,
        &endpoint.trust,
        stream,
        CONNECT_TIMEOUT,
    );
    started.await.map_err(|reason| Error::Tls {
        server: endpoint.server.clone(),
        reason,
    })
}

async fn prelogin<S: AsyncRead + AsyncWrite + Unpin>(
    packets: &mut Packets<S>,
) -> Result<PreLogin, Error> {
    let question = PreLogin::new().with_encryption(EncryptionLevel::On);
    let sent = packets.send(PacketType::PreLogin, &question.encode()).await;
    sent.map_err(|error| broken(&error))?;
    let answer = received(packets).await?;
    PreLogin::decode(&answer[..]).map_err(|error| Error::Protocol {
        doing: LOG_ON,
        detail: error.to_string(),
    })
}
