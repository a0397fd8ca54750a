//! The global catalog's port: everything that is, a part of each, and nothing to be written.

use ldap::{Client, Filter, Mechanism, Modification, Scope, Search, Transport};

use crate::world::{ADMINISTRATOR, administrator, codes, in_users, kerberos, lab, simple};

#[tokio::test]
async fn the_catalog_knows_the_forest_in_part_and_takes_no_writes() {
    let lab = lab().await;
    let user = "Administrator@CONTOSO.COM";
    let mut options = kerberos(&lab, user, ADMINISTRATOR, Mechanism::GssSpnego);
    options.address = lab.addresses().gc;
    let catalog = Client::connect(&options).await.unwrap();

    // Without a base: all naming contexts.
    let search = |filter: Filter| Search::new("", Scope::Subtree, filter);
    let by_spn = Filter::equal("servicePrincipalName", "HTTP/pamapi");
    let found = catalog
        .search(&search(by_spn.clone()))
        .await
        .unwrap()
        .entries;
    let [holder] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(holder.text("sAMAccountName"), Some("svc-pamrest"));
    let servers = Filter::equal("objectClass", "nTDSDSA");
    assert_eq!(
        catalog
            .search(&search(servers))
            .await
            .unwrap()
            .entries
            .len(),
        1
    );

    // The account's password age is not in the partial attribute set, neither to see nor to look for.
    let everything = administrator(&lab).await;
    let complete = everything.search(&search(by_spn)).await.unwrap().entries;
    assert!(complete[0].value("pwdLastSet").is_some());
    assert!(holder.value("pwdLastSet").is_none());
    let by_age = || search(Filter::present("pwdLastSet"));
    assert!(
        !everything
            .search(&by_age())
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    assert!(catalog.search(&by_age()).await.unwrap().entries.is_empty());

    let change = [Modification::replace("description", ["mine"])];
    let target = in_users("svc-pamrest");
    let refused = catalog.modify(&target, &change, &[]).await.unwrap_err();
    assert_eq!(codes(&refused), (53, Some(8245)));
}

#[tokio::test]
async fn the_catalog_answers_inside_tls_too() {
    let lab = lab().await;
    let user = "Administrator@contoso.com";
    let mut options = simple(&lab, user, ADMINISTRATOR, Transport::Ldaps);
    options.address = lab.addresses().gc_tls;
    let catalog = Client::connect(&options).await.unwrap();
    let by_spn = Filter::equal("servicePrincipalName", "HTTP/pamapi");
    let search = Search::new("", Scope::Subtree, by_spn);
    let found = catalog.search(&search).await.unwrap().entries;
    assert_eq!(found[0].text("sAMAccountName"), Some("svc-pamrest"));
    assert!(found[0].value("pwdLastSet").is_none());
    let change = [Modification::replace("description", ["mine"])];
    let target = in_users("svc-pamrest");
    let refused = catalog.modify(&target, &change, &[]).await.unwrap_err();
    assert_eq!(codes(&refused), (53, Some(8245)));
}
