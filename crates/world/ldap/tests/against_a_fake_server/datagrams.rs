//! Searches without a connection.

use std::net::SocketAddr;
use std::time::Duration;

use ldap::{Error, Search, search_over_udp};
use rasn_ldap::{LdapMessage, ProtocolOp, ResultCode, SearchResultDone};
use tokio::net::UdpSocket;

use crate::server::{entry, result};

const WITHIN: Duration = Duration::from_secs(30);

/// Answers each request with what `answer` makes of its number; `None` says nothing.
async fn serve(answer: impl Fn(usize, u32) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut datagram = vec![0; 65_535];
        for number in 0.. {
            let (length, from) = socket.recv_from(&mut datagram).await.unwrap();
            let request: LdapMessage = rasn::ber::decode(&datagram[..length]).unwrap();
            if let Some(bytes) = answer(number, request.message_id) {
                socket.send_to(&bytes, from).await.unwrap();
            }
        }
    });
    address
}

fn message(id: u32, response: ProtocolOp) -> Vec<u8> {
    rasn::ber::encode(&LdapMessage::new(id, response)).unwrap()
}

fn done(id: u32, code: ResultCode) -> Vec<u8> {
    message(
        id,
        ProtocolOp::SearchResDone(SearchResultDone(result(code, ""))),
    )
}

#[tokio::test]
async fn entry_and_end_come_in_one_datagram() {
    let whole = |_, id| {
        let found = message(id, entry("", &[("Netlogon", &[&b"\x17\0"[..]])]));
        Some([found, done(id, ResultCode::Success)].concat())
    };
    let address = serve(whole).await;
    let found = search_over_udp(address, &Search::root_dse(), WITHIN).await;
    assert_eq!(
        found.unwrap().unwrap().value("netlogon"),
        Some(&b"\x17\0"[..])
    );
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again_and_nothing_is_an_answer_too() {
    let address = serve(|number, id| (number > 0).then(|| done(id, ResultCode::Success))).await;
    let found = search_over_udp(address, &Search::root_dse(), Duration::from_secs(3)).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn silence_refusal_and_nonsense_are_errors() {
    let silent = serve(|_, _| None).await;
    let error = search_over_udp(silent, &Search::root_dse(), Duration::from_millis(30)).await;
    assert!(
        matches!(
            error,
            Err(Error::Timeout {
                ambiguous: false,
                ..
            })
        ),
        "{error:?}"
    );
    let busy = serve(|_, id| Some(done(id, ResultCode::Busy))).await;
    let error = search_over_udp(busy, &Search::root_dse(), WITHIN).await;
    assert!(matches!(error, Err(Error::Refused(_))), "{error:?}");
    let other = serve(|_, _| Some(b"HTTP/1.1 400".to_vec())).await;
    let error = search_over_udp(other, &Search::root_dse(), WITHIN).await;
    assert!(matches!(error, Err(Error::Protocol { .. })), "{error:?}");
}
