//! Entries added with several requests on their way.

use ldap::{Attribute, Dn, ResultCode as Code};
use rasn_ldap::{AddResponse, ProtocolOp, ResultCode};

use crate::server::{Peer, client, result, serve};

fn entries(count: usize) -> Vec<(Dn, Vec<Attribute>)> {
    let entry = |number| Dn::from(format!("CN={number}"));
    let class = || vec![Attribute::new("objectClass", ["group"])];
    (0..count).map(|number| (entry(number), class())).collect()
}

fn added(code: ResultCode) -> ProtocolOp {
    ProtocolOp::AddResponse(AddResponse(result(code, "")))
}

#[tokio::test]
async fn answers_may_come_in_any_order() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(peer.receive().await.message_id); // All are out before one is answered.
        }
        for id in ids.iter().rev() {
            let code = if *id == ids[1] {
                ResultCode::EntryAlreadyExists
            } else {
                ResultCode::Success
            };
            peer.send(*id, added(code)).await;
        }
    })
    .await;
    let outcomes = client(address, 5000).await.add_each(&entries(3)).await;
    assert!(matches!(outcomes[0], Some(Ok(()))), "{outcomes:?}");
    assert!(matches!(outcomes[2], Some(Ok(()))), "{outcomes:?}");
    let error = outcomes[1].as_ref().unwrap().as_ref().unwrap_err();
    assert_eq!(error.result_code(), Some(Code::ENTRY_ALREADY_EXISTS));
    assert!(error.to_string().contains("CN=1"), "{error}");
}

#[tokio::test]
async fn nothing_more_is_sent_after_a_refusal() {
    let (address, script) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let first = peer.receive().await.message_id;
        peer.send(first, added(ResultCode::InsufficientAccessRights))
            .await;
        for _ in 1..8 {
            let id = peer.receive().await.message_id;
            peer.send(id, added(ResultCode::Success)).await;
        }
        let next = peer.receive().await;
        assert!(matches!(next.protocol_op, ProtocolOp::UnbindRequest(_)));
    })
    .await;
    let client = client(address, 5000).await;
    let outcomes = client.add_each(&entries(20)).await;
    assert_eq!(outcomes.iter().flatten().count(), 8, "{outcomes:?}");
    assert_eq!(outcomes.iter().flatten().filter(|it| it.is_ok()).count(), 7);
    client.unbind().await;
    script.await.unwrap();
}

#[tokio::test]
async fn all_that_are_on_their_way_are_ambiguous_when_the_connection_ends() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let first = peer.receive().await.message_id;
        peer.receive().await;
        peer.receive().await;
        peer.send(first, added(ResultCode::Success)).await;
    })
    .await;
    let outcomes = client(address, 5000).await.add_each(&entries(3)).await;
    assert!(matches!(outcomes[0], Some(Ok(()))), "{outcomes:?}");
    for lost in &outcomes[1..] {
        let error = lost.as_ref().unwrap().as_ref().unwrap_err();
        assert!(error.is_ambiguous(), "{error}");
    }
}
