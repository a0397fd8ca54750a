//! Clients that do not keep to the protocol: they lose their connection, and nobody else notices.

use std::net::SocketAddr;
use std::time::Duration;

use lab::LabSeed;
use lab::in_memory::{InMemory, Peer};
use ldap::{Filter, Scope, Search};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{ADMINISTRATOR, SERVICE, administrator, lab};

/// Sends bytes and reads until the server ends it, or says nothing for a while.
async fn send(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have cut it already.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut answer)).await;
    answer
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    [
        &[tag, 0x84][..],
        &u32::try_from(content.len()).unwrap().to_be_bytes(),
        content,
    ]
    .concat()
}

/// `(cn=*)`
const PRESENT: &[u8] = &[0x87, 2, b'c', b'n'];

/// `NOT NOT NOT … (cn=*)` in a search request.
fn deep_filter(depth: usize) -> Vec<u8> {
    search_by(&(0..depth).fold(PRESENT.to_vec(), |filter, _| tagged(0xa2, &filter)))
}

/// A search below the root for all that a filter finds.
fn search_by(filter: &[u8]) -> Vec<u8> {
    let fields = [
        &[4, 0, 10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0][..],
        filter,
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

/// The operations of the answers with their first bytes: tag and, where it is a result, its code.
fn operations(answers: &[u8]) -> Vec<(u8, u8)> {
    let mut rest = answers;
    let mut found = Vec::new();
    while let [0x30, 0x84, a, b, c, d, after @ ..] = rest {
        let (message, next) = after.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        let [2, length, operation @ ..] = message else {
            panic!("a message without its number");
        };
        // Tag, five bytes of length, ENUMERATED, one byte of length, the code.
        let operation = &operation[usize::from(*length)..];
        found.push((operation[0], operation[8]));
        rest = next;
    }
    assert!(rest.is_empty());
    found
}

#[test]
fn filters_without_end_are_refused() {
    const DONE: u8 = 0x65;
    const OPERATIONS_ERROR: u8 = 1;
    let lab = InMemory::new(&LabSeed::reference_estate(ADMINISTRATOR, SERVICE)).unwrap();
    let answers = |message: &[u8]| operations(&lab.directory_answers(Peer::Administrator, message));
    let many = |tag: u8, parts: usize| search_by(&tagged(tag, &PRESENT.repeat(parts)));
    // In every group above itself, by its matching rule.
    let chain = tagged(
        0xa9,
        &[
            &b"\x81\x171.2.840.113556.1.4.1941"[..],
            b"\x82\x08memberOf\x83\x11DC=contoso,DC=com",
        ]
        .concat(),
    );
    for refused in [
        deep_filter(70),
        many(0xa0, 5_000),
        many(0xa1, 5_000),
        search_by(&tagged(0xa1, &chain.repeat(20))),
    ] {
        assert_eq!(answers(&refused), [(DONE, OPERATIONS_ERROR)]);
    }
    for answered in [deep_filter(60), many(0xa0, 4_000), search_by(&chain)] {
        assert_eq!(answers(&answered).last(), Some(&(DONE, 0)));
    }
    // More elements than a message may have, and an announced length that nobody has.
    assert_eq!(answers(&many(0xa1, 300_000)), []);
    assert_eq!(answers(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1]), []);
}

#[test]
fn what_is_abandoned_is_not_answered() {
    let lab = InMemory::new(&LabSeed::reference_estate(ADMINISTRATOR, SERVICE)).unwrap();
    let abandon = tagged(0x30, &[2, 1, 9, 0x50, 1, 1]).repeat(10_000);
    let who_am_i = tagged(
        0x30,
        &[
            &[2, 1, 1][..],
            &tagged(0x77, b"\x80\x171.3.6.1.4.1.4203.1.11.3"),
        ]
        .concat(),
    );
    let answers = lab.directory_answers(Peer::Administrator, &[abandon, who_am_i].concat());
    assert_eq!(operations(&answers), [(0x78, 0)]);
}

#[test]
fn what_comes_after_an_abandoned_search_is_answered() {
    const ENTRY: u8 = 0x64;
    const DONE: u8 = 0x65;
    let lab = InMemory::new(&LabSeed::reference_estate(ADMINISTRATOR, SERVICE)).unwrap();
    let search = search_by(PRESENT);
    // The search has message 1. Abandoned before it comes, after it, twice, and with what is no number of a message.
    let abandon = |id: &[u8]| {
        let id = [&[0x50, u8::try_from(id.len()).unwrap()][..], id].concat();
        tagged(0x30, &[&[2, 1, 7][..], &id].concat())
    };
    let whole = operations(&lab.directory_answers(Peer::Administrator, &search));
    assert_eq!(whole.last(), Some(&(DONE, 0)));
    assert!(whole.iter().any(|(tag, _)| *tag == ENTRY));
    for bytes in [
        [abandon(&[1]), search.clone()].concat(),
        [search.clone(), abandon(&[1])].concat(),
        [search.clone(), abandon(&[1]), abandon(&[1])].concat(),
        [search.clone(), abandon(&[0x7f, 0xff, 0xff, 0xff])].concat(),
    ] {
        let answers = lab.directory_answers(Peer::Administrator, &[bytes, search.clone()].concat());
        let twice = [&whole[..], &whole].concat();
        assert_eq!(operations(&answers), twice);
    }
    // A stranger's abandon is no request that wants a log-on, either.
    let stranger = lab.directory_answers(Peer::Stranger, &[abandon(&[1]), search].concat());
    assert_eq!(operations(&stranger).len(), 1);
}

#[test]
fn who_is_not_understood_is_told_so() {
    const EXTENDED: u8 = 0x78;
    const PROTOCOL_ERROR: u8 = 2;
    let lab = InMemory::new(&LabSeed::reference_estate(ADMINISTRATOR, SERVICE)).unwrap();
    for peer in [Peer::Stranger, Peer::Administrator] {
        let answers = lab.directory_answers(peer, &[0x30, 3, 2, 1, 1]);
        assert_eq!(operations(&answers), [(EXTENDED, PROTOCOL_ERROR)]);
        assert_eq!(answers[6..9], [2, 1, 0], "it belongs to no request");
        let oid = b"1.3.6.1.4.1.1466.20036";
        assert!(answers.windows(oid.len()).any(|part| part == oid));
    }
}

#[tokio::test]
async fn hundreds_who_say_nothing_keep_nobody_out() {
    let lab = lab().await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        for address in [
            lab.addresses().ldap,
            lab.addresses().ldaps,
            lab.addresses().kdc,
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The beginning of a message, of a TLS handshake, of a length.
            stream.write_all(&[0x16, 3, 1]).await.unwrap();
            idle.push(stream);
        }
    }
    administrator(&lab).await;
}
