//! When servers give up a client: by a paused clock, which goes on as soon as everybody waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::Instant;

use crate::directory::Directory;
use crate::hosts::{HostState, LabHost, NoProducts, WindowsRelease};
use crate::ldap_server::{Certificate, Connection, Port};
use crate::rules::token::Token;
use crate::seed::{LabSeed, build};
use crate::visitors::{Budget, Pulse};
use crate::{domain_view::LabDomain, hosts, kdc};

/// A search of the root object, which anybody may do.
const SEARCH: &[u8] = b"\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x00";

fn directory() -> Arc<Directory> {
    let seed = LabSeed::new("contoso.com", "CONTOSO", b"Lab-Admin-Pa55");
    Arc::new(build(&seed).unwrap())
}

/// How long a server keeps a client that sends this and then does nothing.
async fn kept<F: Future>(sent: &[u8], serve: impl FnOnce(DuplexStream) -> F) -> u64 {
    let (mut client, server) = duplex(64 << 10);
    client.write_all(sent).await.unwrap();
    let since = Instant::now();
    serve(server).await;
    since.elapsed().as_secs()
}

async fn ldap(stream: DuplexStream, token: Token) {
    let mut connection = Connection::new(
        Box::new(stream),
        directory(),
        Certificate::new(vec!["dc1.contoso.com".to_owned()]).unwrap(),
        Port::Ldap,
        (&Budget::default(), Pulse::default()),
    );
    connection.token = token;
    connection.run().await;
}

#[tokio::test(start_paused = true)]
async fn the_directory_gives_up_who_is_silent_slow_or_deaf() {
    let stranger = |stream| ldap(stream, Token::default());
    let known = |stream| ldap(stream, Token::system());
    assert_eq!(kept(b"", stranger).await, 120);
    assert_eq!(kept(b"", known).await, 900);
    assert_eq!(kept(SEARCH, known).await, 900, "after an answer");
    let half = SEARCH.split_at(20).0;
    assert_eq!(kept(half, stranger).await, 60);
    assert_eq!(kept(half, known).await, 60);
    // Answers that fill the pipe, and nobody takes them.
    assert_eq!(kept(&SEARCH.repeat(1_000), known).await, 20);
}

#[tokio::test(start_paused = true)]
async fn a_slow_writer_gains_nothing_by_writing_a_little() {
    let (mut client, server) = duplex(1 << 10);
    let serving = tokio::spawn(ldap(server, Token::default()));
    let since = Instant::now();
    for byte in SEARCH {
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(7)).await;
    }
    serving.await.unwrap();
    assert!(
        since.elapsed() <= Duration::from_secs(70),
        "{:?}",
        since.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_distribution_centre_gives_up_silent_clients() {
    let serve = |stream| async move {
        let ended = kdc::server::serve_one(stream, &directory(), &Pulse::default()).await;
        assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    };
    assert_eq!(kept(b"", serve).await, 30);
    assert_eq!(kept(&[0, 0, 0, 9, 0x6a], serve).await, 30, "half a request");
}

#[tokio::test(start_paused = true)]
async fn a_host_waits_for_a_frame_that_has_begun_and_not_for_ever() {
    let domain = LabDomain(directory());
    let state = HostState::new("MIMSYNC01".parse().unwrap(), WindowsRelease::server_2019());
    let host = LabHost::new(state, Arc::new(domain), Arc::new(NoProducts));
    let serve = |stream| async {
        let ended = hosts::serve(&host, stream).await;
        assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    };
    assert_eq!(kept(&[0, 0], serve).await, 30);
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_late_is_answered() {
    let (mut client, server) = duplex(64 << 10);
    let serving = tokio::spawn(ldap(server, Token::default()));
    tokio::time::sleep(Duration::from_secs(119)).await;
    client.write_all(SEARCH).await.unwrap();
    let mut answer = [0; 1];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0x30]);
    serving.abort();
}
