//! One client: reads its requests one after the other, and answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rasn_ldap::LdapMessage;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::bind::Negotiation;
use super::encode::{Outbox, Outcome, ResponseTag};
use super::frame::{Inbox, MAX_ANONYMOUS_MESSAGE, MAX_MESSAGE};
use super::listener::HANDSHAKE;
use super::tls::Certificate;
use crate::directory::Directory;
use crate::gss::acceptor::Protection;
use crate::gss::seal::Seal;
use crate::rules::token::Token;
use crate::store::object::ObjectId;

/// TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A client that says nothing for so long is gone: MaxConnIdleTime ([MS-ADTS] 3.1.1.3.4.6).
const IDLE: Duration = Duration::from_secs(900);
/// A client that does not take an answer for so long is cut.
const SLOW_READER: Duration = Duration::from_secs(20);
/// Longest plain text in one SASL buffer.
const SASL_CHUNK: usize = 60 * 1024;

pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    pub(super) directory: Arc<Directory>,
    certificate: Certificate,
    pub(super) tls: bool,
    received: Inbox,
    opened: Inbox,
    pub(super) protection: Option<(Seal, Protection)>,
    pub(super) token: Token,
    /// `CONTOSO\svc`; empty for anonymous.
    pub(super) user: String,
    pub(super) negotiation: Option<Negotiation>,
    /// Searches whose pages have not all been asked for.
    pub(super) pages: HashMap<u32, Vec<ObjectId>>,
    pub(super) next_page: u32,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) struct End(pub(super) &'static str);

impl Connection {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        directory: Arc<Directory>,
        certificate: Certificate,
        tls: bool,
    ) -> Self {
        Self {
            stream,
            directory,
            certificate,
            tls,
            received: Inbox::default(),
            opened: Inbox::default(),
            protection: None,
            token: Token::default(),
            user: String::new(),
            negotiation: None,
            pages: HashMap::new(),
            next_page: 1,
        }
    }

    pub(super) async fn run(mut self) {
        let End(why) = loop {
            match self.next_message().await {
                Ok(message) => {
                    if let Err(end) = self.handle(message).await {
                        break end;
                    }
                }
                Err(end) => break end,
            }
        };
        tracing::debug!(why, user = self.user, "a directory connection ended");
    }

    /// Whether what is sent is encrypted.
    pub(super) fn is_confidential(&self) -> bool {
        self.tls
            || self
                .protection
                .as_ref()
                .is_some_and(|(_, protection)| *protection == Protection::Sealed)
    }

    async fn next_message(&mut self) -> Result<LdapMessage, End> {
        loop {
            if let Some(message) = self.cut()? {
                return match rasn::ber::decode::<LdapMessage>(&message) {
                    Ok(message) => Ok(message),
                    Err(_) => {
                        self.disconnect().await;
                        Err(End("a message could not be read"))
                    }
                };
            }
            let read = tokio::time::timeout(IDLE, self.stream.read_buf(&mut self.received.bytes));
            match read.await {
                Ok(Ok(0)) => return Err(End("the client closed it")),
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Err(End("it broke")),
                Err(_) => return Err(End("it was idle")),
            }
        }
    }

    fn cut(&mut self) -> Result<Option<Vec<u8>>, End> {
        let limit = if self.token.is_anonymous() {
            MAX_ANONYMOUS_MESSAGE
        } else {
            MAX_MESSAGE
        };
        let bad = |_| End("what came is no message, or too long");
        let Some((seal, protection)) = &self.protection else {
            return self.received.take_message(limit).map_err(bad);
        };
        while let Some(buffer) = self.received.take_sasl_buffer(limit).map_err(bad)? {
            let (plain, sealed) = seal
                .open(&buffer)
                .map_err(|_| End("a sealed message is not genuine"))?;
            if *protection == Protection::Sealed && !sealed {
                return Err(End("a message is not sealed"));
            }
            self.opened.bytes.extend_from_slice(&plain);
        }
        self.opened.take_message(limit).map_err(bad)
    }

    /// Sends what stands in the outbox, protected as agreed.
    pub(super) async fn send(&mut self, outbox: Outbox) -> Result<(), End> {
        let bytes = match &mut self.protection {
            None => outbox.bytes,
            Some((seal, protection)) => {
                let mut bytes = Vec::with_capacity(outbox.bytes.len() + 128);
                for part in outbox.bytes.chunks(SASL_CHUNK) {
                    let wrapped = match protection {
                        Protection::Sealed => seal.seal(part),
                        _ => seal.sign(part),
                    };
                    let wrapped = wrapped.map_err(|_| End("an answer could not be sealed"))?;
                    bytes.extend_from_slice(
                        &u32::try_from(wrapped.len()).unwrap_or(0).to_be_bytes(),
                    );
                    bytes.extend_from_slice(&wrapped);
                }
                bytes
            }
        };
        let write = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(SLOW_READER, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End("it broke")),
            Err(_) => Err(End("the client does not read")),
        }
    }

    /// One response with a result.
    pub(super) async fn respond(
        &mut self,
        id: u32,
        tag: ResponseTag,
        outcome: impl Into<Outcome>,
    ) -> Result<(), End> {
        let mut outbox = Outbox::default();
        outbox.result(id, tag, &outcome.into());
        self.send(outbox).await
    }

    /// RFC 4511 section 4.4.1, "Notice of Disconnection".
    async fn disconnect(&mut self) {
        let mut outcome = Outcome::code(rasn_ldap::ResultCode::ProtocolError);
        outcome.extended = Some(("1.3.6.1.4.1.1466.20036", None));
        // The connection ends in any case.
        let _ = self.respond(0, ResponseTag::EXTENDED, outcome).await;
    }

    /// RFC 4511 section 4.14, "StartTLS Operation".
    pub(super) async fn start_tls(mut self: &mut Self, id: u32) -> Result<(), End> {
        const NAME: &str = "1.3.6.1.4.1.1466.20037";
        if self.tls || self.protection.is_some() || !self.received.bytes.is_empty() {
            let mut outcome = Outcome::code(rasn_ldap::ResultCode::OperationsError);
            outcome.extended = Some((NAME, None));
            return self.respond(id, ResponseTag::EXTENDED, outcome).await;
        }
        let outcome = Outcome {
            extended: Some((NAME, None)),
            ..Outcome::success()
        };
        self.respond(id, ResponseTag::EXTENDED, outcome).await?;
        let this = &mut self;
        let stream = std::mem::replace(&mut this.stream, Box::new(tokio::io::empty()));
        let accepting = this.certificate.acceptor.accept(stream);
        match tokio::time::timeout(HANDSHAKE, accepting).await {
            Ok(Ok(stream)) => {
                this.stream = Box::new(stream);
                this.tls = true;
                Ok(())
            }
            _ => Err(End("the TLS handshake failed")),
        }
    }
}
