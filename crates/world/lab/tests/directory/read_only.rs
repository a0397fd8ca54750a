//! Read-only domain controllers: no changes, no secrets, and what they hand on to a writable one.

use lab::{Lab, LabController, LabSeed};
use ldap::{
    Attribute, Auth, Client, ConnectOptions, Dn, Error, Filter, Mechanism, Modification, Password,
    Scope, Search, Transport,
};
use model::ports::{Clock as _, Directory as _, ErrorKind};
use security::Interval;

use crate::port::new_gmsa;
use crate::world::{ADMINISTRATOR, DOMAIN, SERVICE, codes, in_users, kerberos, search, simple};

const DELAY: Interval = Interval::from_minutes(15);
const ADMIN: &str = "Administrator@CONTOSO.COM";

fn seed() -> LabSeed {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    seed.grow_read_only_to(1).unwrap();
    seed
}

/// A writable domain controller and a read-only one that hears of everything later.
async fn lab() -> Lab {
    let mut seed = seed();
    seed.replication_delay = DELAY;
    Lab::start(seed).await.unwrap()
}

/// The same way to log on, at another domain controller.
fn at(controller: &LabController, mut options: ConnectOptions) -> ConnectOptions {
    let addresses = controller.addresses();
    options.server = controller.dns_name();
    options.address = match options.transport {
        Transport::Ldaps => addresses.ldaps,
        _ => addresses.ldap,
    };
    options.kdc = options.kdc.map(|_| addresses.kdc);
    options
}

fn read_only(lab: &Lab) -> &LabController {
    lab.controllers().last().unwrap()
}

/// The Administrator at the writable one and at the read-only one.
async fn both(lab: &Lab) -> (Client, Client) {
    let options = || kerberos(lab, ADMIN, ADMINISTRATOR, Mechanism::GssSpnego);
    let first = Client::connect(&options()).await.unwrap();
    let second = Client::connect(&at(read_only(lab), options())).await;
    (first, second.unwrap())
}

async fn bytes(client: &Client, dn: &Dn, attribute: &str) -> Vec<u8> {
    let entry = client.read(dn, [attribute]).await.unwrap().unwrap();
    entry.value(attribute).unwrap().to_vec()
}

/// The current password of a gMSA: right behind the header.
async fn password(client: &Client, dn: &Dn) -> Vec<u8> {
    bytes(client, dn, "msDS-ManagedPassword").await[16..272].to_vec()
}

async fn id(client: &Client, dn: &Dn) -> Vec<u8> {
    bytes(client, dn, "msDS-ManagedPasswordId").await
}

