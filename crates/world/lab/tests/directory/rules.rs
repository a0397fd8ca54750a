//! Writes with crate `ldap`: who may do what, and the codes of what is refused.

use ldap::{
    Attribute, Client, Dn, Error, Filter, Mechanism, Modification, ResultCode, Scope, Search,
};

use crate::world::{DOMAIN, SERVICE, administrator, codes, in_users, kerberos, lab, search};

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
        add("other", &[user, ("whenCreated", "20200101000000.0Z")]).await,
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
        Err((32, Some(1317)))
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
        Err((20, Some(8321)))
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
async fn delegated_rights_reach_as_far_as_they_say() {
    let lab = lab().await;
    let administrator = administrator(&lab).await;
    let delegate = administrator
        .read(&in_users("svc-mimsync"), ["objectSid"])
        .await
        .unwrap()
        .unwrap();
    let delegate = security::Sid::from_bytes(delegate.value("objectSid").unwrap()).unwrap();
    let rights = format!("O:BAD:(A;;0xf01ff;;;BA)(A;;LCRPWPLORC;;;{delegate})(A;;LCRPLORC;;;AU)");
    let rights = security::SecurityDescriptor::from_sddl(&rights)
        .unwrap()
        .to_bytes();
    let target = in_users("svc-pammon");
    let grant = [Modification::replace("nTSecurityDescriptor", [rights])];
    administrator.modify(&target, &grant, &[]).await.unwrap();

    let options = kerberos(
        &lab,
        "svc-mimsync@CONTOSO.COM",
        SERVICE,
        Mechanism::GssSpnego,
    );
    let client = Client::connect(&options).await.unwrap();
    let change = |attribute: &'static str, value: &'static str| {
        let (client, target) = (&client, &target);
        async move {
            let change = [Modification::replace(attribute, [value])];
            client
                .modify(target, &change, &[])
                .await
                .map_err(|error| codes(&error))
        }
    };
    change("description", "mine").await.unwrap();
    change("servicePrincipalName", "HTTP/new").await.unwrap();
    // HOST/MIMSVC01 stands for it; administrators are not asked.
    assert_eq!(
        change("servicePrincipalName", "http/MIMSVC01").await,
        Err((19, Some(8647)))
    );
    let alias = [Modification::replace(
        "servicePrincipalName",
        ["http/MIMSVC01"],
    )];
    administrator.modify(&target, &alias, &[]).await.unwrap();
    // SeEnableDelegationPrivilege is another matter than the right to write.
    assert_eq!(
        change("msDS-AllowedToDelegateTo", "a/b").await,
        Err((50, Some(1314)))
    );
    assert_eq!(
        change("userAccountControl", "590336").await,
        Err((50, Some(1314)))
    );
    change("userAccountControl", "66050").await.unwrap();
}

#[tokio::test]
async fn users_are_enabled_with_a_password_only() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let dn = in_users("new");
    let attributes = |control: &str, password: &[&str]| {
        let quoted = |text: &&str| {
            let units = format!("\"{text}\"").encode_utf16().collect::<Vec<_>>();
            units
                .iter()
                .flat_map(|unit| unit.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let mut attributes = vec![
            Attribute::new("objectClass", ["user"]),
            Attribute::new("sAMAccountName", ["new"]),
            Attribute::new("userAccountControl", [control]),
        ];
        let passwords: Vec<Vec<u8>> = password.iter().map(quoted).collect();
        attributes.extend(
            passwords
                .first()
                .map(|password| Attribute::new("unicodePwd", [password.clone()])),
        );
        attributes
    };
    for (control, password) in [("512", &[][..]), ("512", &["short"]), ("514", &["short"])] {
        let error = client
            .add(&dn, &attributes(control, password), &[])
            .await
            .unwrap_err();
        assert_eq!(codes(&error), (53, Some(1325)), "{control} {password:?}");
    }
    client.add(&dn, &attributes("514", &[]), &[]).await.unwrap();
    let enable = [Modification::replace("userAccountControl", ["512"])];
    assert_eq!(
        codes(&client.modify(&dn, &enable, &[]).await.unwrap_err()),
        (53, Some(1325))
    );
    client.delete(&dn, &[]).await.unwrap();
    client
        .add(&dn, &attributes("512", &["Long-Enough-1"]), &[])
        .await
        .unwrap();
    let log_on = kerberos(
        &lab,
        "new@CONTOSO.COM",
        b"Long-Enough-1",
        Mechanism::GssSpnego,
    );
    // Its password has never been changed by its owner, but it was set.
    Client::connect(&log_on).await.unwrap();
}
