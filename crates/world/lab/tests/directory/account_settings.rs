//! Delegation, account control and root keys where the lab's faults, or a list that Samba does not let anybody write, are
//! needed; the rest is in the testsuite, for the lab and a real domain controller alike.

use directory::ActiveDirectory;
use lab::{Fate, Lab, RequestKind};
use model::names::Dn;
use model::ports::{AccountControl, Directory as _};
use security::{AccessMask, Ace, Interval, SecurityDescriptor};

use crate::port::{connect, name};
use crate::world::{administrator, lab};

const SERVICE: &str = "CN=svc-mimsync,CN=Users,DC=contoso,DC=com";

async fn world() -> (Lab, ActiveDirectory, Dn) {
    let lab = lab().await;
    let directory = connect(&lab).await;
    (lab, directory, SERVICE.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_entries_of_a_descriptor_stay() {
    let (lab, directory, account) = world().await;
    let odd = "O:BAD:(D;;CR;;;AN)(A;;CR;;;SY)";
    let odd = SecurityDescriptor::from_sddl(odd).unwrap();
    let change =
        ldap::Modification::replace("msDS-AllowedToActOnBehalfOfOtherIdentity", [odd.to_bytes()]);
    let raw = administrator(&lab).await;
    let dn = ldap::Dn::from(SERVICE);
    raw.modify(&dn, &[change], &[]).await.unwrap();
    let caller = directory.account(&name("MIMSYNC01$")).await.unwrap();
    let caller = caller.unwrap().sid;
    directory
        .allow_delegation_from(&account, &caller)
        .await
        .unwrap();
    let found = directory.delegation(&account).await.unwrap();
    assert!(
        found.other_entries && found.callers.contains(&caller),
        "{found:?}"
    );

    let read = |entry: ldap::Entry| {
        let value = entry.value("msDS-AllowedToActOnBehalfOfOtherIdentity");
        SecurityDescriptor::from_bytes(value.unwrap()).unwrap()
    };
    let attribute = ["msDS-AllowedToActOnBehalfOfOtherIdentity"];
    let edited = read(raw.read(&dn, attribute).await.unwrap().unwrap());
    let mut expected = odd.dacl().unwrap().aces().to_vec();
    expected.push(Ace::allow(caller, AccessMask::FULL_CONTROL));
    assert_eq!(edited.dacl().unwrap().aces(), expected);
    directory
        .revoke_delegation_from(&account, &caller)
        .await
        .unwrap();
    let restored = read(raw.read(&dn, attribute).await.unwrap().unwrap());
    assert_eq!(restored.to_bytes(), odd.to_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_says_that_it_may_have_happened() {
    let (lab, directory, account) = world().await;
    lab.faults().once(Fate::CutAfter, |request| {
        request.kind == RequestKind::Modify
    });
    let lost = directory
        .set_account_control(&account, AccountControl::Disabled, true)
        .await
        .unwrap_err();
    assert!(lost.ambiguous, "{lost:?}");
    assert!(
        !directory
            .account(&name("svc-mimsync"))
            .await
            .unwrap()
            .unwrap()
            .enabled
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_key_is_made_and_found_again_when_its_answer_is_lost() {
    let (lab, directory, _) = world().await;
    let now = model::ports::Clock::now(lab.clock());
    let id = directory.create_root_key(now).await.unwrap();
    let keys = directory.listed_root_keys().await.unwrap();
    let made = keys.iter().find(|key| key.facts.id == id).unwrap();
    assert_eq!(made.facts.effective, now);
    assert!(made.facts.created >= now);
    assert_eq!(made.facts.defect, None);
    let described = made.description.as_ref().unwrap();
    assert_eq!(described.hash.to_string(), "SHA512");
    assert!(
        described
            .domain_id
            .starts_with("CN=DC1,OU=Domain Controllers,"),
        "{described:?}"
    );

    lab.faults()
        .once(Fate::CutAfter, |request| request.kind == RequestKind::Add);
    let second = directory.create_root_key(now).await.unwrap();
    assert!(
        directory
            .root_keys()
            .await
            .unwrap()
            .iter()
            .any(|key| key.id == second)
    );

    lab.faults()
        .once(Fate::Cut, |request| request.kind == RequestKind::Add);
    let lost = directory.create_root_key(now).await.unwrap_err();
    assert!(!lost.ambiguous, "{lost:?}");
    assert_eq!(directory.root_keys().await.unwrap().len(), 3);

    // It does what a root key is for.
    lab.clock().advance(Interval::from_hours(11));
    directory
        .create_gmsa(&crate::port::new_gmsa(vec![]))
        .await
        .unwrap();
}
