//! Log-ons with crate `ldap`: all kinds, and why they are refused.

use ldap::{
    Client, Dn, Error, Filter, LogonFailure, Mechanism, Modification, ResultCode, Transport,
};

use crate::world::{
    ADMINISTRATOR, DOMAIN, SERVICE, administrator, in_users, kerberos, lab, search, simple,
};

#[tokio::test]
async fn every_kind_of_log_on_works() {
    let lab = lab().await;
    for mechanism in [Mechanism::GssSpnego, Mechanism::Gssapi] {
        for user in [
            "Administrator@CONTOSO.COM",
            "CONTOSO\\Administrator",
            "administrator@contoso.com",
        ] {
            let client = Client::connect(&kerberos(&lab, user, ADMINISTRATOR, mechanism))
                .await
                .unwrap();
            assert_eq!(
                search(&client, Filter::equal("sAMAccountName", "svc-mimsync")).await,
                ["svc-mimsync"]
            );
            client.unbind().await;
        }
    }
    for transport in [Transport::StartTls, Transport::Ldaps] {
        for user in [
            "Administrator@contoso.com",
            "CONTOSO\\Administrator",
            "CN=Administrator,CN=Users,DC=contoso,DC=com",
        ] {
            let client = Client::connect(&simple(&lab, user, ADMINISTRATOR, transport))
                .await
                .unwrap();
            assert_eq!(
                search(&client, Filter::equal("sAMAccountName", "svc-mimsync")).await,
                ["svc-mimsync"]
            );
        }
    }
}

#[tokio::test]
async fn refused_log_ons_say_why() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let set = |name: &'static str, attribute: &'static str, value: &'static str| {
        let client = &client;
        async move {
            client
                .modify(
                    &in_users(name),
                    &[Modification::replace(attribute, [value])],
                    &[],
                )
                .await
                .unwrap()
        }
    };
    set("svc-pamrest", "userAccountControl", "66050").await;
    set("svc-pammon", "accountExpires", "116444736000000000").await;
    set("svc-pamcomp", "pwdLastSet", "0").await;
    set("svc-ssprreg", "lockoutTime", "133700000000000000").await;
    client
        .modify(
            &Dn::from(DOMAIN),
            &[Modification::replace("lockoutDuration", ["0"])],
            &[],
        )
        .await
        .unwrap();
    for (user, password, failure) in [
        (
            "svc-mimsync@CONTOSO.COM",
            b"wrong-password".as_slice(),
            LogonFailure::WrongPassword,
        ),
        ("nobody@CONTOSO.COM", SERVICE, LogonFailure::UnknownUser),
        ("svc-pamrest@CONTOSO.COM", SERVICE, LogonFailure::Disabled),
        ("svc-pammon@CONTOSO.COM", SERVICE, LogonFailure::Expired),
        (
            "svc-pamcomp@CONTOSO.COM",
            SERVICE,
            LogonFailure::PasswordMustChange,
        ),
        ("svc-ssprreg@CONTOSO.COM", SERVICE, LogonFailure::Locked),
    ] {
        for options in [
            kerberos(&lab, user, password, Mechanism::GssSpnego),
            simple(&lab, user, password, Transport::Ldaps),
        ] {
            match Client::connect(&options).await {
                Err(Error::Authentication { failure: found, .. }) => {
                    assert_eq!(found, failure, "{user}")
                }
                Err(other) => panic!("{user}: {other}"),
                Ok(_) => panic!("{user} logged on"),
            }
        }
    }
    lab.faults().set_clock_skew(3600);
    let skewed = Client::connect(&kerberos(
        &lab,
        "Administrator@CONTOSO.COM",
        ADMINISTRATOR,
        Mechanism::GssSpnego,
    ))
    .await;
    assert!(matches!(
        skewed,
        Err(Error::Authentication {
            failure: LogonFailure::ClockSkew { .. },
            ..
        })
    ));
}

#[tokio::test]
async fn wrong_passwords_lock_an_account_out() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    client
        .modify(
            &Dn::from(DOMAIN),
            &[Modification::replace("lockoutThreshold", ["2"])],
            &[],
        )
        .await
        .unwrap();
    let log_on = |password: &'static [u8]| {
        kerberos(
            &lab,
            "svc-mimsync@CONTOSO.COM",
            password,
            Mechanism::GssSpnego,
        )
    };
    for expected in [
        LogonFailure::WrongPassword,
        LogonFailure::WrongPassword,
        LogonFailure::Locked,
    ] {
        match Client::connect(&log_on(b"wrong-password")).await {
            Err(Error::Authentication { failure, .. }) => assert_eq!(failure, expected),
            _ => panic!("another failure"),
        }
    }
    lab.clock().advance(security::Interval::from_minutes(31));
    Client::connect(&log_on(SERVICE)).await.unwrap();
}

#[tokio::test]
async fn a_ticket_keeps_the_memberships_of_its_time() {
    let lab = lab().await;
    let administrator = administrator(&lab).await;
    let log_on = || {
        kerberos(
            &lab,
            "svc-mimsync@CONTOSO.COM",
            SERVICE,
            Mechanism::GssSpnego,
        )
    };
    let before = Client::connect(&log_on()).await.unwrap();
    let group = Dn::from("CN=Domain Admins,CN=Users,DC=contoso,DC=com");
    let member = in_users("svc-mimsync");
    let join = [Modification::add("member", [member.as_str()])];
    administrator.modify(&group, &join, &[]).await.unwrap();
    let change = [Modification::replace("description", ["mine"])];
    let refused = before
        .modify(&in_users("svc-pamrest"), &change, &[])
        .await
        .unwrap_err();
    assert_eq!(
        refused.result_code(),
        Some(ResultCode::INSUFFICIENT_ACCESS_RIGHTS)
    );
    let after = Client::connect(&log_on()).await.unwrap();
    after
        .modify(&in_users("svc-pamrest"), &change, &[])
        .await
        .unwrap();
}
