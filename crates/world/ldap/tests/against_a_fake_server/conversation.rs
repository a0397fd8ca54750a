//! Answers that come late, partly, twice, in pages or not at all.

use ldap::{Attribute, Dn, Error, Filter, Modification, ResultCode as Code, Scope, Search};
use rasn_ldap::{
    AddResponse, Control, DelResponse, ExtendedResponse, Filter as WireFilter, LdapResult,
    ModifyResponse, ProtocolOp, ResultCode, SearchResultDone, SearchResultReference,
};
use tokio::io::AsyncWriteExt;

use crate::server::{Peer, client, entry, result, serve};

fn done(result: LdapResult) -> ProtocolOp {
    ProtocolOp::SearchResDone(SearchResultDone(result))
}

fn everything() -> Search {
    Search::new("DC=contoso,DC=com", Scope::Subtree, Filter::present("cn"))
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_one_answer() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let id = peer.receive().await.message_id;
        let binary = [&b""[..], b"\xff\x00\xfe"];
        let mut bytes = Vec::new();
        for response in [
            entry("CN=a", &[("objectGUID", &binary)]),
            done(result(ResultCode::Success, "")),
        ] {
            bytes.extend(rasn::ber::encode(&rasn_ldap::LdapMessage::new(id, response)).unwrap());
        }
        for byte in bytes {
            peer.stream.write_all(&[byte]).await.unwrap();
            peer.stream.flush().await.unwrap();
        }
    })
    .await;
    let found = client(address, 5000)
        .await
        .search(&everything())
        .await
        .unwrap();
    assert_eq!(found.entries[0].dn, Dn::from("CN=a"));
    assert_eq!(
        found.entries[0].values("objectguid"),
        [vec![], b"\xff\x00\xfe".to_vec()]
    );
}

#[tokio::test]
async fn pages_are_collected_until_the_cookie_is_empty() {
    let (address, script) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        for (page, cookie) in [(0, "one"), (1, "two"), (2, "")] {
            let request = peer.receive().await;
            let control = &request.controls.as_ref().unwrap()[0];
            assert_eq!(&control.control_type[..], b"1.2.840.113556.1.4.319");
            let sent = ["", "one", "two"][page];
            assert!(
                control
                    .control_value
                    .as_ref()
                    .unwrap()
                    .ends_with(sent.as_bytes())
            );
            peer.send(request.message_id, entry(&format!("CN={page}"), &[]))
                .await;
            let value = [
                &[0x30, 5 + cookie.len() as u8, 2, 1, 0, 4, cookie.len() as u8],
                cookie.as_bytes(),
            ]
            .concat();
            let control = Control::new(control.control_type.clone(), false, Some(value.into()));
            peer.send_with(
                request.message_id,
                done(result(ResultCode::Success, "")),
                vec![control],
            )
            .await;
        }
    })
    .await;
    let found = client(address, 5000)
        .await
        .search_paged(&everything(), 1)
        .await
        .unwrap();
    let names: Vec<_> = found
        .entries
        .iter()
        .map(|entry| entry.dn.as_str())
        .collect();
    assert_eq!(names, ["CN=0", "CN=1", "CN=2"]);
    script.await.unwrap();
}

#[tokio::test]
async fn ranges_become_whole_attributes() {
    let (address, script) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let request = peer.receive().await;
        let group = [
            ("member", &[][..]),
            ("member;range=0-1", &[&b"a"[..], b"b"]),
            ("cn", &[b"g"]),
        ];
        peer.send(request.message_id, entry("CN=g", &group)).await;
        peer.send(request.message_id, done(result(ResultCode::Success, "")))
            .await;
        for (wanted, given, value) in [
            ("member;range=2-*", "member;range=2-2", b"c"),
            ("member;range=3-*", "member;range=3-*", b"d"),
        ] {
            let request = peer.receive().await;
            let ProtocolOp::SearchRequest(search) = &request.protocol_op else {
                panic!("no search")
            };
            assert_eq!(
                (search.base_object.as_str(), search.attributes[0].as_str()),
                ("CN=g", wanted)
            );
            peer.send(request.message_id, entry("CN=g", &[(given, &[value])]))
                .await;
            peer.send(request.message_id, done(result(ResultCode::Success, "")))
                .await;
        }
    })
    .await;
    let found = client(address, 5000)
        .await
        .search(&everything())
        .await
        .unwrap();
    assert_eq!(found.entries[0].values("member"), [b"a", b"b", b"c", b"d"]);
    assert_eq!(found.entries[0].attributes.len(), 2);
    script.await.unwrap();
}

