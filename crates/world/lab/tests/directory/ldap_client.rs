//! Crate `ldap` against the lab: log-ons, searches, rules and their error codes.

use ldap::{
    Attribute, Client, Dn, Error, Filter, LogonFailure, Mechanism, Modification, ResultCode, Scope,
    Search, Transport,
};

use crate::world::{ADMINISTRATOR, SERVICE, administrator, kerberos, lab, simple};

const DOMAIN: &str = "DC=contoso,DC=com";

fn in_users(name: &str) -> Dn {
    Dn::from(format!("CN={name},CN=Users,{DOMAIN}"))
}

/// Result code and Windows error of a refusal.
fn codes(error: &Error) -> (u32, Option<u32>) {
    match error {
        Error::Refused(refusal) => (refusal.code.0, refusal.windows.map(|windows| windows.code)),
        other => panic!("{other}"),
    }
}

async fn search(client: &Client, filter: Filter) -> Vec<String> {
    let search = Search::new(DOMAIN, Scope::Subtree, filter).attributes(["cn"]);
    let mut names: Vec<String> = client
        .search_paged(&search, 500)
        .await
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry.text("cn").unwrap().to_owned())
        .collect();
    names.sort();
    names
}

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
async fn filters_find_what_they_say() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let computers = [
        "DC1",
        "MIMPAM01",
        "MIMSVC01",
        "MIMSVC02",
        "MIMSYNC01",
        "MIMSYNC02",
    ];
    assert_eq!(
        search(&client, Filter::equal("objectClass", "computer")).await,
        computers
    );
    assert_eq!(
        search(&client, Filter::bits_set("userAccountControl", 0x2000)).await,
        ["DC1"]
    );
    assert_eq!(
        search(
            &client,
            Filter::equal("memberOf", format!("CN=MIMSyncBrowse,CN=Users,{DOMAIN}"))
        )
        .await,
        ["svc-mimservice"]
    );
    let nested =
        "(memberOf:1.2.840.113556.1.4.1941:=CN=Administrators,CN=Builtin,DC=contoso,DC=com)"
            .parse::<Filter>()
            .unwrap();
    assert_eq!(
        search(&client, nested).await,
        ["Administrator", "Domain Admins", "Enterprise Admins"]
    );
    for (text, found) in [
        (
            "(&(objectCategory=person)(sAMAccountName=svc-ssp*))",
            &["svc-sspreset", "svc-ssprreg"][..],
        ),
        (
            "(&(cn=svc-*)(!(servicePrincipalName=*)))",
            &["svc-mimsync", "svc-pamcomp", "svc-pammon"],
        ),
        ("(servicePrincipalName=http/PAMAPI)", &["svc-pamrest"]),
        ("(nonsense=1)", &[]),
        ("(!(nonsense=1))", &[]),
        (
            "(&(objectClass=group)(cn>=mimsyncj)(cn<=MIMSyncO))",
            &["MIMSyncJoiners"],
        ),
        ("(sAMAccountName=DC1$)", &["DC1"]),
    ] {
        assert_eq!(
            search(&client, text.parse().unwrap()).await,
            found,
            "{text}"
        );
    }
}

