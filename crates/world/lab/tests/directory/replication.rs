//! Several domain controllers: what is written on one reaches the others, late, and the later write wins.

mod for_clients;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use directory::{ActiveDirectory, DirectoryOptions};
use lab::{DirectoryFault, Lab, LabController, LabSeed};
use ldap::{Attribute, Client, Dn, Entry, Filter, Mechanism, Modification, Scope, Search};
use model::estate::{Auth, DirectoryTransport};
use model::inventory::RootKeyFacts;
use model::names::{DnsName, HostName};
use model::ports::{Clock as _, Directory as _};
use model::secret::Password;
use security::Interval;

use crate::port::{name, new_gmsa};
use crate::world::{ADMINISTRATOR, DOMAIN, SERVICE, in_users, kerberos, simple};

const DELAY: Interval = Interval::from_minutes(15);

async fn lab_of(controllers: &[&str], delay: Interval) -> Lab {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    seed.other_controllers = controllers.iter().map(|&name| name.to_owned()).collect();
    seed.replication_delay = delay;
    Lab::start(seed).await.unwrap()
}

/// The Administrator at each domain controller.
async fn clients(lab: &Lab) -> Vec<Client> {
    let mut clients = Vec::new();
    for controller in lab.controllers() {
        let mut options = kerberos(
            lab,
            "Administrator@CONTOSO.COM",
            ADMINISTRATOR,
            Mechanism::GssSpnego,
        );
        options.server = controller.dns_name();
        options.address = controller.addresses().ldap;
        options.kdc = Some(controller.addresses().kdc);
        clients.push(Client::connect(&options).await.unwrap());
    }
    clients
}

/// Production's client, that finds the others by itself.
pub async fn connect(lab: &Lab) -> ActiveDirectory {
    ActiveDirectory::connect(options(lab)).await.unwrap()
}

pub fn options(lab: &Lab) -> DirectoryOptions {
    let host: HostName = "MIMSYNC01".parse().unwrap();
    let address = |controller: &LabController| -> (DnsName, IpAddr) {
        let name = controller.dns_name().parse().unwrap();
        (name, controller.addresses().ldap.ip())
    };
    DirectoryOptions {
        domain: "contoso.com".parse().unwrap(),
        server: lab.controller().parse().unwrap(),
        address: lab.addresses().ldap,
        kdc: Some(lab.addresses().kdc),
        transport: DirectoryTransport::Sealed,
        auth: Auth::Kerberos,
        user: "Administrator".to_owned(),
        secret: Password::new(ADMINISTRATOR.to_vec()).into(),
        ca_pem: None,
        machine_keytabs: BTreeMap::from([(host.clone(), lab.machine_keytab(&host).unwrap())]),
        addresses: lab.controllers().iter().map(address).collect(),
        clock: Arc::new(lab.clock().clone()),
    }
}

async fn add(client: &Client, name: &str, attributes: &[(&str, &str)]) -> Dn {
    let attributes: Vec<Attribute> = attributes
        .iter()
        .map(|(name, value)| Attribute::new(*name, [*value]))
        .collect();
    let dn = in_users(name);
    client.add(&dn, &attributes, &[]).await.unwrap();
    dn
}

async fn replace(client: &Client, dn: &Dn, attribute: &str, value: &str) {
    let change = [Modification::replace(attribute, [value])];
    client.modify(dn, &change, &[]).await.unwrap();
}

async fn read(client: &Client, dn: &Dn) -> Option<Entry> {
    let attributes = ["*", "memberOf", "objectGUID"];
    client.read(dn, attributes).await.unwrap()
}

async fn text(client: &Client, dn: &Dn, attribute: &str) -> Option<String> {
    let entry = read(client, dn).await?;
    entry.text(attribute).map(str::to_owned)
}

/// Each domain controller keeps these to itself: FLAG_ATTR_NOT_REPLICATED in [MS-ADA1] and [MS-ADA2].
const NOT_REPLICATED: [&str; 2] = ["lastLogon", "logonCount"];

/// All domain controllers hold the same, but for what does not replicate.
fn assert_converged(lab: &Lab) {
    let (first, others) = lab.controllers().split_first().unwrap();
    for other in others {
        let mut differences = first.snapshot().differences(&other.snapshot());
        let replicates = |difference: &String| {
            let attribute = difference.rsplit(": ").next().unwrap_or_default();
            !NOT_REPLICATED.contains(&attribute)
        };
        differences.retain(replicates);
        assert_eq!(differences, Vec::<String>::new(), "{other:?}");
    }
}

