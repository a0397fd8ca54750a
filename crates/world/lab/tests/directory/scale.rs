//! A hundred thousand objects: memory and lookups.

use std::time::Instant;

use lab::{Lab, LabSeed};
use ldap::{Filter, Scope, Search};

use crate::world::{ADMINISTRATOR, SERVICE, administrator};

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

#[tokio::test]
async fn a_hundred_thousand_objects_fit() {
    const OBJECTS: usize = 100_000;
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE);
    for index in 0..OBJECTS {
        let spn = format!("http/web{index}.contoso.com");
        seed.user(&format!("user{index}"), SERVICE, &[&spn]);
    }
    let started = Instant::now();
    let lab = Lab::start(seed).await.unwrap();
    println!(
        "started with {} objects in {:?}",
        lab.snapshot().len(),
        started.elapsed()
    );
    let client = administrator(&lab).await;
    let find = |filter: Filter| {
        let search =
            Search::new("DC=contoso,DC=com", Scope::Subtree, filter).attributes(["sAMAccountName"]);
        let client = &client;
        async move {
            client
                .search_paged(&search, 1000)
                .await
                .unwrap()
                .entries
                .len()
        }
    };
    let started = Instant::now();
    const LOOKUPS: usize = 200;
    for index in 0..LOOKUPS {
        let spn = format!("HTTP/WEB{}.contoso.com", index * 499);
        assert_eq!(
            find(Filter::equal("servicePrincipalName", spn.as_str())).await,
            1
        );
    }
    let each = started.elapsed() / LOOKUPS as u32;
    let started = Instant::now();
    assert_eq!(
        find(Filter::all([
            Filter::begins_with("sAMAccountName", "user"),
            Filter::equal("objectClass", "user")
        ]))
        .await,
        OBJECTS
    );
    println!(
        "lookup {each:?}; all read in {:?}; {} MiB",
        started.elapsed(),
        resident_bytes() >> 20
    );
    let held = lab.snapshot();
    let change = [ldap::Modification::replace("description", ["changed"])];
    client
        .modify(
            &ldap::Dn::from("CN=user7,CN=Users,DC=contoso,DC=com"),
            &change,
            &[],
        )
        .await
        .unwrap();
    assert_eq!(held.len(), lab.snapshot().len());
    assert!(resident_bytes() < 1 << 30, "{} MiB", resident_bytes() >> 20);
}