#[tokio::test]
async fn rules_refuse_with_active_directorys_codes() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let add = |name: &str, attributes: &[(&str, &str)]| {
        let attributes: Vec<Attribute> = attributes
            .iter()
            .map(|(name, value)| Attribute::new(*name, [*value]))
            .collect();
        let (client, dn) = (&client, in_users(name));
        async move {
            client
                .add(&dn, &attributes, &[])
                .await
                .map_err(|error| codes(&error))
        }
    };
    let user = ("objectClass", "user");
    assert_eq!(
        add("svc-mimsync", &[user, ("sAMAccountName", "other")]).await,
        Err((68, Some(8305)))
    );
    assert_eq!(
        add("other", &[user, ("sAMAccountName", "SVC-mimsync")]).await,
        Err((68, Some(1316)))
    );
    assert_eq!(
        add("other", &[user, ("sAMAccountName", "Domain Admins")]).await,
        Err((68, Some(1318)))
    );
    assert_eq!(
        add("other", &[user, ("servicePrincipalName", "http/pamapi")]).await,
        Err((19, Some(8647)))
    );
    assert_eq!(
        add(
            "other",
            &[user, ("userPrincipalName", "svc-mimsync@contoso.com")]
        )
        .await,
        Err((19, Some(8648)))
    );
    assert_eq!(
        add("other", &[user, ("nonsense", "1")]).await,
        Err((16, Some(87)))
    );
    assert_eq!(
        add("other", &[user, ("objectSid", "1")]).await,
        Err((19, Some(8369)))
    );
    assert_eq!(
        add(
            "other",
            &[("objectClass", "group"), ("objectClass", "user")]
        )
        .await
        .unwrap_err()
        .0,
        65
    );
    assert_eq!(
        add(
            "gmsa",
            &[("objectClass", "msDS-GroupManagedServiceAccount")]
        )
        .await,
        Err((65, Some(8316)))
    );
    let dn = Dn::from(format!("CN=x,CN=Nowhere,{DOMAIN}"));
    let error = client
        .add(&dn, &[Attribute::new("objectClass", ["user"])], &[])
        .await
        .unwrap_err();
    assert_eq!(codes(&error).0, 32);
    let Error::Refused(refusal) = error else {
        panic!()
    };
    assert_eq!(refusal.matched_dn, DOMAIN);

    let modify = |name: &'static str, change: Modification| {
        let client = &client;
        async move {
            client
                .modify(&in_users(name), &[change], &[])
                .await
                .map_err(|error| codes(&error))
        }
    };
    let member = format!("CN=svc-mimservice,CN=Users,{DOMAIN}");
    assert_eq!(
        modify(
            "MIMSyncBrowse",
            Modification::add("member", [member.as_str()])
        )
        .await,
        Err((68, Some(1378)))
    );
    let absent = format!("CN=svc-mimsync,CN=Users,{DOMAIN}");
    assert_eq!(
        modify(
            "MIMSyncBrowse",
            Modification::delete("member", [absent.as_str()])
        )
        .await,
        Err((53, Some(1377)))
    );
    assert_eq!(
        modify(
            "MIMSyncBrowse",
            Modification::add("member", ["CN=nobody,DC=contoso,DC=com"])
        )
        .await,
        Err((19, Some(8373)))
    );
    assert_eq!(
        modify(
            "svc-mimsync",
            Modification::replace("objectClass", ["computer"])
        )
        .await,
        Err((65, Some(8311)))
    );
    assert_eq!(
        modify("svc-mimsync", Modification::replace("uSNChanged", ["1"])).await,
        Err((19, Some(8369)))
    );
    assert_eq!(
        modify(
            "svc-mimsync",
            Modification::delete("servicePrincipalName", ["a/b"])
        )
        .await
        .unwrap_err()
        .0,
        16
    );
    assert_eq!(
        modify("svc-mimsync", Modification::add("sAMAccountName", ["two"])).await,
        Err((19, Some(8321)))
    );
    let not_leaf = client
        .delete(&Dn::from(format!("CN=Users,{DOMAIN}")), &[])
        .await
        .unwrap_err();
    assert_eq!(codes(&not_leaf), (66, Some(8213)));
}

#[tokio::test]
async fn others_than_administrators_may_read_and_little_else() {
    let lab = lab().await;
    let user = Client::connect(&kerberos(
        &lab,
        "svc-mimsync@CONTOSO.COM",
        SERVICE,
        Mechanism::GssSpnego,
    ))
    .await
    .unwrap();
    assert_eq!(
        search(&user, Filter::equal("sAMAccountName", "svc-pamrest")).await,
        ["svc-pamrest"]
    );
    let change = [Modification::replace("description", ["mine"])];
    let error = user
        .modify(&in_users("svc-pamrest"), &change, &[])
        .await
        .unwrap_err();
    assert_eq!(
        error.result_code(),
        Some(ResultCode::INSUFFICIENT_ACCESS_RIGHTS)
    );
    let keys = format!(
        "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,{DOMAIN}"
    );
    let search = Search::new(
        keys.as_str(),
        Scope::OneLevel,
        Filter::present("objectClass"),
    );
    let seen = user.search(&search).await.unwrap().entries;
    assert_eq!(seen.len(), 1);
    assert!(seen[0].attributes.is_empty(), "{:?}", seen[0]);
    let administrator = administrator(&lab).await;
    assert_eq!(
        administrator.search(&search).await.unwrap().entries[0]
            .value("msKds-RootKeyData")
            .unwrap()
            .len(),
        64
    );
}

#[tokio::test]
async fn large_groups_come_in_ranges_and_renames_are_followed() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let group = in_users("MIMSyncJoiners");
    for index in 0..1600 {
        let dn = in_users(&format!("u{index}"));
        client
            .add(&dn, &[Attribute::new("objectClass", ["contact"])], &[])
            .await
            .unwrap();
        client
            .modify(&group, &[Modification::add("member", [dn.as_str()])], &[])
            .await
            .unwrap();
    }
    let entry = client.read(&group, ["member"]).await.unwrap().unwrap();
    assert_eq!(entry.values("member").len(), 1600);
    client
        .modify_dn(&in_users("u0"), r"CN=renamed\, too", None)
        .await
        .unwrap();
    let entry = client.read(&group, ["member"]).await.unwrap().unwrap();
    assert!(
        entry
            .texts("member")
            .any(|member| member == format!(r"CN=renamed\, too,CN=Users,{DOMAIN}"))
    );
    client
        .delete(
            &Dn::from(format!(r"CN=renamed\, too,CN=Users,{DOMAIN}")),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        client
            .read(&group, ["member"])
            .await
            .unwrap()
            .unwrap()
            .values("member")
            .len(),
        1599
    );
}
