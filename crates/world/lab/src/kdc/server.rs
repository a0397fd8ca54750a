//! Listens, and answers one request after the other on each connection.

use std::sync::Arc;
use std::time::Duration;

use rasn_kerberos::{AsReq, KdcReq, PrincipalName, TgsReq};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::failure::{Code, KdcFailure};
use super::{as_exchange, tgs_exchange, wire};
use crate::directory::Directory;
use crate::faults::{Fate, RequestKind};
use crate::visitors::{Pulse, Visitors, accept};

/// Longest request accepted, in bytes.
const MAX_REQUEST: u32 = 64 * 1024;
/// A connection on which nothing comes, or nobody reads, is closed.
const PATIENCE: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: usize = 1024;

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, directory: Arc<Directory>) {
    let mut visitors = Visitors::new(MAX_CONNECTIONS);
    loop {
        let stream = accept(&listener).await;
        let directory = Arc::clone(&directory);
        visitors.admit(|pulse| async move {
            if let Err(error) = serve_one(stream, &directory, &pulse).await {
                tracing::debug!(%error, "a connection to the key distribution centre ended");
            }
        });
    }
}

pub(crate) async fn serve_one(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    directory: &Arc<Directory>,
    pulse: &Pulse,
) -> std::io::Result<()> {
    loop {
        let length = tokio::time::timeout(PATIENCE, stream.read_u32()).await??;
        if length > MAX_REQUEST {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "the request is too long",
            ));
        }
        let mut request = vec![0; length as usize];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut request)).await??;
        pulse.beat(false);
        let Some(reply) = answer(directory, request).await else {
            return Ok(());
        };
        let length = u32::try_from(reply.len()).unwrap_or(0);
        let framed = [&length.to_be_bytes()[..], &reply].concat();
        tokio::time::timeout(PATIENCE, stream.write_all(&framed)).await??;
    }
}

/// A request that could be read.
enum Request {
    Authentication(KdcReq),
    Granting(KdcReq),
}

/// The reply, as fate has it; `None`: the connection ends.
pub(crate) async fn answer(directory: &Arc<Directory>, request: Vec<u8>) -> Option<Vec<u8>> {
    let now = wire::now(directory.kerberos_skew());
    let realm = directory.forest.realm();
    let Some(request) = decode(&request) else {
        return Some(KdcFailure::from(Code::MESSAGE_TYPE).encode(
            &realm,
            &granting_service(&realm),
            now,
        ));
    };
    let (kind, body) = match &request {
        Request::Authentication(request) => (RequestKind::Authentication, &request.req_body),
        Request::Granting(request) => (RequestKind::TicketGranting, &request.req_body),
    };
    let service = body
        .sname
        .clone()
        .unwrap_or_else(|| granting_service(&realm));
    let subject = match &body.cname {
        Some(client) if kind == RequestKind::Authentication => wire::joined(client),
        _ => wire::joined(&service),
    };
    let fate = directory.faults.decide(kind, &subject);
    let carry_out = {
        let directory = Arc::clone(directory);
        move || match &request {
            Request::Authentication(request) => as_exchange::answer(&directory, request, now),
            Request::Granting(request) => tgs_exchange::answer(&directory, request, now),
        }
    };
    let unavailable = || KdcFailure::from(Code::UNAVAILABLE).encode(&realm, &service, now);
    if fate.prevents() {
        return if fate == Fate::FailBefore {
            Some(unavailable())
        } else {
            fate.end().await
        };
    }
    // Keys are made of passwords here: that takes milliseconds.
    let reply = tokio::task::spawn_blocking(carry_out)
        .await
        .unwrap_or_else(|_| Err(Code::GENERIC.into()));
    match fate {
        Fate::FailAfter => Some(unavailable()),
        Fate::Late(delay) => {
            tokio::time::sleep(delay).await;
            Some(reply.unwrap_or_else(|failure| failure.encode(&realm, &service, now)))
        }
        Fate::Proceed => {
            Some(reply.unwrap_or_else(|failure| failure.encode(&realm, &service, now)))
        }
        fate => fate.end().await,
    }
}

fn decode(request: &[u8]) -> Option<Request> {
    const AS_REQ: u8 = 0x6a;
    const TGS_REQ: u8 = 0x6c;
    match request.first() {
        Some(&AS_REQ) => rasn::der::decode::<AsReq>(request)
            .ok()
            .map(|request| Request::Authentication(request.0)),
        Some(&TGS_REQ) => rasn::der::decode::<TgsReq>(request)
            .ok()
            .map(|request| Request::Granting(request.0)),
        _ => None,
    }
}

fn granting_service(realm: &str) -> PrincipalName {
    wire::principal(wire::NT_SRV_INST, &["krbtgt", realm])
}
