//! A server that follows a script.

use std::net::SocketAddr;

use ldap::{Auth, Client, ConnectOptions, Transport};
use rasn_ldap::{
    Control, LdapMessage, LdapResult, PartialAttribute, ProtocolOp, ResultCode, SearchResultEntry,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One accepted connection.
pub struct Peer<S = TcpStream> {
    pub stream: S,
    received: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// The client's next message.
    pub async fn receive(&mut self) -> LdapMessage {
        loop {
            if let Ok((message, rest)) =
                rasn::ber::decode_with_remainder::<LdapMessage>(&self.received)
            {
                self.received = rest.to_vec();
                return message;
            }
            assert_ne!(
                self.stream.read_buf(&mut self.received).await.unwrap(),
                0,
                "the client has gone"
            );
        }
    }

    pub async fn send(&mut self, id: u32, response: ProtocolOp) {
        self.send_with(id, response, vec![]).await;
    }

    pub async fn send_with(&mut self, id: u32, response: ProtocolOp, controls: Vec<Control>) {
        let mut message = LdapMessage::new(id, response);
        message.controls = Some(controls).filter(|controls| !controls.is_empty());
        self.stream
            .write_all(&rasn::ber::encode(&message).unwrap())
            .await
            .unwrap();
    }
}

/// Runs a script for the first connection; the address and the script's end.
pub async fn serve<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let script = tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    (address, script)
}

/// An anonymous connection in clear, whose operations may take as long as `timeout_ms`.
pub async fn client(address: SocketAddr, timeout_ms: u64) -> Client {
    let mut options = ConnectOptions::new(
        "dc1.contoso.com",
        address,
        Transport::Sealed,
        Auth::Anonymous,
    );
    options.timeouts.operation = std::time::Duration::from_millis(timeout_ms);
    Client::connect(&options).await.unwrap()
}

pub fn result(code: ResultCode, diagnostic: &str) -> LdapResult {
    LdapResult::new(code, "".into(), diagnostic.into())
}

pub fn entry(dn: &str, attributes: &[(&str, &[&[u8]])]) -> ProtocolOp {
    let attributes = attributes.iter().map(|(name, values)| {
        let values: Vec<_> = values.iter().map(|value| value.to_vec().into()).collect();
        PartialAttribute::new((*name).into(), values.into())
    });
    ProtocolOp::SearchResEntry(SearchResultEntry::new(dn.into(), attributes.collect()))
}