async fn text(client: &Client, dn: &Dn, attribute: &str) -> Option<String> {
    let entry = client.read(dn, [attribute]).await.unwrap().unwrap();
    entry.text(attribute).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is() {
    let lab = lab().await;
    let (first, second) = both(&lab).await;
    let account = Dn::from(format!("CN=RODC1,OU=Domain Controllers,{DOMAIN}"));
    for client in [&first, &second] {
        assert_eq!(
            text(client, &account, "userAccountControl").await.unwrap(),
            "83890176"
        );
        assert_eq!(
            text(client, &account, "primaryGroupID").await.unwrap(),
            "521"
        );
        let writable = Filter::bits_set("userAccountControl", 0x2000);
        assert_eq!(search(client, writable).await, ["DC1"]);
        let partial = Filter::bits_set("userAccountControl", 0x0400_0000);
        assert_eq!(search(client, partial).await, ["RODC1"]);
        let settings = Filter::equal("objectClass", "nTDSDSARO");
        let settings = Search::new(
            format!("CN=Configuration,{DOMAIN}"),
            Scope::Subtree,
            settings,
        );
        let found = client.search(&settings).await.unwrap().entries;
        assert_eq!(found.len(), 1);
        assert!(
            found[0].dn.as_str().contains("CN=RODC1,CN=Servers"),
            "{}",
            found[0].dn
        );
    }
    for (client, is_one) in [(&first, false), (&second, true)] {
        let root = client
            .read(&Dn::root(), ["supportedCapabilities"])
            .await
            .unwrap()
            .unwrap();
        let mut capabilities = root.texts("supportedCapabilities");
        let partial = capabilities.any(|one| one == "1.2.840.113556.1.4.1920");
        assert_eq!(partial, is_one);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_referred_to_a_writable_one() {
    let lab = lab().await;
    let (_, second) = both(&lab).await;
    let before = lab.snapshot();
    let user = in_users("svc-mimsync");
    let group = [
        Attribute::new("objectClass", ["group"]),
        Attribute::new("sAMAccountName", ["new"]),
    ];
    let change = [Modification::replace("description", ["mine"])];
    let refused: [(Error, Dn); 4] = [
        (
            second
                .add(&in_users(r"new\, one"), &group, &[])
                .await
                .unwrap_err(),
            in_users(r"new\, one"),
        ),
        (
            second.modify(&user, &change, &[]).await.unwrap_err(),
            user.clone(),
        ),
        (second.delete(&user, &[]).await.unwrap_err(), user.clone()),
        (
            second.modify_dn(&user, "CN=other", None).await.unwrap_err(),
            user.clone(),
        ),
    ];
    for (error, dn) in refused {
        assert_eq!(codes(&error), (10, Some(8235)), "{error}");
        let Error::Refused(refusal) = error else {
            unreachable!()
        };
        let name = dn.as_str().replace(' ', "%20").replace('\\', "%5C");
        assert_eq!(
            refusal.referrals,
            [format!("ldap://dc1.contoso.com/{name}")]
        );
        assert!(
            refusal.diagnostic.contains("ref 1: 'dc1.contoso.com'"),
            "{}",
            refusal.diagnostic
        );
    }
    // What is not there is not there: nobody is asked instead.
    let missing = [
        second.delete(&in_users("none"), &[]).await.unwrap_err(),
        second
            .add(&Dn::from(format!("CN=new,OU=none,{DOMAIN}")), &group, &[])
            .await
            .unwrap_err(),
    ];
    for error in missing {
        assert_eq!(codes(&error), (32, Some(8333)), "{error}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn root_keys_do_not_come_to_it_neither_first_nor_later() {
    let lab = lab().await;
    let (first, second) = both(&lab).await;
    let keys = |filter: Filter| {
        let container = "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services";
        let base = format!("{container},CN=Configuration,{DOMAIN}");
        Search::new(base, Scope::OneLevel, filter)
    };
    let count = |client: Client, filter: Filter| async move {
        client.search(&keys(filter)).await.unwrap().entries.len()
    };
    let directory = crate::replication::connect(&lab).await;
    directory.create_root_key(lab.clock().now()).await.unwrap();
    lab.clock().advance(DELAY);
    let with_secret = || Filter::present("msKds-RootKeyData");
    let entries = second
        .search(&keys(Filter::present("objectClass")))
        .await
        .unwrap();
    assert_eq!(entries.entries.len(), 2, "the objects are there");
    for entry in &entries.entries {
        assert!(entry.value("cn").is_some(), "{entry:?}");
        for filtered in ["msKds-RootKeyData", "msKds-UseStartTime", "msKds-Version"] {
            assert!(entry.value(filtered).is_none(), "{filtered}: {entry:?}");
        }
    }
    assert_eq!(count(first, with_secret()).await, 2);
    assert_eq!(count(second, with_secret()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ons_are_handed_on() {
    let lab = lab().await;
    let (first, _) = both(&lab).await;
    let rodc = read_only(&lab);
    let ntlm = |password: &[u8]| {
        let auth = Auth::Ntlm {
            user: "CONTOSO\\svc-mimsync".to_owned(),
            password: Password::new(password.to_vec()),
        };
        at(
            rodc,
            ConnectOptions::new(
                rodc.dns_name(),
                rodc.addresses().ldap,
                Transport::Sealed,
                auth,
            ),
        )
    };
    let ways = |password: &[u8]| {
        [
            at(
                rodc,
                kerberos(&lab, "svc-mimsync@CONTOSO.COM", password, Mechanism::Gssapi),
            ),
            at(
                rodc,
                simple(&lab, "svc-mimsync@contoso.com", password, Transport::Ldaps),
            ),
            ntlm(password),
        ]
    };
    for options in ways(SERVICE) {
        Client::connect(&options).await.unwrap();
    }
    // A new password counts at once: nobody's is cached there.
    let quoted: Vec<u8> = "\"Another-Pa55\""
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let change = [Modification::replace("unicodePwd", [quoted])];
    first
        .modify(&in_users("svc-mimsync"), &change, &[])
        .await
        .unwrap();
    for options in ways(b"Another-Pa55") {
        Client::connect(&options).await.unwrap();
    }
    for options in ways(SERVICE) {
        assert!(Client::connect(&options).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_password_read_there_is_the_one_of_a_writable_one() {
    let lab = lab().await;
    let directory = crate::replication::connect(&lab).await;
    let administrator = directory
        .account(&"Administrator".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let gmsa = directory
        .create_gmsa(&new_gmsa(vec![administrator.sid]))
        .await
        .unwrap();
    lab.clock().advance(DELAY);
    let (first, second) = both(&lab).await;
    let dn = Dn::from(gmsa.dn.as_str());
    let before = password(&second, &dn).await;
    assert_eq!(before, password(&first, &dn).await);
    // The rollover happens where the password is made, and comes back by replication.
    lab.clock().advance(Interval::from_hours(31 * 24));
    let after = password(&second, &dn).await;
    assert_ne!(after, before);
    assert_ne!(id(&second, &dn).await, id(&first, &dn).await);
    lab.clock().advance(DELAY);
    assert_eq!(id(&second, &dn).await, id(&first, &dn).await);

    // Who may not, may not there either; and nobody on a connection that is not encrypted.
    let stranger = simple(&lab, "svc-mimsync@contoso.com", SERVICE, Transport::Ldaps);
    let stranger = Client::connect(&at(read_only(&lab), stranger)).await;
    let refused = stranger
        .unwrap()
        .read(&dn, ["msDS-ManagedPassword"])
        .await
        .unwrap_err();
    assert_eq!(codes(&refused), (1, Some(0x2121)));
    let inside_tls = simple(
        &lab,
        "Administrator@contoso.com",
        ADMINISTRATOR,
        Transport::Ldaps,
    );
    let inside_tls = Client::connect(&at(read_only(&lab), inside_tls))
        .await
        .unwrap();
    read_only(&lab).doubt_encryption(true);
    let refused = inside_tls
        .read(&dn, ["msDS-ManagedPassword"])
        .await
        .unwrap_err();
    assert_eq!(codes(&refused), (1, Some(0x202D)));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_comes_to_it_late_and_a_saved_lab_has_it_again() {
    let lab = lab().await;
    let (first, second) = both(&lab).await;
    let user = in_users("svc-mimsync");
    let change = [Modification::replace("description", ["told"])];
    first.modify(&user, &change, &[]).await.unwrap();
    assert_eq!(text(&second, &user, "description").await, None);
    lab.clock().advance(DELAY);
    assert_eq!(
        text(&second, &user, "description").await.as_deref(),
        Some("told")
    );

    let saved = lab.save();
    drop(lab);
    let again = Lab::start(LabSeed::from_saved(&saved).unwrap())
        .await
        .unwrap();
    let names: Vec<_> = again
        .controllers()
        .iter()
        .map(LabController::dns_name)
        .collect();
    assert_eq!(names, ["dc1.contoso.com", "rodc1.contoso.com"]);
    assert!(read_only(&again).is_read_only());
    let (_, second) = both(&again).await;
    let keys = search(&second, Filter::present("msKds-RootKeyData")).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn productions_client_does_not_work_with_one() {
    let lab = lab().await;
    let mut options = crate::replication::options(&lab);
    options.server = read_only(&lab).dns_name().parse().unwrap();
    options.address = read_only(&lab).addresses().ldap;
    let error = directory::ActiveDirectory::connect(options)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::ReadOnly, "{error}");
    assert!(
        error
            .what
            .starts_with("rodc1.contoso.com is a read-only domain controller"),
        "{error}"
    );
    let advice = error.advice.unwrap();
    assert!(
        advice.contains("dc1.contoso.com") && advice.contains("--server"),
        "{advice}"
    );
    // It is none of those that are asked whether a change has arrived.
    let directory = crate::replication::connect(&lab).await;
    let domain = directory.domain().await.unwrap();
    assert_eq!(domain.domain_controllers.len(), 1);
}
