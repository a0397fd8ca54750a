//! Carries Kerberos messages to the key distribution centre, and reads its errors before anybody else does.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use sspi::generator::NetworkRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::LogonFailure;
use crate::kdc_error::KdcError;

/// Longest accepted answer: a ticket with a large group list stays far below.
const MAX_REPLY: usize = 256 * 1024;

// RFC 4120 section 5.10, "Application Tag Numbers".
const AS_REQ: u8 = 0x6a;
const TGS_REQ: u8 = 0x6c;
const KRB_ERROR: u8 = 0x7e;

/// The way to one key distribution centre, over TCP (RFC 4120 section 7.2.2).
pub struct Kdc<'a> {
    address: SocketAddr,
    timeout: Duration,
    user: &'a str,
    service: &'a str,
    /// Stop before a service ticket.
    pub(crate) logon_only: bool,
    /// The salt of the account's AES keys, once an answer has told it.
    pub(crate) salt: Option<String>,
}

impl<'a> Kdc<'a> {
    /// Stands for the address towards sspi, which wants a URL and hands it back with each request.
    pub(crate) const URL: &'static str = "tcp://kdc.invalid:88";

    /// For the log-on of one user at one service, both named for errors only.
    pub fn new(address: SocketAddr, timeout: Duration, user: &'a str, service: &'a str) -> Self {
        Self {
            address,
            timeout,
            user,
            service,
            logon_only: false,
            salt: None,
        }
    }

    /// Sends a request and waits for the answer, both with their 4 bytes of length.
    /// `None`: not sent, because it asks for a service ticket and only the log-on was wanted.
    ///
    /// # Errors
    /// Transport trouble, and every Kerberos error but "pre-authentication required". A clock skew ends here on
    /// purpose: sspi would compensate it, and times computed on this machine would still be wrong.
    pub(crate) async fn exchange(
        &mut self,
        request: &NetworkRequest,
    ) -> Result<Option<Vec<u8>>, LogonFailure> {
        if self.logon_only && message_type(&request.data) == Some(TGS_REQ) {
            return Ok(None);
        }
        if request.url.as_str() != Self::URL {
            // A referral to another realm: its key distribution centre is not known here.
            return Err(LogonFailure::WrongRealm(self.user.to_owned()));
        }
        let unreachable = |error: io::Error| LogonFailure::KdcUnreachable {
            address: self.address,
            detail: error.to_string(),
        };
        let exchange = tokio::time::timeout(self.timeout, round_trip(self.address, &request.data));
        let reply = exchange
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(unreachable)?;
        if message_type(&reply) == Some(KRB_ERROR) {
            self.judge(
                reply.get(4..).unwrap_or_default(),
                message_type(&request.data) == Some(AS_REQ),
            )?;
        }
        Ok(Some(reply))
    }

    fn judge(&mut self, error: &[u8], logging_on: bool) -> Result<(), LogonFailure> {
        let error = KdcError::parse(error).ok_or_else(|| {
            LogonFailure::Other("the key distribution centre sent a malformed error".into())
        })?;
        tracing::debug!(
            code = error.code,
            status = error.status,
            "the key distribution centre answered with an error"
        );
        self.salt = error.salt.clone().or(self.salt.take());
        match error.code {
            KdcError::PREAUTH_REQUIRED => Ok(()),
            _ => Err(error.failure(self.user, self.service, logging_on, SystemTime::now())),
        }
    }
}

fn message_type(framed: &[u8]) -> Option<u8> {
    framed.get(4).copied()
}

async fn round_trip(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let length = stream.read_u32().await?;
    if length as usize > MAX_REPLY {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its answer is too long",
        ));
    }
    let mut reply = length.to_be_bytes().to_vec();
    reply.resize(4 + length as usize, 0);
    stream
        .read_exact(reply.get_mut(4..).unwrap_or_default())
        .await?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::failure::LogonError;
    use crate::kdc_error::encoded;
    use crate::proof::kerberos_logon;
    use crate::secret::{LogonSecret, Password};

    /// Logs on at a key distribution centre that gives these answers, one connection each.
    async fn log_on(replies: Vec<Vec<u8>>) -> LogonFailure {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            for reply in replies {
                let (mut stream, _) = listener.accept().await.unwrap();
                let length = stream.read_u32().await.unwrap() as usize;
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                stream.write_u32(reply.len() as u32).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
            std::future::pending::<Result<_, LogonError>>().await
        };
        let secret = LogonSecret::Password(Password::new(b"pa55".to_vec()));
        let logon = kerberos_logon(
            "CONTOSO.COM",
            "svc",
            &secret,
            address,
            Duration::from_millis(500),
        );
        let result = tokio::select! { result = logon => result, result = serve => result };
        match result {
            Err(LogonError::Refused { failure, .. }) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_skewed_clock_is_reported_with_both_times() {
        let LogonFailure::ClockSkew { client, server } =
            log_on(vec![encoded(25, None), encoded(37, None)]).await
        else {
            panic!("another failure")
        };
        assert_eq!(
            server,
            std::time::UNIX_EPOCH + Duration::from_secs(1_793_880_000)
        );
        assert!(
            client
                .elapsed()
                .is_ok_and(|age| age < Duration::from_secs(60)),
            "this machine's clock: {client:?}"
        );
    }

    #[tokio::test]
    async fn refusals_name_their_reason() {
        assert_eq!(
            log_on(vec![encoded(25, None), encoded(24, None)]).await,
            LogonFailure::WrongPassword
        );
        assert_eq!(
            log_on(vec![encoded(6, None)]).await,
            LogonFailure::UnknownUser
        );
        assert_eq!(
            log_on(vec![encoded(18, Some(0xc000_0234))]).await,
            LogonFailure::Locked
        );
    }

    #[tokio::test]
    async fn a_dead_or_hostile_centre_is_an_error() {
        for reply in [
            vec![],
            vec![0x7e],
            vec![0x7e, 0x80],
            b"HTTP/1.1 400".to_vec(),
            vec![0x6b, 0x03, 0x30, 0x01, 0x00],
        ] {
            assert!(
                matches!(log_on(vec![reply.clone()]).await, LogonFailure::Other(_)),
                "{reply:x?}"
            );
        }
        let LogonFailure::KdcUnreachable { detail, .. } = log_on(vec![]).await else {
            panic!("another failure")
        };
        assert!(detail.contains("timed out"), "{detail}");
    }
}