#[tokio::test]
async fn a_write_arrives_after_the_delay() {
    let lab = lab_of(&["DC2"], DELAY).await;
    let clients = clients(&lab).await;
    let [one, two] = &clients[..] else { panic!() };
    let usn = || async {
        let root = two
            .read(&Dn::root(), ["highestCommittedUSN"])
            .await
            .unwrap();
        let usn = root
            .unwrap()
            .text("highestCommittedUSN")
            .unwrap()
            .to_owned();
        usn.parse::<u64>().unwrap()
    };
    let before = usn().await;
    let dn = add(
        one,
        "new",
        &[("objectClass", "user"), ("sAMAccountName", "new")],
    )
    .await;
    let group = in_users("MIMSyncJoiners");
    let join = [Modification::add("member", [dn.as_str()])];
    one.modify(&group, &join, &[]).await.unwrap();
    lab.clock().advance(Interval::from_minutes(14));
    assert_eq!(read(two, &dn).await, None);
    assert_eq!(usn().await, before);
    lab.clock().advance(Interval::from_minutes(2));

    let (here, there) = (read(one, &dn).await.unwrap(), read(two, &dn).await.unwrap());
    for shared in ["objectGUID", "objectSid", "whenCreated", "memberOf"] {
        assert!(here.value(shared).is_some(), "{shared}");
        assert_eq!(here.values(shared), there.values(shared), "{shared}");
    }
    assert_ne!(here.text("whenChanged"), there.text("whenChanged"));
    assert!(usn().await > before);
    assert_converged(&lab);

    one.delete(&dn, &[]).await.unwrap();
    replace(two, &dn, "description", "too late").await;
    lab.clock().advance(DELAY);
    assert_eq!(read(two, &dn).await, None);
    assert_eq!(read(one, &dn).await, None);
    assert_converged(&lab);
}

#[tokio::test]
async fn the_later_write_wins_by_attribute_and_by_member() {
    let lab = lab_of(&["DC2", "DC3"], DELAY).await;
    let clients = clients(&lab).await;
    let [one, two, three] = &clients[..] else {
        panic!()
    };
    let (user, group) = (in_users("svc-pamrest"), in_users("MIMSyncBrowse"));
    replace(one, &user, "description", "first").await;
    lab.clock().advance(Interval::from_minutes(1));
    replace(two, &user, "description", "second").await;
    replace(three, &user, "displayName", "other").await;
    let (joins, leaves) = (in_users("svc-pamrest"), in_users("svc-mimservice"));
    let join = [Modification::add("member", [joins.as_str()])];
    one.modify(&group, &join, &[]).await.unwrap();
    let leave = [Modification::delete("member", [leaves.as_str()])];
    two.modify(&group, &leave, &[]).await.unwrap();
    // Two versions on one domain controller weigh more than one later write on another.
    replace(one, &user, "info", "a").await;
    replace(one, &user, "info", "b").await;
    lab.clock().advance(Interval::from_minutes(1));
    replace(three, &user, "info", "c").await;
    lab.clock().advance(DELAY);
    for client in &clients {
        assert_eq!(
            text(client, &user, "description").await.as_deref(),
            Some("second")
        );
        assert_eq!(
            text(client, &user, "displayName").await.as_deref(),
            Some("other")
        );
        assert_eq!(text(client, &user, "info").await.as_deref(), Some("b"));
        let group = read(client, &group).await.unwrap();
        assert_eq!(group.texts("member").collect::<Vec<_>>(), [joins.as_str()]);
    }
    assert_converged(&lab);
}

#[tokio::test]
async fn two_objects_of_one_name_are_told_apart() {
    let lab = lab_of(&["DC2"], DELAY).await;
    let clients = clients(&lab).await;
    let [one, two] = &clients[..] else { panic!() };
    let attributes = [("objectClass", "user"), ("sAMAccountName", "twin")];
    let dn = add(one, "twin", &attributes).await;
    lab.clock().advance(Interval::from_minutes(1));
    add(two, "twin", &attributes).await;
    let sid = |entry: Entry| entry.value("objectSid").unwrap().to_vec();
    let (older, newer) = (
        sid(read(one, &dn).await.unwrap()),
        sid(read(two, &dn).await.unwrap()),
    );
    assert_ne!(
        older, newer,
        "each domain controller has its own pool of identifiers"
    );
    lab.clock().advance(DELAY);
    for client in &clients {
        assert_eq!(sid(read(client, &dn).await.unwrap()), newer);
        let search = Search::new(
            DOMAIN,
            Scope::Subtree,
            Filter::begins_with("cn", "twin\nCNF:"),
        );
        let found = client.search(&search).await.unwrap().entries;
        let [loser] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(loser.value("objectSid").unwrap(), older);
        assert!(
            loser
                .text("sAMAccountName")
                .unwrap()
                .starts_with("$DUPLICATE-")
        );
        assert_eq!(loser.dn.as_str().split(',').nth(1), Some("CN=Users"));
    }
    assert_converged(&lab);
}

