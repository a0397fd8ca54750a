//! Messages over TCP, plain at first and inside of TLS later ([MS-TDS] 2.2.3, "Packets").

use std::io;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};
use tds_protocol::{
    DEFAULT_PACKET_SIZE, PACKET_HEADER_SIZE, PacketHeader, PacketStatus, PacketType,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest message that is accepted.
const MAX_MESSAGE: usize = 1 << 20;
/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// One client's connection.
pub(super) struct Channel {
    stream: TcpStream,
    tls: Option<ServerConnection>,
    /// Received, and out of TLS.
    received: Vec<u8>,
}

impl Channel {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            tls: None,
            received: Vec::new(),
        }
    }

    /// Whether the client begins with TLS: TDS 8.
    pub(super) async fn begins_with_tls(&self) -> io::Result<bool> {
        let mut first = [0];
        self.stream.peek(&mut first).await?;
        Ok(first == [TLS_HANDSHAKE])
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> io::Result<(PacketType, Vec<u8>)> {
        let mut message = Vec::new();
        loop {
            let header = self.take(PACKET_HEADER_SIZE).await?;
            let header = PacketHeader::decode(&mut &header[..]);
            let header = header.map_err(|error| malformed(error.to_string()))?;
            if usize::from(header.length) < PACKET_HEADER_SIZE {
                return Err(malformed("a packet is shorter than its header"));
            }
            message.extend(self.take(header.payload_length()).await?);
            if message.len() > MAX_MESSAGE {
                return Err(malformed("the message is too long"));
            }
            if header.is_end_of_message() {
                return Ok((header.packet_type, message));
            }
        }
    }

    pub(super) async fn send(&mut self, kind: PacketType, message: &[u8]) -> io::Result<()> {
        let packets = framed(kind, message);
        let Some(tls) = &mut self.tls else {
            return self.stream.write_all(&packets).await;
        };
        // As much as TLS buffers at a time.
        for part in packets.chunks(16 << 10) {
            io::Write::write_all(&mut tls.writer(), part)?;
            let mut records = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut records)?;
            }
            self.stream.write_all(&records).await?;
        }
        Ok(())
    }

    /// The handshake of TDS 7, its records inside of PRELOGIN messages.
    pub(super) async fn inner_handshake(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            let (kind, records) = self.message().await?;
            if kind != PacketType::PreLogin {
                return Err(malformed("the client does not begin TLS"));
            }
            feed(&mut tls, &records)?;
            let answer = records_of(&mut tls)?;
            if !answer.is_empty() {
                self.send(PacketType::PreLogin, &answer).await?;
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// The handshake of TDS 8.
    pub(super) async fn outer_handshake(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            let records = self.read().await?;
            feed(&mut tls, &records)?;
            let answer = records_of(&mut tls)?;
            self.stream.write_all(&answer).await?;
        }
        drain(&mut tls, &mut self.received)?;
        self.tls = Some(tls);
        Ok(())
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.received.len() < length {
            let bytes = self.read().await?;
            match &mut self.tls {
                None => self.received.extend(bytes),
                Some(tls) => {
                    feed(tls, &bytes)?;
                    drain(tls, &mut self.received)?;
                }
            }
        }
        let rest = self.received.split_off(length);
        Ok(std::mem::replace(&mut self.received, rest))
    }

    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 16 << 10];
        let length = self.stream.read(&mut bytes).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

fn feed(tls: &mut ServerConnection, mut records: &[u8]) -> io::Result<()> {
    while !records.is_empty() {
        tls.read_tls(&mut records)?;
        tls.process_new_packets().map_err(io::Error::other)?;
    }
    Ok(())
}

fn drain(tls: &mut ServerConnection, into: &mut Vec<u8>) -> io::Result<()> {
    match io::Read::read_to_end(&mut tls.reader(), into) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}

fn records_of(tls: &mut ServerConnection) -> io::Result<Vec<u8>> {
    let mut records = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut records)?;
    }
    Ok(records)
}

fn framed(kind: PacketType, message: &[u8]) -> Vec<u8> {
    let mut chunks = message
        .chunks(DEFAULT_PACKET_SIZE - PACKET_HEADER_SIZE)
        .peekable();
    let (mut bytes, mut number) = (Vec::new(), 0_u8);
    while let Some(chunk) = chunks.next() {
        number = number.wrapping_add(1);
        let status = match chunks.peek() {
            None => PacketStatus::END_OF_MESSAGE,
            Some(_) => PacketStatus::NORMAL,
        };
        let length = u16::try_from(chunk.len() + PACKET_HEADER_SIZE).unwrap_or(u16::MAX);
        let header = PacketHeader::new(kind, status, length).with_packet_id(number);
        header.encode(&mut bytes);
        bytes.extend_from_slice(chunk);
    }
    bytes
}

pub(super) fn malformed(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