#[tokio::test]
async fn referrals_are_data() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let id = peer.receive().await.message_id;
        let url = "ldap://ForestDnsZones.contoso.com/DC=x";
        peer.send(
            id,
            ProtocolOp::SearchResRef(SearchResultReference(vec![url.into()])),
        )
        .await;
        peer.send(id, done(result(ResultCode::Success, ""))).await;
        let id = peer.receive().await.message_id;
        let mut elsewhere = result(
            ResultCode::Referral,
            "0000202B: RefErr: DSID-0310084A, data 0, 1 access points",
        );
        elsewhere.referral = Some(vec!["ldap://child.contoso.com".into()]);
        peer.send(id, done(elsewhere)).await;
    })
    .await;
    let client = client(address, 5000).await;
    assert_eq!(
        client.search(&everything()).await.unwrap().referrals,
        ["ldap://ForestDnsZones.contoso.com/DC=x"]
    );
    let Err(Error::Refused(refusal)) = client.search(&everything()).await else {
        panic!("not refused")
    };
    assert_eq!(
        (refusal.code, &refusal.referrals[..]),
        (Code::REFERRAL, &["ldap://child.contoso.com".to_owned()][..])
    );
    assert_eq!(
        refusal.windows.map(|error| error.name),
        Some("ERROR_DS_REFERRAL")
    );
}

#[tokio::test]
async fn a_size_limit_of_ones_own_truncates_and_the_servers_refuses() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        for _ in 0..2 {
            let id = peer.receive().await.message_id;
            peer.send(id, entry("CN=a", &[])).await;
            peer.send(id, done(result(ResultCode::SizeLimitExceeded, "")))
                .await;
        }
    })
    .await;
    let client = client(address, 5000).await;
    let limited = client.search(&everything().size_limit(1)).await.unwrap();
    assert!(limited.truncated && limited.entries.len() == 1);
    let error = client.search(&everything()).await.unwrap_err();
    assert_eq!(error.result_code(), Some(Code::SIZE_LIMIT_EXCEEDED));
}

#[tokio::test]
async fn a_refused_write_names_the_windows_error() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let id = peer.receive().await.message_id;
        let words = "000021C7: AtrErr: DSID-03200E5F, #1:\n\t0: 000021C7: problem 1005 (CONSTRAINT_ATT_TYPE)";
        peer.send(id, ProtocolOp::ModifyResponse(ModifyResponse(result(ResultCode::ConstraintViolation, words)))).await;
    })
    .await;
    let change = Modification::add("servicePrincipalName", ["PCNSCLNT/mimsync01.contoso.com"]);
    let error = client(address, 5000)
        .await
        .modify(&Dn::from("CN=a"), &[change], &[])
        .await
        .unwrap_err();
    assert!(!error.is_ambiguous());
    let text = error.to_string();
    assert!(text.starts_with(
        "the server refused to modify CN=a: constraintViolation (19), Windows error 8647 \
         ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST: "
    ));
    assert!(!text.contains('\n'), "one line: {text}");
}

#[tokio::test]
async fn a_late_answer_does_not_become_the_next_ones() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let first = peer.receive().await.message_id;
        let second = peer.receive().await.message_id;
        peer.send(
            first,
            ProtocolOp::AddResponse(AddResponse(result(ResultCode::Success, ""))),
        )
        .await;
        peer.send(
            second,
            ProtocolOp::DelResponse(DelResponse(result(ResultCode::NoSuchObject, ""))),
        )
        .await;
    })
    .await;
    let client = client(address, 100).await;
    let error = client
        .add(
            &Dn::from("CN=a"),
            &[Attribute::new("objectClass", ["user"])],
            &[],
        )
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                ambiguous: true,
                ..
            }
        ),
        "{error}"
    );
    let error = client.delete(&Dn::from("CN=a"), &[]).await.unwrap_err();
    assert_eq!(error.result_code(), Some(Code::NO_SUCH_OBJECT));
}

