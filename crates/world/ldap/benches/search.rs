//! A search of 1,700 entries over the loopback, beside what limits it: the same bytes read and thrown away.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::net::SocketAddr;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ldap::{Auth, Client, ConnectOptions, Filter, Scope, Search, Transport};
use rasn_ldap::{
    LdapMessage, LdapResult, PartialAttribute, ProtocolOp, ResultCode, SearchResultDone,
    SearchResultEntry,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const ENTRIES: usize = 1_700;

/// About 2.7 KB, as a user object with its security descriptor.
fn entry(number: usize) -> ProtocolOp {
    let attribute = |name: &str, values: Vec<Vec<u8>>| {
        let values: Vec<_> = values.into_iter().map(Into::into).collect();
        PartialAttribute::new(name.into(), values.into())
    };
    let mut attributes = vec![
        attribute(
            "objectClass",
            ["top", "person", "user"]
                .map(|class| class.as_bytes().to_vec())
                .to_vec(),
        ),
        attribute("objectGUID", vec![vec![0xff; 16]]),
        attribute("nTSecurityDescriptor", vec![vec![0xaa; 1_900]]),
    ];
    attributes.extend(
        (0..25).map(|n| attribute(&format!("attribute{n}"), vec![b"a text value".to_vec()])),
    );
    ProtocolOp::SearchResEntry(SearchResultEntry::new(
        format!("CN=user{number},DC=contoso,DC=com").into(),
        attributes,
    ))
}

/// All messages of one result; every request of a connection has the message ID 1 here.
fn encode(entries: &[ProtocolOp]) -> Vec<u8> {
    let done = LdapResult::new(ResultCode::Success, "".into(), "".into());
    let done = ProtocolOp::SearchResDone(SearchResultDone(done));
    let messages = entries
        .iter()
        .cloned()
        .chain([done])
        .map(|response| LdapMessage::new(1, response));
    messages
        .flat_map(|message| rasn::ber::encode(&message).unwrap())
        .collect()
}

/// A server that answers any request with these bytes, once a connection.
async fn serve(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if stream.read(&mut [0; 4096]).await.is_ok() {
                let _ = stream.write_all(&answer).await;
            }
        }
    });
    address
}

async fn read_only(address: SocketAddr) -> usize {
    let mut bytes = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(address).await {
        let _ = stream.write_all(&[0]).await;
        let _ = stream.read_to_end(&mut bytes).await;
    }
    bytes.len()
}

async fn search(address: SocketAddr) -> usize {
    let options = ConnectOptions::new(
        "dc1.contoso.com",
        address,
        Transport::Sealed,
        Auth::Anonymous,
    );
    let search = Search::new(
        "DC=contoso,DC=com",
        Scope::Subtree,
        Filter::present("objectClass"),
    );
    let client = Client::connect(&options).await.unwrap();
    let found = client.search(&search).await.unwrap();
    assert_eq!(found.entries.len(), ENTRIES);
    found.entries.len()
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
    let answer = encode(&entries);
    let bytes = answer.len() as u64;
    let address = runtime.block_on(serve(answer));
    let mut group = criterion.benchmark_group("result of 1700 entries");
    group.throughput(Throughput::Bytes(bytes)).sample_size(20);
    group.bench_function("encode", |bencher| bencher.iter(|| encode(&entries)));
    group.bench_function("read only", |bencher| {
        bencher.iter(|| runtime.block_on(read_only(address)))
    });
    group.bench_function("search", |bencher| {
        bencher.iter(|| runtime.block_on(search(address)))
    });
    group.finish();
}

criterion_group!(search_benches, benches);
criterion_main!(search_benches);