#[tokio::test]
async fn what_is_put_into_a_container_that_is_gone_is_found_again() {
    let lab = lab_of(&["DC2"], DELAY).await;
    let clients = clients(&lab).await;
    let [one, two] = &clients[..] else { panic!() };
    let unit = Dn::from(format!("OU=Short,{DOMAIN}"));
    let class = |class: &str| [Attribute::new("objectClass", [class])];
    one.add(&unit, &class("organizationalUnit"), &[])
        .await
        .unwrap();
    lab.clock().advance(DELAY);
    one.delete(&unit, &[]).await.unwrap();
    let orphan = Dn::from(format!("CN=orphan,{}", unit.as_str()));
    two.add(&orphan, &class("contact"), &[]).await.unwrap();
    lab.clock().advance(DELAY);
    let found = Dn::from(format!("CN=orphan,CN=LostAndFound,{DOMAIN}"));
    for client in &clients {
        assert!(read(client, &found).await.is_some());
        assert_eq!(read(client, &unit).await, None);
    }
    assert_converged(&lab);
}

#[tokio::test]
async fn without_a_delay_everything_is_everywhere_at_once() {
    let lab = lab_of(&["DC2", "DC3"], Interval::ZERO).await;
    let clients = clients(&lab).await;
    for (number, client) in clients.iter().enumerate() {
        let dn = add(client, &format!("u{number}"), &[("objectClass", "user")]).await;
        for other in &clients {
            assert!(read(other, &dn).await.is_some());
        }
        client
            .modify_dn(&dn, &format!("CN=r{number}"), None)
            .await
            .unwrap();
    }
    assert_converged(&lab);
    let before = lab.snapshot();
    clients[2].delete(&in_users("r0"), &[]).await.unwrap();
    assert_converged(&lab);
    assert!(
        lab.snapshot()
            .differences(&before)
            .contains(&"DC2: CN=r0,CN=Users,DC=contoso,DC=com: only in the second".to_owned())
    );
    lab.restore(&before);
    assert_eq!(lab.snapshot(), before);
    assert!(read(&clients[1], &in_users("r0")).await.is_some());
    assert_converged(&lab);
}

#[tokio::test]
async fn a_saved_domain_has_its_domain_controllers_again() {
    let lab = lab_of(&["DC2"], Interval::ZERO).await;
    let user = [("objectClass", "user")];
    let before = add(&clients(&lab).await[1], "before", &user).await;
    let seed = LabSeed::from_saved(&lab.save()).unwrap();
    drop(lab);
    let lab = Lab::start(seed).await.unwrap();
    let clients = clients(&lab).await;
    let sid = |entry: Option<Entry>| entry.unwrap().value("objectSid").unwrap().to_vec();
    let mut sids = vec![sid(read(&clients[0], &before).await)];
    for (client, name) in clients.iter().zip(["one", "two"]) {
        let dn = add(client, name, &user).await;
        sids.push(sid(read(&clients[0], &dn).await));
    }
    sids.sort();
    sids.dedup();
    assert_eq!(sids.len(), 3, "an identifier was given twice");
    assert_converged(&lab);
}

#[tokio::test]
async fn a_new_password_counts_where_it_has_arrived() {
    let lab = lab_of(&["DC2"], DELAY).await;
    let clients = clients(&lab).await;
    let new = "\"Another-Pa55\"".encode_utf16().flat_map(u16::to_le_bytes);
    let change = [Modification::replace(
        "unicodePwd",
        [new.collect::<Vec<u8>>()],
    )];
    let user = in_users("svc-mimsync");
    clients[0].modify(&user, &change, &[]).await.unwrap();
    let log_on = |controller: usize, password: &'static [u8]| {
        let controller = &lab.controllers()[controller];
        let name = "svc-mimsync@contoso.com";
        let mut options = simple(&lab, name, password, ldap::Transport::Ldaps);
        options.server = controller.dns_name();
        options.address = controller.addresses().ldaps;
        async move { Client::connect(&options).await.is_ok() }
    };
    let new: &[u8] = b"Another-Pa55";
    assert!(log_on(0, new).await && !log_on(0, SERVICE).await);
    assert!(!log_on(1, new).await && log_on(1, SERVICE).await);
    lab.clock().advance(DELAY);
    assert!(log_on(1, new).await && !log_on(1, SERVICE).await);
}
