//! A lab after an LDIF export is the directory that was exported, as far as it can be, and says how far.

use lab::ldif::{self, LdifEntry};
use lab::{Lab, LabSeed};
use ldap::{Client, Filter, Scope, Search};
use model::ports::Directory as _;

use crate::port::{connect, name, new_gmsa};
use crate::world::{ADMINISTRATOR, DOMAIN, SERVICE, administrator, lab, search};

/// Everything below a name, as `ldapsearch -LLL` would write it.
async fn export(client: &Client, base: &str) -> Vec<LdifEntry> {
    let search = Search::new(base, Scope::Subtree, Filter::present("objectClass"))
        .attributes(["*", "nTSecurityDescriptor"]);
    let found = client.search_paged(&search, 500).await.unwrap();
    let entry = |entry: &ldap::Entry| LdifEntry {
        dn: entry.dn.to_string(),
        attributes: entry
            .attributes
            .iter()
            .map(|attribute| (attribute.name().to_owned(), attribute.values().to_vec()))
            .collect(),
    };
    found.entries.iter().map(entry).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_directory_is_there_again() {
    let first = lab().await;
    let directory = connect(&first).await;
    let computer = directory.account(&name("MIMSYNC01$")).await.unwrap();
    let gmsa = new_gmsa(vec![computer.unwrap().sid]);
    directory.create_gmsa(&gmsa).await.unwrap();
    let client = administrator(&first).await;
    let mut entries = export(&client, DOMAIN).await;
    let configuration = format!("CN=Configuration,{DOMAIN}");
    entries.extend(export(&client, &configuration).await);

    let (seed, left_out) = LabSeed::from_ldif(&entries, ADMINISTRATOR, SERVICE).unwrap();
    let copy = Lab::start(seed).await.unwrap();
    let again = connect(&copy).await;
    assert_eq!(
        again.domain().await.unwrap().sid,
        directory.domain().await.unwrap().sid
    );
    let names = [
        "MIMSYNC01$",
        "MIMSyncGMSAsvc$",
        "svc-mimservice",
        "MIMSyncAdmins",
        "Domain Admins",
        "Administrator",
    ];
    let names = names.map(name);
    let (theirs, ours) = (
        directory.look_up(&names).await.unwrap(),
        again.look_up(&names).await.unwrap(),
    );
    assert_eq!(ours.gmsas, theirs.gmsas, "{left_out:#?}");
    assert_eq!(ours.accounts, theirs.accounts, "{left_out:#?}");
    assert_eq!(ours.groups, theirs.groups, "{left_out:#?}");
    let ids = |keys: Vec<model::inventory::RootKeyFacts>| {
        keys.iter()
            .map(|key| (key.id, key.effective))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(again.root_keys().await.unwrap()),
        ids(directory.root_keys().await.unwrap())
    );
    let host = "MIMSYNC01".parse().unwrap();
    let proof = again
        .prove_password(&name("MIMSyncGMSAsvc$"), &host)
        .await
        .unwrap();
    assert!(proof.retrieved.holds && proof.logon.holds, "{proof:?}");
    assert!(
        left_out
            .iter()
            .any(|line| line.contains("the secret of a root key")),
        "{left_out:#?}"
    );
}

const SMALL: &str = r"
dn: CN=web,OU=Servers,DC=fabrikam,DC=net
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
sAMAccountName: web
userAccountControl: 66048
servicePrincipalName: HTTP/www.fabrikam.net
manager: CN=nobody,DC=fabrikam,DC=net
msExchVersion: 88218628259840
memberOf: CN=Editors,OU=Groups,DC=fabrikam,DC=net
pwdLastSet: never

dn: CN=Web,OU=Groups,DC=fabrikam,DC=net
objectClass: top
objectClass: group
sAMAccountName: Web
member: CN=web,OU=Servers,DC=fabrikam,DC=net

dn: CN=Policy,DC=fabrikam,DC=net
objectClass: top
objectClass: groupPolicyContainer

dn: DC=_msdcs,DC=other,DC=org
objectClass: dnsZone
";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_over_is_told() {
    let entries = ldif::parse(SMALL.trim_start().as_bytes()).unwrap();
    let (seed, left_out) = LabSeed::from_ldif(&entries, ADMINISTRATOR, SERVICE).unwrap();
    assert_eq!(
        (seed.dns_name.as_str(), seed.netbios_name.as_str()),
        ("fabrikam.net", "FABRIKAM")
    );
    for told in [
        "NetBIOS name",
        "SID of the domain",
        "KDS root keys",
        "msExchVersion is not in the lab's schema",
        "manager points to what is not there",
        "CN=Editors,OU=Groups,DC=fabrikam,DC=net is not in the export",
        "its account name is taken: CN=Web,OU=Groups",
        "pwdLastSet has a value that is none of its syntax",
        "class groupPolicyContainer",
        "another partition",
        "made as what it is named like",
    ] {
        assert!(
            left_out.iter().any(|line| line.contains(told)),
            "{told}: {left_out:#?}"
        );
    }
    // All of the rest is there: the lab starts with it.
    let lab = Lab::start(seed).await.unwrap();
    assert!(lab.snapshot().len() > 30);

    let mut other = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    let head = "dn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectSid:: AQQAAAAAAAUVAAAAAQAAAAIAAAADAAAA\n";
    let head = ldif::parse(head.as_bytes()).unwrap();
    // The reference estate has no SID before it starts.
    assert!(other.take_ldif(&head, SERVICE).is_ok());
    let (mut other, _) = LabSeed::from_ldif(&head, ADMINISTRATOR, SERVICE).unwrap();
    let changed = "dn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectSid:: AQQAAAAAAAUVAAAABwAAAAIAAAADAAAA\n";
    let changed = ldif::parse(changed.as_bytes()).unwrap();
    assert!(other.take_ldif(&changed, SERVICE).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_controllers_of_an_export_are_there_again() {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    seed.grow_to(2).unwrap();
    seed.grow_read_only_to(1).unwrap();
    let first = Lab::start(seed).await.unwrap();
    let entries = export(&administrator(&first).await, DOMAIN).await;
    let (seed, left_out) = LabSeed::from_ldif(&entries, ADMINISTRATOR, SERVICE).unwrap();
    let copy = Lab::start(seed).await.unwrap();
    let controllers = |lab: &Lab| {
        let of = |one: &lab::LabController| (one.dns_name(), one.is_read_only());
        lab.controllers().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(controllers(&copy), controllers(&first), "{left_out:#?}");
    assert!(controllers(&copy).contains(&("rodc1.contoso.com".to_owned(), true)));
    // Their accounts are the lab's own; nothing of the export stands beside them.
    let accounts = ["DC1$", "DC2$", "RODC1$"].map(name);
    let found = connect(&copy).await.look_up(&accounts).await.unwrap();
    assert_eq!(found.accounts.len(), 3);
    let computers = || Filter::equal("objectClass", "computer");
    let theirs = search(&administrator(&first).await, computers()).await;
    let ours = search(&administrator(&copy).await, computers()).await;
    assert_eq!(ours, theirs);
}
