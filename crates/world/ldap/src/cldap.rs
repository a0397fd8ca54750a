//! A search in a datagram, without connection and log-on: how domain controllers are pinged.
//!
//! [MS-ADTS] 6.3.3 "LDAP Ping": the answer is an entry and the search's end, in one datagram or two.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rasn_ldap::ProtocolOp;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::client::{refusal, search_request};
use crate::connection::encode;
use crate::entry::Entry;
use crate::error::{Error, Operation};
use crate::frame::Inbox;
use crate::result_code::ResultCode;
use crate::search::Search;
use crate::wire::{self, ResponseBody};

/// Datagrams get lost: how often the request is sent within the time.
const SENDINGS: u32 = 3;

const MESSAGE_ID: u32 = 1;

/// The one entry that a server answers over UDP; `None` where it has none to give.
///
/// # Errors
/// [`Error::Connect`] where nothing can be sent or the port is closed, [`Error::Timeout`] where nobody answers `within`,
/// [`Error::Refused`], [`Error::Protocol`].
pub async fn search_over_udp(
    address: SocketAddr,
    search: &Search,
    within: Duration,
) -> Result<Option<Entry>, Error> {
    let request = ProtocolOp::SearchRequest(search_request(search));
    let request = encode(MESSAGE_ID, request, &search.controls).map_err(|detail| Error::Input {
        what: "the request cannot be encoded",
        detail,
    })?;
    let failed = |source| Error::Connect {
        server: address.ip().to_string(),
        address,
        source,
    };
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await.map_err(failed)?;
    socket.connect(address).await.map_err(failed)?; // From here on nobody else's datagrams come.
    let mut entry = None;
    for _ in 0..SENDINGS {
        socket.send(&request).await.map_err(failed)?;
        let deadline = Instant::now() + within / SENDINGS;
        let mut datagram = vec![0; usize::from(u16::MAX)];
        while let Ok(received) = timeout_at(deadline, socket.recv(&mut datagram)).await {
            let length = received.map_err(failed)?;
            let bytes = datagram.get(..length).unwrap_or_default();
            if read(bytes, search, &mut entry)? {
                return Ok(entry);
            }
        }
    }
    Err(Error::Timeout {
        operation: Operation::Search,
        after: within,
        ambiguous: false,
    })
}

/// Takes what a datagram holds; whether the search's end was in it.
fn read(datagram: &[u8], search: &Search, entry: &mut Option<Entry>) -> Result<bool, Error> {
    let nonsense = |detail: String| Error::Protocol {
        operation: Operation::Search,
        ambiguous: false,
        detail,
    };
    let mut inbox = Inbox::default();
    inbox.tail().extend_from_slice(datagram);
    while let Some(message) = inbox
        .take_message()
        .map_err(|error| nonsense(error.into()))?
    {
        let response = wire::decode(message).map_err(nonsense)?;
        match response.body {
            _ if response.message_id != MESSAGE_ID => {}
            ResponseBody::SearchEntry(found) => *entry = Some(found.into()),
            ResponseBody::SearchDone(outcome) if outcome.code() == ResultCode::SUCCESS => {
                return Ok(true);
            }
            ResponseBody::SearchDone(outcome) => {
                return Err(refusal(Operation::Search, &search.base, &outcome));
            }
            _ => {}
        }
    }
    Ok(false)
}
