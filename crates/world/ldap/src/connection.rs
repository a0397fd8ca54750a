//! One byte stream to a server: sends requests, receives their responses, sealed or not.

use std::time::Duration;

use logon::SecurityContext;
use rasn_ldap::{LdapMessage, ProtocolOp};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::control::Control;
use crate::error::{Error, Operation};
use crate::frame::{Inbox, MAX_FRAME};
use crate::wire::{self, Outcome, Response, ResponseBody};

/// TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// The seal of a connection after a SASL bind.
pub(crate) struct Seal {
    pub(crate) context: SecurityContext,
    /// Longest SASL buffer the server takes, in bytes.
    pub(crate) max_buffer: usize,
}

/// Room that sealing adds to a SASL buffer: a Kerberos wrap token's header, filler, confounder and checksum.
const SEAL_OVERHEAD: usize = 128;

pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    /// As it came: SASL buffers, or messages when nothing seals.
    received: Inbox,
    /// Opened SASL buffers: messages.
    opened: Inbox,
    seal: Option<Seal>,
    last_id: u32,
    timeout: Duration,
    /// The byte stream is undefined from here on.
    broken: bool,
}

/// A request on its way.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) id: u32,
    operation: Operation,
    deadline: Instant,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>, timeout: Duration) -> Self {
        let (received, opened) = (Inbox::default(), Inbox::default());
        Self {
            stream,
            received,
            opened,
            seal: None,
            last_id: 0,
            timeout,
            broken: false,
        }
    }

    /// Everything from now on is sealed.
    ///
    /// # Errors
    /// When the server has sent something unsealed beside its answer: it could have been put there by anybody.
    pub(crate) fn seal_with(&mut self, seal: Seal) -> Result<(), Error> {
        self.expect_silence(Operation::Bind)?;
        self.seal = Some(seal);
        Ok(())
    }

    /// Gives the stream back, to start TLS on it.
    ///
    /// # Errors
    /// As [`Connection::seal_with`].
    pub(crate) fn into_stream(self) -> Result<Box<dyn Stream>, Error> {
        self.expect_silence(Operation::StartTls)?;
        Ok(self.stream)
    }

    fn expect_silence(&self, operation: Operation) -> Result<(), Error> {
        if self.received.is_empty() {
            return Ok(());
        }
        let detail = "it sent unprotected bytes after its answer".to_owned();
        Err(Error::Protocol {
            operation,
            ambiguous: false,
            detail,
        })
    }

    /// Sends a request that has one response, and waits for it.
    pub(crate) async fn call(
        &mut self,
        operation: Operation,
        request: ProtocolOp,
        controls: &[Control],
    ) -> Result<Outcome, Error> {
        let pending = self.send(operation, request, controls).await?;
        let response = self.receive(pending).await?;
        match (operation, response.body) {
            (Operation::Bind, ResponseBody::Bind(outcome))
            | (Operation::StartTls, ResponseBody::Extended(outcome))
            | (Operation::Add, ResponseBody::Add(outcome))
            | (Operation::Modify, ResponseBody::Modify(outcome))
            | (Operation::Delete, ResponseBody::Delete(outcome))
            | (Operation::ModifyDn, ResponseBody::ModifyDn(outcome))
            | (Operation::Compare, ResponseBody::Compare(outcome)) => Ok(outcome),
            _ => Err(self.protocol_error(operation, "the response does not belong to the request")),
        }
    }

    /// Sends a request; its responses are fetched with [`Connection::receive`].
    pub(crate) async fn send(
        &mut self,
        operation: Operation,
        request: ProtocolOp,
        controls: &[Control],
    ) -> Result<Pending, Error> {
        if self.broken {
            let detail = "an earlier failure left it unusable".to_owned();
            return Err(Error::Closed {
                operation,
                ambiguous: false,
                detail,
            });
        }
        let deadline = Instant::now() + self.timeout;
        self.last_id = if self.last_id == i32::MAX as u32 {
            1
        } else {
            self.last_id + 1
        };
        let bytes = encode(self.last_id, request, controls)
            .and_then(|message| self.protect(message))
            .map_err(|detail| Error::Input {
                what: "the request cannot be encoded",
                detail,
            })?;
        // From the first byte out until the last, dropping this future leaves half a message on the stream.
        self.broken = true;
        let ambiguous = operation.is_write();
        match tokio::time::timeout_at(deadline, write(&mut self.stream, &bytes)).await {
            Ok(Ok(())) => self.broken = false,
            Ok(Err(error)) => {
                return Err(Error::Closed {
                    operation,
                    ambiguous,
                    detail: error.to_string(),
                });
            }
            Err(_) => {
                return Err(Error::Timeout {
                    operation,
                    after: self.timeout,
                    ambiguous,
                });
            }
        }
        Ok(Pending {
            id: self.last_id,
            operation,
            deadline,
        })
    }

    /// Waits for the next response to a request. May be dropped and called again.
    pub(crate) async fn receive(&mut self, pending: Pending) -> Result<Response, Error> {
        loop {
            let response = self.next(pending.operation, pending.deadline).await?;
            if response.message_id == pending.id {
                return Ok(response);
            }
            // The answer to a request that was given up on.
            tracing::debug!(
                message_id = response.message_id,
                "a late response was dropped"
            );
        }
    }

    /// Waits for the next response, whatever request it answers; for [`Connection::timeout`] from now on.
    pub(crate) async fn receive_any(&mut self, operation: Operation) -> Result<Response, Error> {
        self.next(operation, Instant::now() + self.timeout).await
    }

    async fn next(&mut self, operation: Operation, deadline: Instant) -> Result<Response, Error> {
        let ambiguous = operation.is_write();
        loop {
            let Some(response) = self.next_buffered(operation)? else {
                let read =
                    tokio::time::timeout_at(deadline, self.stream.read_buf(self.received.tail()))
                        .await;
                let detail = match read {
                    Err(_) => {
                        return Err(Error::Timeout {
                            operation,
                            after: self.timeout,
                            ambiguous,
                        });
                    }
                    Ok(Ok(0)) => "end of stream".to_owned(),
                    Ok(Ok(_)) => continue,
                    Ok(Err(error)) => error.to_string(),
                };
                self.broken = true;
                return Err(Error::Closed {
                    operation,
                    ambiguous,
                    detail,
                });
            };
            match response.body {
                ResponseBody::Extended(notice) if response.message_id == Response::UNSOLICITED => {
                    self.heed(operation, &notice)?;
                }
                _ => return Ok(response),
            }
        }
    }

    /// Says good-bye; nothing answers.
    pub(crate) async fn unbind(mut self) {
        let request = ProtocolOp::UnbindRequest(rasn_ldap::UnbindRequest);
        if self.send(Operation::Unbind, request, &[]).await.is_ok() {
            // Everything asked for is over: a failing farewell harms nobody.
            let _ = self.stream.shutdown().await;
        }
    }

    fn heed(&mut self, operation: Operation, notice: &Outcome) -> Result<(), Error> {
        if !notice.is_notice_of_disconnection() {
            return Ok(());
        }
        self.broken = true;
        let detail = format!("{}, {}", notice.code(), notice.diagnostic());
        Err(Error::Closed {
            operation,
            ambiguous: operation.is_write(),
            detail,
        })
    }

    fn next_buffered(&mut self, operation: Operation) -> Result<Option<Response>, Error> {
        let response = self.cut();
        response.map_err(|detail| self.protocol_error(operation, &detail))
    }

    fn cut(&mut self) -> Result<Option<Response>, String> {
        if let Some(seal) = &mut self.seal {
            while let Some(buffer) = self.received.take_sasl_buffer()? {
                let plain = seal
                    .context
                    .open(buffer)
                    .map_err(|error| format!("a sealed answer is not genuine: {error}"))?;
                self.opened.tail().extend_from_slice(&plain);
            }
        }
        let messages = if self.seal.is_some() {
            &mut self.opened
        } else {
            &mut self.received
        };
        messages.take_message()?.map(wire::decode).transpose()
    }

    fn protocol_error(&mut self, operation: Operation, detail: &str) -> Error {
        self.broken = true;
        Error::Protocol {
            operation,
            ambiguous: operation.is_write(),
            detail: detail.to_owned(),
        }
    }

    fn protect(&mut self, message: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, String> {
        let Some(seal) = &mut self.seal else {
            return Ok(message);
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(message.len() + SEAL_OVERHEAD));
        for part in message.chunks(seal.max_buffer.saturating_sub(SEAL_OVERHEAD).max(1)) {
            let sealed = seal.context.seal(part)?;
            let length = u32::try_from(sealed.len()).map_err(|error| error.to_string())?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&sealed);
        }
        Ok(bytes)
    }
}

pub(crate) fn encode(
    id: u32,
    request: ProtocolOp,
    controls: &[Control],
) -> Result<Zeroizing<Vec<u8>>, String> {
    let controls = controls.iter().map(|control| {
        let value = control.value.clone().map(Into::into);
        rasn_ldap::Control::new(
            control.oid.clone().into_bytes().into(),
            control.critical,
            value,
        )
    });
    let mut message = LdapMessage::new(id, request);
    message.controls = Some(controls.collect::<Vec<_>>()).filter(|controls| !controls.is_empty());
    let bytes = rasn::ber::encode(&message).map_err(|error| error.kind.to_string())?;
    if bytes.len() > MAX_FRAME {
        return Err("it is longer than 16 MiB".into());
    }
    Ok(Zeroizing::new(bytes))
}

async fn write(stream: &mut Box<dyn Stream>, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
