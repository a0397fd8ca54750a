//! An agent behind any stream of bytes: in this process, or a socket.

use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::Transport;

/// A stream whose other end speaks the agent's frames.
pub struct ByteStream<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S> ByteStream<S> {
    /// Takes the stream over.
    pub fn new(stream: S) -> Self {
        let buffer = vec![0; 64 << 10];
        Self { stream, buffer }
    }
}

#[async_trait]
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for ByteStream<S> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let count = self.stream.read(&mut self.buffer).await?;
        let bytes = self.buffer.get(..count);
        Ok(bytes.filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec))
    }

    async fn last_words(&mut self) -> String {
        String::new()
    }

    async fn close(&mut self) {
        // What cannot be closed any more is closed.
        drop(self.stream.shutdown().await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_and_an_end_is_an_end() {
        let (here, mut there) = tokio::io::duplex(64);
        let mut stream = ByteStream::new(here);
        stream.send(b"question").await.unwrap();
        let mut heard = [0; 8];
        there.read_exact(&mut heard).await.unwrap();
        there.write_all(b"answer").await.unwrap();
        assert_eq!(
            (&heard, stream.receive().await.unwrap().unwrap().as_slice()),
            (b"question", &b"answer"[..])
        );
        stream.close().await;
        assert_eq!(there.read(&mut heard).await.unwrap(), 0);
        drop(there);
        assert_eq!(stream.receive().await.unwrap(), None);
    }
}
