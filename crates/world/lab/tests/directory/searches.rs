//! Searches with crate `ldap`: filters, ranges, pages.

use ldap::{Attribute, Control, Dn, Filter, Modification, Scope, SdFlags, Search};
use security::SecurityDescriptor;

use crate::world::{DOMAIN, administrator, in_users, lab, search};

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
        // A domain controller, or disabled: either bit is enough.
        (
            "(&(objectClass=user)(userAccountControl:1.2.840.113556.1.4.804:=8194))",
            &["DC1", "Guest", "krbtgt"],
        ),
        (
            "(&(objectClass=user)(userAccountControl:1.2.840.113556.1.4.803:=8194))",
            &[],
        ),
    ] {
        assert_eq!(
            search(&client, text.parse().unwrap()).await,
            found,
            "{text}"
        );
    }
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

#[tokio::test]
async fn pages_and_limits_cut_a_search() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let search = Search::new(DOMAIN, Scope::Subtree, Filter::equal("objectClass", "user"));
    let search = search.attributes(["cn"]);
    let all = client.search(&search).await.unwrap().entries.len();
    let mut pages = client.search_pages(search.clone(), 3);
    let mut sizes = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        sizes.push(page.entries.len());
    }
    assert_eq!(sizes.iter().sum::<usize>(), all);
    assert!(
        sizes.iter().rev().skip(1).all(|size| *size == 3),
        "{sizes:?}"
    );
    let limited = client.search(&search.size_limit(2)).await;
    assert!(limited.unwrap().truncated);
}

#[tokio::test]
async fn of_a_security_descriptor_come_the_parts_that_are_asked_for() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let read = async |parts: SdFlags| {
        let filter = Filter::present("objectClass");
        let search = Search::new(in_users("svc-mimsync"), Scope::Base, filter)
            .attributes(["nTSecurityDescriptor"])
            .control(Control::sd_flags(parts));
        let found = client.search(&search).await.unwrap().entries;
        let bytes = found[0].value("nTSecurityDescriptor").unwrap();
        SecurityDescriptor::from_bytes(bytes).unwrap()
    };
    let list = read(SdFlags::DACL).await;
    assert!(list.owner().is_none() && list.dacl().is_some());
    let owner = read(SdFlags(1)).await;
    assert!(owner.owner().is_some() && owner.dacl().is_none());
    let all = read(SdFlags::OWNER_GROUP_DACL).await;
    assert!(all.owner().is_some() && all.dacl() == list.dacl());
}

#[tokio::test]
async fn aliases_of_service_names_can_be_read() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let name = "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=contoso,DC=com";
    let search = Search::new(name, Scope::Base, Filter::present("sPNMappings"));
    let found = client
        .search(&search.attributes(["sPNMappings"]))
        .await
        .unwrap()
        .entries;
    let mappings = found[0].text("sPNMappings").unwrap();
    assert!(
        mappings.starts_with("host=") && mappings.contains(",http,"),
        "{mappings}"
    );
}
