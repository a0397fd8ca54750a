//! One client: reads its requests one after the other, and answers.

use std::sync::Arc;
use std::time::Duration;

use rasn::error::DecodeError;
use rasn_ldap::LdapMessage;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::bind::Negotiation;
use super::encode::{Outbox, Outcome, ResponseTag};
use super::frame::{Inbox, MAX_ANONYMOUS_MESSAGE, MAX_MESSAGE};
use super::listener::{HANDSHAKE, Port};
use super::pages::Pages;
use super::tls::Certificate;
use crate::directory::Directory;
use crate::gss::Layer;
use crate::gss::acceptor::Protection;
use crate::rules::token::Token;
use crate::visitors::{Budget, FREE_SHARE, Pulse};

/// TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

// [MS-ADTS] 3.1.1.3.4.6 "LDAP Policies": a client that says nothing for so long is gone.
/// MaxConnIdleTime.
const IDLE: Duration = Duration::from_secs(900);
/// InitRecvTimeout, here until somebody has logged on.
const STRANGER_IDLE: Duration = Duration::from_secs(120);
/// A message that has begun must be complete after so long.
const SLOW_WRITER: Duration = Duration::from_secs(60);
/// A client that does not take an answer for so long is cut.
const SLOW_READER: Duration = Duration::from_secs(20);
/// Longest plain text in one SASL buffer.
const SASL_CHUNK: usize = 60 * 1024;
/// Answers are written when so many bytes have gathered, or when there is no request left that has arrived.
const BATCH: usize = 64 * 1024;

pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    pub(super) directory: Arc<Directory>,
    pub(super) certificate: Certificate,
    pub(super) tls: bool,
    /// The client came to the global catalog's port.
    pub(super) is_global_catalog: bool,
    received: Inbox,
    opened: Inbox,
    /// Answers, protected as agreed, that were not written yet.
    unsent: Vec<u8>,
    pulse: Pulse,
    pub(crate) protection: Option<(Layer, Protection)>,
    pub(crate) token: Token,
    /// `CONTOSO\svc`; empty for anonymous.
    pub(super) user: String,
    pub(super) negotiation: Option<Negotiation>,
    /// Searches whose pages have not all been asked for.
    pub(super) pages: Pages,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) struct End(pub(super) &'static str);

impl Connection {
    pub(crate) fn new(
        stream: Box<dyn Stream>,
        directory: Arc<Directory>,
        certificate: Certificate,
        port: Port,
        (budget, pulse): (&Budget, Pulse),
    ) -> Self {
        Self {
            stream,
            directory,
            certificate,
            tls: port.begins_with_tls(),
            is_global_catalog: port.is_global_catalog(),
            received: Inbox::new(budget.share()),
            opened: Inbox::new(budget.share()),
            unsent: Vec::new(),
            pulse,
            protection: None,
            token: Token::default(),
            user: String::new(),
            negotiation: None,
            pages: Pages::new(budget.share()),
        }
    }

    pub(crate) async fn run(mut self) {
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
        // What was answered before a good-bye is still to arrive.
        let _ = self.flush().await;
        tracing::debug!(why, user = self.user, "a directory connection ended");
    }

    /// Whether what is sent is encrypted.
    pub(super) fn is_confidential(&self) -> bool {
        let protection = self.protection.as_ref().map(|(_, protection)| *protection);
        let encrypted = self.tls || protection == Some(Protection::Sealed);
        encrypted && self.directory.trusts_encryption()
    }

    /// The next request. Before it waits for one, everything that was answered is sent.
    async fn next_message(&mut self) -> Result<LdapMessage, End> {
        let known = !self.token.is_anonymous();
        let mut deadline = Instant::now() + if known { IDLE } else { STRANGER_IDLE };
        let mut begun = false;
        loop {
            match self.cut()? {
                Some(Ok(message)) => {
                    self.pulse.beat(known);
                    return Ok(message);
                }
                Some(Err(_)) => {
                    self.disconnect().await;
                    return Err(End("a message could not be read"));
                }
                None => self.flush().await?,
            }
            if !(begun || self.received.is_empty() && self.opened.is_empty()) {
                begun = true;
                deadline = deadline.min(Instant::now() + SLOW_WRITER);
            }
            match timeout_at(deadline, self.received.fill(&mut self.stream)).await {
                Ok(Ok(0)) => return Err(End("the client closed it")),
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Err(End("it broke, or too much is under way")),
                Err(_) => return Err(End("it was idle")),
            }
        }
    }

    /// The next message of what has arrived, if it is complete.
    fn cut(&mut self) -> Result<Option<Result<LdapMessage, DecodeError>>, End> {
        let limit = if self.token.is_anonymous() {
            MAX_ANONYMOUS_MESSAGE
        } else {
            MAX_MESSAGE
        };
        let bad = |_| End("what came is no message, or too long");
        let Some((layer, protection)) = &mut self.protection else {
            let message = self.received.take_message(limit).map_err(bad)?;
            return Ok(message.map(rasn::ber::decode));
        };
        loop {
            if let Some(message) = self.opened.take_message(limit).map_err(bad)? {
                return Ok(Some(rasn::ber::decode(message)));
            }
            let Some(buffer) = self.received.take_sasl_buffer(limit).map_err(bad)? else {
                return Ok(None);
            };
            let (plain, sealed) = layer
                .open(buffer)
                .map_err(|_| End("a sealed message is not genuine"))?;
            if *protection == Protection::Sealed && !sealed {
                return Err(End("a message is not sealed"));
            }
            self.opened
                .push(&plain)
                .map_err(|_| End("too much is under way"))?;
        }
    }

    /// Protects what stands in the outbox as agreed by now, and sends it with what comes soon.
    pub(super) async fn send(&mut self, outbox: Outbox) -> Result<(), End> {
        match &mut self.protection {
            None if self.unsent.is_empty() => self.unsent = outbox.bytes,
            None => self.unsent.extend_from_slice(&outbox.bytes),
            Some((layer, protection)) => {
                for part in outbox.bytes.chunks(SASL_CHUNK) {
                    let wrapped = match protection {
                        Protection::Sealed => layer.seal(part),
                        _ => layer.sign(part),
                    };
                    let wrapped = wrapped.map_err(|_| End("an answer could not be sealed"))?;
                    let length = u32::try_from(wrapped.len()).unwrap_or(0);
                    self.unsent.extend_from_slice(&length.to_be_bytes());
                    self.unsent.extend_from_slice(&wrapped);
                }
            }
        }
        if self.unsent.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what was answered; a client that does not read is cut.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.unsent).await?;
            self.stream.flush().await
        };
        let written = timeout(SLOW_READER, write).await;
        self.unsent.clear();
        self.unsent.shrink_to(FREE_SHARE);
        match written {
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
        let _ = self.flush().await;
    }

    /// RFC 4511 section 4.14, "StartTLS Operation".
    pub(super) async fn start_tls(mut self: &mut Self, id: u32) -> Result<(), End> {
        const NAME: &str = "1.3.6.1.4.1.1466.20037";
        if self.tls || self.protection.is_some() || !self.received.is_empty() {
            let mut outcome = Outcome::code(rasn_ldap::ResultCode::OperationsError);
            outcome.extended = Some((NAME, None));
            return self.respond(id, ResponseTag::EXTENDED, outcome).await;
        }
        let outcome = Outcome {
            extended: Some((NAME, None)),
            ..Outcome::success()
        };
        self.respond(id, ResponseTag::EXTENDED, outcome).await?;
        self.flush().await?;
        let this = &mut self;
        let stream = std::mem::replace(&mut this.stream, Box::new(tokio::io::empty()));
        let accepting = this.certificate.acceptor.accept(stream);
        match timeout(HANDSHAKE, accepting).await {
            Ok(Ok(stream)) => {
                this.stream = Box::new(stream);
                this.tls = true;
                Ok(())
            }
            _ => Err(End("the TLS handshake failed")),
        }
    }
}
