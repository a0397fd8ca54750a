//! Whole messages in packets ([MS-TDS] 2.2.3, "Packets").

use std::io;

use bytes::BytesMut;
use tds_protocol::{
    DEFAULT_PACKET_SIZE, MAX_PACKET_SIZE, PACKET_HEADER_SIZE, PacketHeader, PacketStatus,
    PacketType,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest message that is accepted: the answers to our queries are thousands of rows at most.
const MAX_MESSAGE: usize = 16 << 20;

/// A connection as messages.
pub(crate) struct Packets<S> {
    pub(crate) stream: S,
    size: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Packets<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            size: DEFAULT_PACKET_SIZE,
        }
    }

    /// The server wants packets of this size from now on.
    pub(crate) fn resize(&mut self, size: usize) {
        self.size = size.clamp(512, MAX_PACKET_SIZE);
    }

    pub(crate) async fn send(&mut self, kind: PacketType, message: &[u8]) -> io::Result<()> {
        self.stream
            .write_all(&framed(kind, message, self.size))
            .await?;
        self.stream.flush().await
    }

    /// The payload of the next message.
    pub(crate) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let header = header(&mut self.stream).await?;
            let length = header.payload_length();
            if message.len() + length > MAX_MESSAGE {
                return Err(malformed("the answer is too long"));
            }
            let start = message.len();
            message.resize(start + length, 0);
            let payload = message.get_mut(start..).unwrap_or_default();
            self.stream.read_exact(payload).await?;
            if header.is_end_of_message() {
                return Ok(message);
            }
        }
    }
}

async fn header<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<PacketHeader> {
    let mut bytes = [0; PACKET_HEADER_SIZE];
    stream.read_exact(&mut bytes).await?;
    decoded(&bytes)
}

/// Reads a header; one that is shorter than itself is none.
pub(crate) fn decoded(bytes: &[u8]) -> io::Result<PacketHeader> {
    let header = PacketHeader::decode(&mut &bytes[..]);
    let header = header.map_err(|error| malformed(error.to_string()))?;
    if usize::from(header.length) < PACKET_HEADER_SIZE {
        return Err(malformed("a packet is shorter than its header"));
    }
    Ok(header)
}

/// A message cut into packets of at most `size` bytes.
pub(crate) fn framed(kind: PacketType, message: &[u8], size: usize) -> Vec<u8> {
    let room = size.saturating_sub(PACKET_HEADER_SIZE).max(1);
    let chunks: Vec<&[u8]> = match message.is_empty() {
        true => vec![message],
        false => message.chunks(room).collect(),
    };
    let last = chunks.len() - 1;
    let mut bytes = BytesMut::with_capacity(message.len() + chunks.len() * PACKET_HEADER_SIZE);
    for (index, chunk) in chunks.into_iter().enumerate() {
        let status = match index == last {
            true => PacketStatus::END_OF_MESSAGE,
            false => PacketStatus::NORMAL,
        };
        let length = u16::try_from(chunk.len() + PACKET_HEADER_SIZE).unwrap_or(u16::MAX);
        let number = u8::try_from((index + 1) % 256).unwrap_or_default();
        PacketHeader::new(kind, status, length)
            .with_packet_id(number)
            .encode(&mut bytes);
        bytes.extend_from_slice(chunk);
    }
    bytes.to_vec()
}

pub(crate) fn malformed(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_comes_out_as_it_went_in() {
        for length in [0, 1, 504, 505, 5000] {
            let message: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let mut sender = Packets::new(ours);
            sender.resize(512);
            sender.send(PacketType::Rpc, &message).await.unwrap();
            let received = Packets::new(theirs).receive().await.unwrap();
            assert_eq!(received, message, "{length}");
        }
    }

    #[tokio::test]
    async fn endless_and_broken_messages_are_refused() {
        for bytes in [
            &[0x04, 0, 0, 7, 0, 0, 1, 0][..],
            &[0x99, 1, 0, 8, 0, 0, 1, 0],
            &[0x04, 1, 0, 20, 0, 0, 1, 0, 1, 2],
        ] {
            let mut packets = Packets::new(tokio::io::join(bytes, tokio::io::sink()));
            packets.receive().await.unwrap_err();
        }
        let packet = framed(PacketType::TabularResult, &[0; 60000], 65535);
        let mut endless = Vec::new();
        for _ in 0..300 {
            let start = endless.len();
            endless.extend_from_slice(&packet);
            endless[start + 1] = 0;
        }
        let mut packets = Packets::new(tokio::io::join(&endless[..], tokio::io::sink()));
        let error = packets.receive().await.unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