#[tokio::test]
async fn silence_is_ambiguous_for_writes_only() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        loop {
            peer.receive().await;
        }
    })
    .await;
    let client = client(address, 50).await;
    assert!(
        !client
            .search(&everything())
            .await
            .unwrap_err()
            .is_ambiguous()
    );
    let error = client
        .modify_dn(&Dn::from("CN=a"), "CN=b", None)
        .await
        .unwrap_err();
    assert!(error.is_ambiguous());
    assert_eq!(
        error.to_string(),
        "rename was not answered within 50ms (its outcome is unknown)"
    );
}

#[tokio::test]
async fn a_connection_that_ends_is_ambiguous_once_a_write_was_sent() {
    let (address, script) = serve(async |stream| {
        Peer::new(stream).receive().await;
    })
    .await;
    let client = client(address, 5000).await;
    let error = client.delete(&Dn::from("CN=a"), &[]).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Closed {
                ambiguous: true,
                ..
            }
        ),
        "{error}"
    );
    script.await.unwrap();
    let error = client.delete(&Dn::from("CN=a"), &[]).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Closed {
                ambiguous: false,
                ..
            }
        ),
        "nothing was sent: {error}"
    );
}

#[tokio::test]
async fn a_notice_of_disconnection_is_quoted() {
    let (address, _) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        peer.receive().await;
        let notice = ExtendedResponse {
            result_code: ResultCode::Unavailable,
            matched_dn: "".into(),
            diagnostic_message: "shutting down".into(),
            referral: None,
            response_name: Some(b"1.3.6.1.4.1.1466.20036".to_vec().into()),
            response_value: None,
        };
        peer.send(0, ProtocolOp::ExtendedResp(notice)).await;
    })
    .await;
    let error = client(address, 5000)
        .await
        .search(&everything())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server closed the connection during search: unavailable (52), shutting down"
    );
}

#[tokio::test]
async fn nonsense_ends_the_connection() {
    for nonsense in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        &[0x30, 0x84, 0xff, 0, 0, 0],
        &[0x30, 3, 2, 1, 1],
    ] {
        let (address, _) = serve(async |stream| {
            let mut peer = Peer::new(stream);
            peer.receive().await;
            peer.stream.write_all(nonsense).await.unwrap();
        })
        .await;
        let client = client(address, 5000).await;
        assert!(
            matches!(
                client.search(&everything()).await,
                Err(Error::Protocol { .. })
            ),
            "{nonsense:x?}"
        );
        assert!(
            matches!(
                client.search(&everything()).await,
                Err(Error::Closed { .. })
            ),
            "{nonsense:x?}"
        );
    }
}

#[tokio::test]
async fn values_reach_the_server_as_they_are() {
    let (address, script) = serve(async |stream| {
        let mut peer = Peer::new(stream);
        let request = peer.receive().await;
        let ProtocolOp::SearchRequest(search) = request.protocol_op else {
            panic!("no search")
        };
        let WireFilter::EqualityMatch(equal) = search.filter else {
            panic!("{:?}", search.filter)
        };
        assert_eq!(&equal.assertion_value[..], b"a)(cn=*\xff");
        peer.send(
            request.message_id,
            done(result(ResultCode::NoSuchObject, "")),
        )
        .await;
        let request = peer.receive().await;
        peer.send(
            request.message_id,
            done(result(ResultCode::NoSuchObject, "")),
        )
        .await;
    })
    .await;
    let client = client(address, 5000).await;
    let hostile = Search::new(
        "",
        Scope::Base,
        Filter::equal("cn", b"a)(cn=*\xff".to_vec()),
    );
    assert!(client.search(&hostile).await.is_err());
    assert_eq!(client.read(&Dn::from("CN=a"), ["cn"]).await.unwrap(), None);
    script.await.unwrap();
}
