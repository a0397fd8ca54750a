use logon::{LogonFailure, Password, TlsFailure, TlsRoots};
use planner::database::questions;
use sql::{Auth, Client, Error, Protocol};

use crate::world::{ADMINISTRATOR, SA, SERVICE, World, ask, kerberos, number, sa};

async fn operator(client: &mut Client) -> String {
    let rows = ask(client, questions::SERVER, &[]).await.unwrap();
    rows[0].text("operator").unwrap().to_owned()
}

#[tokio::test]
async fn kerberos_and_passwords_inside_both_kinds_of_tls() {
    let world = World::new().await;
    for protocol in [Protocol::Tds7, Protocol::Tds8] {
        for (auth, expected) in [
            (
                kerberos("Administrator", ADMINISTRATOR),
                r"CONTOSO\Administrator",
            ),
            (kerberos("svc-mimsync", SERVICE), r"CONTOSO\svc-mimsync"),
            (sa(SA), "sa"),
        ] {
            let mut endpoint = world.endpoint(auth);
            endpoint.protocol = protocol;
            let mut client = Client::connect(&endpoint).await.unwrap();
            assert_eq!(operator(&mut client).await, expected, "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn who_is_refused_hears_why() {
    let world = World::new().await;
    let refused = async |auth| Client::connect(&world.endpoint(auth)).await.map(drop);
    assert_eq!(number(refused(sa("wrong")).await), 18456);
    let nobody = Auth::Sql {
        user: "nobody".into(),
        password: Password::new(SA.into()),
    };
    assert_eq!(number(refused(nobody).await), 18456);
    // A domain's account without a login.
    assert_eq!(
        number(refused(kerberos("svc-pamrest", SERVICE)).await),
        18456
    );
    let error = refused(kerberos("svc-mimsync", "wrong")).await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Logon(logon::LogonError::Refused {
                failure: LogonFailure::WrongPassword,
                ..
            })
        ),
        "{error:?}"
    );
    let mut elsewhere = world.endpoint(kerberos("svc-mimsync", SERVICE));
    elsewhere.port = 1500;
    let error = Client::connect(&elsewhere).await.map(drop).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("MSSQLSvc/sql01.contoso.com:1500"),
        "{error}"
    );
}

#[tokio::test]
async fn a_disabled_login_and_a_denied_one_do_not_let_in() {
    let world = World::new().await;
    let mut administrator = world.administrator().await;
    let connect = async || {
        let endpoint = world.endpoint(kerberos("svc-mimsync", SERVICE));
        Client::connect(&endpoint).await.map(drop)
    };
    for (shut, open) in [
        (
            r"ALTER LOGIN [CONTOSO\svc-mimsync] DISABLE",
            r"ALTER LOGIN [CONTOSO\svc-mimsync] ENABLE",
        ),
        (
            r"USE [master]; DENY CONNECT SQL TO [CONTOSO\svc-mimsync]",
            r"GRANT CONNECT SQL TO [CONTOSO\svc-mimsync]",
        ),
    ] {
        administrator.run("test", shut).await.unwrap();
        assert_eq!(number(connect().await), 18456, "{shut}");
        administrator.run("test", open).await.unwrap();
        connect().await.unwrap();
    }
}

#[tokio::test]
async fn only_a_trusted_certificate_of_that_name_will_do() {
    let world = World::new().await;
    let reason = async |server: &str, trust: TlsRoots| {
        let mut endpoint = world.endpoint(sa(SA));
        server.clone_into(&mut endpoint.server);
        endpoint.trust = trust;
        match Client::connect(&endpoint).await {
            Err(Error::Tls { reason, .. }) => Some(reason),
            Ok(_) => None,
            Err(other) => panic!("{other:?}"),
        }
    };
    let known = || TlsRoots::Pem(world.lab.authority_pem().as_bytes().to_vec());
    let other = World::new().await;
    let unknown = TlsRoots::Pem(other.lab.authority_pem().as_bytes().to_vec());
    assert_eq!(reason("sql01.contoso.com", known()).await, None);
    assert_eq!(
        reason("sql01.contoso.com", unknown).await,
        Some(TlsFailure::UnknownAuthority)
    );
    let wrong_name = reason("sql02.contoso.com", known()).await;
    assert!(
        matches!(wrong_name, Some(TlsFailure::WrongName { .. })),
        "{wrong_name:?}"
    );
    assert_eq!(
        reason("sql02.contoso.com", TlsRoots::DangerAnybody).await,
        None
    );
}
