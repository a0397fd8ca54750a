//! TLS inside of TDS 7 ([MS-TDS] 2.2.6.5, "PRELOGIN"): the handshake's records travel as PRELOGIN messages, what comes
//! after it does not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tds_protocol::{DEFAULT_PACKET_SIZE, PACKET_HEADER_SIZE, PacketType};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::packets::{decoded, framed};

/// A stream that wraps what goes through it until the handshake is over.
pub(crate) struct Handshake<S> {
    stream: S,
    wraps: bool,
    /// Written, not yet sent off as a message.
    pending: Vec<u8>,
    /// Framed, on its way.
    outgoing: Vec<u8>,
    header: Vec<u8>,
    /// Bytes of the present packet that have not come yet.
    left: usize,
}

impl<S> Handshake<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            wraps: true,
            pending: Vec::new(),
            outgoing: Vec::new(),
            header: Vec::new(),
            left: 0,
        }
    }

    /// From now on bytes go through as they are.
    pub(crate) fn end(&mut self) {
        self.wraps = false;
    }
}

impl<S: AsyncWrite + Unpin> Handshake<S> {
    fn send_off(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.pending.is_empty() {
            let message = std::mem::take(&mut self.pending);
            self.outgoing
                .extend(framed(PacketType::PreLogin, &message, DEFAULT_PACKET_SIZE));
        }
        while !self.outgoing.is_empty() {
            let sent = Pin::new(&mut self.stream).poll_write(context, &self.outgoing);
            match ready!(sent)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => drop(self.outgoing.drain(..sent)),
            }
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Handshake<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.wraps {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        self.pending.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.send_off(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Handshake<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.wraps {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        }
        // Whoever waits for an answer has said what it has to say.
        ready!(this.send_off(context))?;
        while this.left == 0 {
            let mut bytes = [0; PACKET_HEADER_SIZE];
            let missing = PACKET_HEADER_SIZE - this.header.len();
            let mut part = ReadBuf::new(bytes.get_mut(..missing).unwrap_or_default());
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.header.extend_from_slice(part.filled());
            if this.header.len() == PACKET_HEADER_SIZE {
                this.left = decoded(&this.header)?.payload_length();
                this.header.clear();
            }
        }
        let limit = this.left.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(limit));
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut part))?;
        let filled = part.filled().len();
        buffer.advance(filled);
        this.left -= filled;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn wrapped_until_its_end_and_plain_afterwards() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let mut stream = Handshake::new(ours);
        stream.write_all(b"hel").await.unwrap();
        stream.write_all(b"lo").await.unwrap();
        stream.flush().await.unwrap();
        let mut packet = [0; 13];
        theirs.read_exact(&mut packet).await.unwrap();
        assert_eq!(&packet[..4], [0x12, 1, 0, 13]);
        assert_eq!(&packet[8..], b"hello");

        for part in framed(PacketType::PreLogin, b"answer", 10).chunks(3) {
            theirs.write_all(part).await.unwrap();
        }
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");

        stream.end();
        stream.write_all(b"plain").await.unwrap();
        theirs.read_exact(&mut packet[..5]).await.unwrap();
        assert_eq!(&packet[..5], b"plain");
    }
}
