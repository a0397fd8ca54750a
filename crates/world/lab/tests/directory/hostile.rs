//! Clients that do not keep to the protocol: they lose their connection, and nobody else notices.

use std::net::SocketAddr;
use std::time::Duration;

use ldap::{Filter, Scope, Search};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{administrator, lab};

/// Sends bytes and reads until the server ends it, or says nothing for a while.
async fn send(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have cut it already.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut answer)).await;
    answer
}

/// `NOT NOT NOT … (cn=*)` in a search request.
fn deep_filter(depth: usize) -> Vec<u8> {
    fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
        [
            &[tag, 0x84][..],
            &u32::try_from(content.len()).unwrap().to_be_bytes(),
            content,
        ]
        .concat()
    }
    let filter = (0..depth).fold(vec![0x87, 2, b'c', b'n'], |filter, _| tagged(0xa2, &filter));
    let fields = [
        &[4, 0, 10, 1, 0, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0][..],
        &filter,
        &[0x30, 0],
    ]
    .concat();
    tagged(0x30, &[&[2, 1, 1][..], &tagged(0x63, &fields)].concat())
}

#[tokio::test]
async fn malformed_messages_harm_nobody() {
    let lab = lab().await;
    let (ldap, kdc) = (lab.addresses().ldap, lab.addresses().kdc);
    for bytes in [
        vec![],
        vec![0x30],
        vec![0x30, 0x80],
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x03, 2, 1, 1],
        vec![0x16, 3, 1, 0, 5],
        vec![0; 1000],
        vec![0xff; 1000],
        deep_filter(100),
        deep_filter(5_000),
    ] {
        send(ldap, &bytes).await;
        send(lab.addresses().ldaps, &bytes).await;
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        send(kdc, &[&length[..], &bytes].concat()).await;
        send(kdc, &bytes).await;
    }
    let mut random = TestRunner::deterministic();
    let noise = prop::collection::vec(any::<u8>(), 1..200);
    for round in 0..60 {
        let mut bytes = noise.new_tree(&mut random).unwrap().current();
        let tag = [0x30, 0x6a, 0x6c][round % 3];
        bytes.insert(0, tag);
        bytes.insert(1, u8::try_from((bytes.len() - 1).min(0x7f)).unwrap());
        send(ldap, &bytes).await;
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        send(kdc, &[&length[..], &bytes].concat()).await;
    }
    let client = administrator(&lab).await;
    let found = client
        .search(&Search::new(
            "DC=contoso,DC=com",
            Scope::Base,
            Filter::present("cn"),
        ))
        .await;
    assert!(found.is_ok());
}

#[tokio::test]
async fn a_client_that_never_reads_holds_up_nobody() {
    let lab = lab().await;
    // Root DSE searches without end, and no answer read.
    let search = b"\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x00";
    let mut stream = TcpStream::connect(lab.addresses().ldap).await.unwrap();
    let requests = search.repeat(2_000);
    let writing = tokio::time::timeout(Duration::from_millis(500), async {
        loop {
            stream.write_all(&requests).await.unwrap();
        }
    });
    assert!(
        writing.await.is_err(),
        "the server took requests without end"
    );
    administrator(&lab).await;
}
