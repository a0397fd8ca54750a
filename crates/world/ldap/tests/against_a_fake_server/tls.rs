//! Certificates that must not be trusted, each with its own error.

use std::sync::Arc;

use ldap::{Auth, Client, ConnectOptions, Error, Password, TlsFailure, TlsRoots, Transport};
use rasn_ldap::{BindResponse, ProtocolOp, ResultCode, SearchResultDone};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::server::{Peer, entry, result, serve};

const HOST: &str = "dc1.contoso.com";

/// An authority that signs server certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn acceptor(&self, host: &str, last_year: i32) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// Connects with a simple bind to a server with this certificate, trusting these authorities.
async fn connect(acceptor: TlsAcceptor, roots: &str) -> Result<Client, Error> {
    let (address, _) = serve(async move |stream| {
        let Ok(stream) = acceptor.accept(stream).await else {
            return;
        };
        let mut peer = Peer::new(stream);
        let bind = peer.receive().await;
        let answer = BindResponse::new(ResultCode::Success, "".into(), "".into(), None, None);
        peer.send(bind.message_id, ProtocolOp::BindResponse(answer))
            .await;
        let search = peer.receive().await;
        peer.send(
            search.message_id,
            entry("", &[("dnsHostName", &[HOST.as_bytes()])]),
        )
        .await;
        peer.send(
            search.message_id,
            ProtocolOp::SearchResDone(SearchResultDone(result(ResultCode::Success, ""))),
        )
        .await;
    })
    .await;
    let auth = Auth::Simple {
        name: "CONTOSO\\a".into(),
        password: Password::new(b"pw".to_vec()),
    };
    let mut options = ConnectOptions::new(HOST, address, Transport::Ldaps, auth);
    options.roots = TlsRoots::Pem(roots.as_bytes().to_vec());
    Client::connect(&options).await
}

async fn failure(acceptor: TlsAcceptor, roots: &str) -> TlsFailure {
    match connect(acceptor, roots).await {
        Err(Error::Tls { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_certificate_lets_in() {
    let authority = Authority::new("ours");
    let client = connect(authority.acceptor(HOST, 2999), &authority.pem)
        .await
        .unwrap();
    let found = client.search(&ldap::Search::root_dse()).await.unwrap();
    assert_eq!(found.entries[0].text("dnshostname"), Some(HOST));
}

#[tokio::test]
async fn an_expired_certificate_tells_since_when() {
    let authority = Authority::new("ours");
    let TlsFailure::Expired { not_after } =
        failure(authority.acceptor(HOST, 2001), &authority.pem).await
    else {
        panic!("another failure")
    };
    assert_eq!(
        not_after,
        Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(978_307_200))
    );
}

#[tokio::test]
async fn another_hosts_certificate_tells_whose() {
    let authority = Authority::new("ours");
    let reason = failure(authority.acceptor("dc2.contoso.com", 2999), &authority.pem).await;
    assert_eq!(
        reason,
        TlsFailure::WrongName {
            presented: vec!["dc2.contoso.com".into()]
        }
    );
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    for name in ["theirs", "ours"] {
        let reason = failure(
            Authority::new(name).acceptor(HOST, 2999),
            &Authority::new("ours").pem,
        )
        .await;
        assert_eq!(reason, TlsFailure::UnknownAuthority, "{name}");
    }
}

#[tokio::test]
async fn roots_that_hold_no_certificate_are_an_error_of_their_own() {
    for roots in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let reason = failure(Authority::new("ours").acceptor(HOST, 2999), roots).await;
        assert!(matches!(reason, TlsFailure::Roots(_)), "{roots}: {reason}");
    }
}

#[tokio::test]
async fn a_server_without_start_tls_is_refused() {
    let (address, _) = serve(async move |stream| {
        let mut peer = Peer::new(stream);
        let request = peer.receive().await;
        let answer = rasn_ldap::ExtendedResponse {
            result_code: ResultCode::Unavailable,
            matched_dn: "".into(),
            diagnostic_message: "no certificate".into(),
            referral: None,
            response_name: None,
            response_value: None,
        };
        peer.send(request.message_id, ProtocolOp::ExtendedResp(answer))
            .await;
    })
    .await;
    let options = ConnectOptions::new(HOST, address, Transport::StartTls, Auth::Anonymous);
    let refused = Client::connect(&options).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "no trusted TLS connection to dc1.contoso.com: the server did not start TLS: unavailable (52), no certificate"
    );
}

#[tokio::test]
async fn bytes_smuggled_in_before_the_handshake_end_the_connection() {
    let (address, _) = serve(async move |stream| {
        let mut peer = Peer::new(stream);
        let id = peer.receive().await.message_id as u8;
        let success = [0x30, 12, 2, 1, id, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
        let smuggled = [0x30, 12, 2, 1, id + 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];
        tokio::io::AsyncWriteExt::write_all(&mut peer.stream, &[success, smuggled].concat())
            .await
            .unwrap();
        tokio::io::AsyncReadExt::read_to_end(&mut peer.stream, &mut Vec::new())
            .await
            .unwrap();
    })
    .await;
    let options = ConnectOptions::new(HOST, address, Transport::StartTls, Auth::Anonymous);
    assert!(matches!(
        Client::connect(&options).await,
        Err(Error::Protocol { .. })
    ));
}

#[tokio::test]
async fn what_would_expose_a_password_is_refused_before_anything_is_sent() {
    let nowhere = ([127, 0, 0, 1], 1).into();
    let simple = |password: &[u8]| Auth::Simple {
        name: "a".into(),
        password: Password::new(password.to_vec()),
    };
    let clear = Client::connect(&ConnectOptions::new(
        HOST,
        nowhere,
        Transport::Sealed,
        simple(b"pw"),
    ))
    .await;
    assert!(matches!(clear, Err(Error::Unsupported(_))));
    let empty = Client::connect(&ConnectOptions::new(
        HOST,
        nowhere,
        Transport::Ldaps,
        simple(b""),
    ))
    .await;
    assert!(matches!(empty, Err(Error::Input { .. })));
    let closed = Client::connect(&ConnectOptions::new(
        HOST,
        nowhere,
        Transport::Ldaps,
        simple(b"pw"),
    ))
    .await;
    assert!(matches!(closed, Err(Error::Connect { .. })));
}
