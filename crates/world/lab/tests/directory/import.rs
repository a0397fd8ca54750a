//! A lab after an inventory is the directory that was discovered.

use lab::{Lab, LabSeed};
use model::inventory::{Coverage, Inventory};
use model::ports::{Clock as _, Directory as _};

use crate::port::{connect, name, new_gmsa};
use crate::world::{ADMINISTRATOR, SERVICE, lab};

const NAMES: [&str; 10] = [
    "Administrator",
    "Domain Admins",
    "DC1$",
    "MIMSYNC01$",
    "MIMSvc_Servers",
    "MIMSyncGMSAsvc$",
    "svc-mimservice",
    "svc-pamrest",
    "MIMSyncAdmins",
    "MIMSyncBrowse",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_directory_is_discovered_as_the_first_was() {
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
    let names = NAMES.map(name);
    let found = directory.look_up(&names).await.unwrap();
    let inventory = Inventory {
        format: 1,
        taken_at: lab.clock().now(),
        estate: "contoso".to_owned(),
        domain: directory.domain().await.unwrap(),
        root_keys: directory.root_keys().await.unwrap(),
        accounts: found.accounts,
        gmsas: found.gmsas,
        groups: found.groups,
        looked_up: names.to_vec(),
        delegations: vec![],
        directory_rights: vec![],
        spns: Vec::new(),
        hosts: Vec::new(),
        databases: Vec::new(),
        coverage: Coverage::default(),
    };

    let copy = Lab::start(LabSeed::from_inventory(&inventory, ADMINISTRATOR, SERVICE))
        .await
        .unwrap();
    let directory = connect(&copy).await;
    let again = directory.look_up(&names).await.unwrap();
    assert_eq!(directory.domain().await.unwrap().sid, inventory.domain.sid);
    assert_eq!(again.gmsas, inventory.gmsas);
    // Accounts that every domain has, and its domain controller, get new GUIDs.
    let own = |sid: &security::Sid| sid.rid().unwrap() >= 1103;
    let accounts = |accounts: &[model::inventory::Account]| {
        accounts
            .iter()
            .filter(|it| own(&it.sid))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(accounts(&again.accounts), accounts(&inventory.accounts));
    let members = |groups: &[model::inventory::Group]| {
        groups
            .iter()
            .map(|it| (it.dn.clone(), it.sid, it.members.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&again.groups), members(&inventory.groups));
    let host = "MIMSYNC01".parse().unwrap();
    let proof = directory
        .prove_password(&name("MIMSyncGMSAsvc$"), &host)
        .await
        .unwrap();
    assert!(proof.retrieved.holds && proof.logon.holds, "{proof:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_controllers_of_an_inventory_are_there_again() {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    seed.grow_to(3).unwrap();
    let lab = Lab::start(seed).await.unwrap();
    let directory = crate::replication::connect(&lab).await;
    let accounts = ["DC1$", "DC2$", "DC3$", "MIMSYNC01$"].map(name);
    let inventory = Inventory {
        format: 1,
        taken_at: lab.clock().now(),
        estate: "contoso".to_owned(),
        domain: directory.domain().await.unwrap(),
        root_keys: directory.root_keys().await.unwrap(),
        accounts: directory.look_up(&accounts).await.unwrap().accounts,
        gmsas: vec![],
        groups: vec![],
        looked_up: accounts.to_vec(),
        delegations: vec![],
        directory_rights: vec![],
        spns: Vec::new(),
        hosts: Vec::new(),
        databases: Vec::new(),
        coverage: Coverage::default(),
    };
    let copy = LabSeed::from_inventory(&inventory, ADMINISTRATOR, SERVICE);
    let copy = Lab::start(copy).await.unwrap();
    let names = |lab: &Lab| {
        let names = lab.controllers().iter().map(|one| one.dns_name());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&copy), names(&lab));
    let again = crate::replication::connect(&copy).await;
    assert_eq!(again.domain().await.unwrap().domain_controllers.len(), 3);
    assert!(again.gaps().is_empty(), "{:?}", again.gaps());
    // Each has the root key, and hears what is written on another.
    let keys = again.root_keys().await.unwrap();
    assert_eq!(keys.len(), inventory.root_keys.len());
}
