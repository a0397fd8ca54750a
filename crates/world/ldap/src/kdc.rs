//! Carries Kerberos messages to the key distribution centre, and reads its errors before anybody else does.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use sspi::generator::NetworkRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::LogonFailure;
use crate::kdc_error::KdcError;

/// Longest accepted answer: a ticket with a large group list stays far below.
const MAX_REPLY: usize = 256 * 1024;

// RFC 4120 section 5.10, "Application Tag Numbers".
const AS_REQ: u8 = 0x6a;
const TGS_REQ: u8 = 0x6c;
const KRB_ERROR: u8 = 0x7e;

/// The way to one key distribution centre, over TCP (RFC 4120 section 7.2.2).
pub(crate) struct Kdc<'a> {
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
    pub(crate) fn new(
        address: SocketAddr,
        timeout: Duration,
        user: &'a str,
        service: &'a str,
    ) -> Self {
        Self {
            address,
            timeout,
            user,
            service,
            logon_only: false,
            salt: None,
        }
    }

    /// The address as sspi wants to have it.
    pub(crate) fn url(&self) -> String {
        format!("tcp://{}", self.address)
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
        if request.url.as_str() != self.url() {
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
