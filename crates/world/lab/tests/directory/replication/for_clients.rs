//! What clients of several domain controllers see: late root keys, managed passwords, clocks.

use super::*;

/// The domain controllers on which a root key that is there cannot be used yet, or is not there at all.
async fn late(directory: &ActiveDirectory, lab: &Lab) -> Vec<String> {
    let domain = directory.domain().await.unwrap();
    let keys = directory.root_keys().await.unwrap();
    let now = lab.clock().now();
    let usable = |key: &&RootKeyFacts| key.defect.is_none() && key.usable_from <= now;
    let has = |name: &DnsName| {
        keys.iter()
            .filter(usable)
            .any(|key| key.domain_controller == *name)
    };
    let controllers = domain.domain_controllers.iter().map(|it| &it.dns_name);
    let mut late: Vec<String> = controllers
        .filter(|name| !has(name))
        .map(DnsName::to_string)
        .collect();
    late.sort();
    late
}

#[tokio::test(flavor = "multi_thread")]
async fn productions_client_names_the_domain_controller_that_lacks_a_root_key() {
    let lab = lab_of(&["DC2", "DC3"], DELAY).await;
    let directory = connect(&lab).await;
    let domain = directory.domain().await.unwrap();
    let mut names: Vec<String> = domain
        .domain_controllers
        .iter()
        .map(|it| it.dns_name.to_string())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["dc1.contoso.com", "dc2.contoso.com", "dc3.contoso.com"]
    );
    assert_eq!(late(&directory, &lab).await, Vec::<String>::new());

    assert!(lab.suffer(DirectoryFault::KdsKeyMissingOnOne));
    assert_eq!(late(&directory, &lab).await, ["dc3.contoso.com"]);
    lab.mend();
    assert_eq!(
        late(&directory, &lab).await,
        ["dc3.contoso.com"],
        "it takes its time"
    );
    lab.clock().advance(DELAY);
    assert_eq!(late(&directory, &lab).await, Vec::<String>::new());
    assert_converged(&lab);

    // A key of this moment: usable in ten hours, and on the one that hears of nothing not even then.
    assert!(lab.suffer(DirectoryFault::ReplicationLag));
    assert!(lab.suffer(DirectoryFault::KdsKeyNotEffective));
    assert_eq!(late(&directory, &lab).await, ["dc1.contoso.com"]);
    lab.clock().advance(DELAY);
    assert_eq!(
        late(&directory, &lab).await,
        ["dc1.contoso.com", "dc2.contoso.com"]
    );
    lab.mend();
    assert_eq!(late(&directory, &lab).await.len(), 3);
    lab.clock().advance(Interval::from_hours(11));
    assert_eq!(late(&directory, &lab).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_password_is_the_same_on_every_domain_controller() {
    let lab = lab_of(&["DC2"], DELAY).await;
    let directory = connect(&lab).await;
    let computer = directory
        .account(&name("MIMSYNC01$"))
        .await
        .unwrap()
        .unwrap();
    let gmsa = directory
        .create_gmsa(&new_gmsa(vec![computer.sid]))
        .await
        .unwrap();
    lab.clock().advance(DELAY);
    let versions = || {
        let version = |controller: &LabController| {
            let domain = controller.domain();
            let reader = domain.token(&computer.sid);
            domain.managed_password(&gmsa.sid, &reader).unwrap()
        };
        lab.controllers().iter().map(version).collect::<Vec<_>>()
    };
    let id = |client: Client| async move {
        let dn = Dn::from(format!(
            "CN=MIMSyncGMSAsvc,CN=Managed Service Accounts,{DOMAIN}"
        ));
        let entry = client
            .read(&dn, ["msDS-ManagedPasswordId"])
            .await
            .unwrap()
            .unwrap();
        entry.value("msDS-ManagedPasswordId").unwrap().to_vec()
    };
    let before = versions();
    assert_eq!(before[0], before[1]);
    for controller in lab.controllers() {
        controller.stop_replication();
    }
    // Each rolls over for itself, and comes to the same.
    lab.clock().advance(Interval::from_hours(31 * 24));
    let after = versions();
    assert_eq!(after[0], after[1]);
    assert!(after[0] > before[0]);
    let mut ids = Vec::new();
    for client in clients(&lab).await {
        ids.push(id(client).await);
    }
    assert_eq!(ids[0], ids[1]);
    lab.mend();
    lab.controllers()[0].resume_replication();
    lab.clock().advance(DELAY);
    assert_converged(&lab);
    let host: HostName = "MIMSYNC01".parse().unwrap();
    let proof = directory
        .prove_password(&name("MIMSyncGMSAsvc$"), &host)
        .await
        .unwrap();
    assert!(proof.retrieved.holds && proof.logon.holds, "{proof:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_domain_controller_has_a_clock_of_its_own() {
    let lab = lab_of(&["DC2"], Interval::ZERO).await;
    let directory = connect(&lab).await;
    lab.controllers()[1].set_clock_skew(120);
    let domain = directory.domain().await.unwrap();
    let skews: Vec<i64> = domain
        .domain_controllers
        .iter()
        .map(|it| it.clock_skew_seconds)
        .collect();
    assert!(
        skews[0].abs() <= 1 && (119..=121).contains(&skews[1]),
        "{skews:?}"
    );
    assert!(lab.suffer(DirectoryFault::ControllerClockOff));
    let again = connect(&lab).await;
    assert_eq!(again.domain().await.unwrap().domain_controllers.len(), 1);
    let gaps = again.gaps();
    assert!(
        gaps.iter().any(|gap| gap.subject == "dc2.contoso.com"),
        "{gaps:?}"
    );
}
