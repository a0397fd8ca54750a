//! Names of other domains, and searches that would have to go on elsewhere.

use ldap::{Attribute, Control, Dn, Error, Filter, Modification, Scope, Search};
use model::names::SamAccountName;
use model::ports::{Directory as _, ErrorKind, NewGroup};

use crate::world::{DOMAIN, administrator, codes, lab};

fn referrals(error: &Error) -> Vec<String> {
    assert_eq!(codes(error), (10, Some(8235)), "{error}");
    match error {
        Error::Refused(refusal) => refusal.referrals.clone(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_name_of_another_domain_is_referred_to_that_domain() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let before = lab.snapshot();
    for (name, url) in [
        (
            "OU=a b,DC=child,DC=contoso,DC=net",
            "ldap://child.contoso.net/OU=a%20b,DC=child,DC=contoso,DC=net",
        ),
        ("DC=com", "ldap://com/DC=com"),
    ] {
        let dn = Dn::from(name);
        let search = Search::new(dn.clone(), Scope::Subtree, Filter::present("objectClass"));
        let group = [Attribute::new("objectClass", ["organizationalUnit"])];
        let change = [Modification::replace("description", ["mine"])];
        for error in [
            client.search(&search).await.unwrap_err(),
            client.modify(&dn, &change, &[]).await.unwrap_err(),
            client.delete(&dn, &[]).await.unwrap_err(),
        ] {
            assert_eq!(referrals(&error), [url]);
        }
        let below = Dn::from(format!("OU=new,{name}"));
        let error = client.add(&below, &group, &[]).await.unwrap_err();
        assert_eq!(referrals(&error).len(), 1);
    }
    // What ends in no domain, or in this one, is just not there.
    for name in [
        "O=contoso".to_owned(),
        "CN=none".to_owned(),
        format!("OU=none,{DOMAIN}"),
    ] {
        assert_eq!(client.read(&Dn::from(name), ["cn"]).await.unwrap(), None);
    }
    assert_eq!(lab.snapshot(), before);
}

#[tokio::test]
async fn a_search_is_told_where_it_would_go_on() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let configuration = format!("CN=Configuration,{DOMAIN}");
    let schema = format!("CN=Schema,{configuration}");
    let url = |context: &str| format!("ldap://contoso.com/{context}");
    let filter = || Filter::equal("objectClass", "user");
    for (base, scope, expected) in [
        (DOMAIN, Scope::Subtree, vec![url(&configuration)]),
        (
            DOMAIN,
            Scope::OneLevel,
            vec![format!("{}??base", url(&configuration))],
        ),
        (DOMAIN, Scope::Base, vec![]),
        (&configuration, Scope::Subtree, vec![url(&schema)]),
        (&format!("CN=Users,{DOMAIN}"), Scope::Subtree, vec![]),
        ("", Scope::Subtree, vec![]),
    ] {
        let search = Search::new(base, scope, filter());
        let found = client.search(&search).await.unwrap();
        assert_eq!(found.referrals, expected, "{base} {scope:?}");
        // Page by page they come once.
        let found = client.search_paged(&search, 3).await.unwrap();
        assert_eq!(found.referrals, expected, "{base} {scope:?}");
    }
    let domain_scope = Control {
        oid: "1.2.840.113556.1.4.1339".to_owned(),
        critical: true,
        value: None,
    };
    let within = Search::new(DOMAIN, Scope::Subtree, filter()).control(domain_scope);
    assert!(client.search(&within).await.unwrap().referrals.is_empty());
}

/// Production's client follows nobody: it says who has it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_elsewhere_is_a_clear_error() {
    let lab = lab().await;
    let directory = crate::replication::connect(&lab).await;
    let name: SamAccountName = "Hosts".parse().unwrap();
    let group = NewGroup {
        name,
        container: Some("OU=groups,DC=child,DC=example,DC=net".parse().unwrap()),
        description: String::new(),
    };
    let error = directory.create_group(&group).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed, "{error}");
    assert!(error.what.contains("referral (10)"), "{error}");
    let advice = error.advice.unwrap();
    assert!(
        advice.contains("ldap://child.example.net/CN=Hosts,OU=groups")
            && advice.contains("--server"),
        "{advice}"
    );
}
