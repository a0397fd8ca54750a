//! The directory port's verbs where they need what only the lab has: its clock, its faults and its snapshots. What
//! needs none of them is tested in the testsuite, on the lab and on a real domain controller alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use directory::{ActiveDirectory, DirectoryOptions};
use lab::{Fate, Lab, RequestKind};
use ldap::Modification;
use managed_password::{KerberosKeys, ManagedPasswordBlob, Salt};
use model::estate::{Auth, DirectoryTransport};
use model::names::{Dn, HostName, SamAccountName, Spn};
use model::ports::{Directory as _, ErrorKind, NewGmsa, NewGroup};
use model::secret::Password;
use security::Interval;

use crate::world::{ADMINISTRATOR, lab};

pub async fn connect(lab: &Lab) -> ActiveDirectory {
    let host: HostName = "MIMSYNC01".parse().unwrap();
    let options = DirectoryOptions {
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
        addresses: BTreeMap::new(),
        clock: Arc::new(lab.clock().clone()),
    };
    ActiveDirectory::connect(options).await.unwrap()
}

pub fn name(name: &str) -> SamAccountName {
    name.parse().unwrap()
}

pub fn new_gmsa(retrieval_principals: Vec<security::Sid>) -> NewGmsa {
    NewGmsa {
        name: "MIMSyncGMSAsvc".parse().unwrap(),
        container: None,
        dns_host_name: "mimsyncgmsasvc.contoso.com".parse().unwrap(),
        interval_days: 30,
        retrieval_principals,
        description: "made by a test".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_rolls_over_when_its_time_has_come() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    let computer = directory
        .account(&name("MIMSYNC01$"))
        .await
        .unwrap()
        .unwrap();
    directory
        .create_gmsa(&new_gmsa(vec![computer.sid]))
        .await
        .unwrap();
    let host: HostName = "MIMSYNC01".parse().unwrap();
    // Later, and in the minutes before.
    for later in [Interval::from_hours(31 * 24), Interval::from_hours(30 * 24)] {
        lab.clock().advance(later);
        let proof = directory
            .prove_password(&name("MIMSyncGMSAsvc$"), &host)
            .await
            .unwrap();
        assert!(proof.retrieved.holds && proof.logon.holds, "{proof:?}");
        assert!(
            proof.derivation.as_ref().is_some_and(|proof| proof.holds),
            "{proof:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_done_can_be_undone() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    let before = lab.snapshot();
    let (spn, account): (Spn, Dn) = (
        "HTTP/pamapi".parse().unwrap(),
        "CN=svc-pamrest,CN=Users,DC=contoso,DC=com".parse().unwrap(),
    );
    let other: Dn = "CN=svc-pammon,CN=Users,DC=contoso,DC=com".parse().unwrap();
    let refused = directory.add_spn(&other, &spn).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(refused.what.contains("svc-pamrest"), "{refused}");
    directory.remove_spn(&account, &spn).await.unwrap();
    directory.add_spn(&other, &spn).await.unwrap();
    assert_eq!(directory.spn_holders(&spn).await.unwrap()[0].dn, other);
    let gmsa = directory.create_gmsa(&new_gmsa(vec![])).await.unwrap();
    let principal = directory
        .account(&name("MIMSYNC02$"))
        .await
        .unwrap()
        .unwrap()
        .sid;
    directory
        .allow_retrieval(&gmsa.dn, &principal)
        .await
        .unwrap();
    assert_eq!(
        directory
            .gmsa(&name("MIMSyncGMSAsvc$"))
            .await
            .unwrap()
            .unwrap()
            .retrieval_principals,
        [principal]
    );
    directory
        .revoke_retrieval(&gmsa.dn, &principal)
        .await
        .unwrap();
    assert_ne!(lab.snapshot(), before);

    directory.delete(&gmsa.guid).await.unwrap();
    directory.remove_spn(&other, &spn).await.unwrap();
    directory.add_spn(&account, &spn).await.unwrap();
    assert_eq!(lab.snapshot().differences(&before), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_usable_root_key_no_gmsa_is_made() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    lab.clock().set("2020-01-01T00:00:00Z".parse().unwrap());
    let error = directory.create_gmsa(&new_gmsa(vec![])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.what.contains("NTE_NO_KEY"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_meet_the_requests_they_are_meant_for() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    let group = |group: &str| NewGroup {
        name: name(group),
        container: None,
        description: String::new(),
    };
    let (clean, added) = (ErrorKind::Failed, "G1");
    lab.faults()
        .once(Fate::FailBefore, |request| request.kind == RequestKind::Add);
    assert_eq!(
        directory
            .create_group(&group(added))
            .await
            .unwrap_err()
            .kind,
        clean
    );
    assert!(directory.group(&name(added)).await.unwrap().is_none());

    lab.faults()
        .once(Fate::CutAfter, |request| request.kind == RequestKind::Add);
    let lost = directory.create_group(&group("G2")).await.unwrap_err();
    assert!(lost.ambiguous, "{lost:?}");
    assert!(directory.group(&name("G2")).await.unwrap().is_some());

    lab.faults()
        .once(Fate::Cut, |request| request.kind == RequestKind::Add);
    assert!(
        directory
            .create_group(&group("G3"))
            .await
            .unwrap_err()
            .ambiguous
    );
    assert!(directory.group(&name("G3")).await.unwrap().is_none());
    assert!(
        lab.faults()
            .recent()
            .iter()
            .any(|request| request.subject.starts_with("CN=G3,"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_keep_the_salt_of_the_old_name_until_the_next_password() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    let administrator = directory
        .account(&name("Administrator"))
        .await
        .unwrap()
        .unwrap();
    let new = new_gmsa(vec![administrator.sid]);
    let created = directory.create_gmsa(&new).await.unwrap();
    let raw = crate::world::administrator(&lab).await;
    let renamed = [Modification::replace("sAMAccountName", ["WebGMSA$"])];
    let dn = ldap::Dn::from(created.dn.as_str());
    raw.modify(&dn, &renamed, &[]).await.unwrap();

    // For a keytab, the salt comes from the key distribution centre; the keys log on as the new name.
    let gmsa = || async { directory.gmsa(&name("WebGMSA$")).await.unwrap().unwrap() };
    let keys = |salt: &'static str| {
        let (directory, gmsa, raw, dn) = (&directory, &gmsa, &raw, &dn);
        async move {
            let made = directory.managed_keys(&gmsa().await).await.unwrap();
            let entry = raw.read(dn, ["msDS-ManagedPassword"]).await.unwrap();
            let blob = entry
                .unwrap()
                .value("msDS-ManagedPassword")
                .unwrap()
                .to_vec();
            let blob = ManagedPasswordBlob::from_bytes(&blob).unwrap();
            let expected = KerberosKeys::derive(&blob.current, &Salt::from_kdc(salt.to_owned()));
            assert!(made.versions[0].1 == expected, "{salt}");
        }
    };
    keys("CONTOSO.COMhostmimsyncgmsasvc.contoso.com").await;
    let saved = lab.save();
    lab.clock().advance(Interval::from_hours(31 * 24));
    keys("CONTOSO.COMhostwebgmsa.contoso.com").await;

    // A saved lab knows the salt, too.
    let again = Lab::start(lab::LabSeed::from_saved(&saved).unwrap()).await;
    let again = again.unwrap();
    let directory = connect(&again).await;
    let gmsa = directory.gmsa(&name("WebGMSA$")).await.unwrap().unwrap();
    let made = directory.managed_keys(&gmsa).await.unwrap();
    let aes256 = ldap::KerberosKey::new(
        ldap::EncryptionType::Aes256,
        made.versions[0].1.aes256.expose_bytes().to_vec(),
    );
    let secret = ldap::LogonSecret::Key(aes256.unwrap());
    let proof = ldap::kerberos_logon(
        "CONTOSO.COM",
        "WebGMSA$",
        &secret,
        again.addresses().kdc,
        ldap::Timeouts::default().kdc,
    );
    proof.await.unwrap();
}
