//! Delegation, account control, encryption types and root keys: the port's verbs for them, undone again.

use directory::ActiveDirectory;
use lab::{Fate, Lab, RequestKind};
use model::names::{Dn, Spn};
use model::ports::{AccountControl, Delegation, Directory as _, ErrorKind};
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
async fn delegation_is_set_and_taken_back() {
    let (lab, directory, account) = world().await;
    let before = lab.snapshot();
    assert_eq!(
        directory.delegation(&account).await.unwrap(),
        Delegation::default()
    );
    let service: Spn = "http/portal.contoso.com".parse().unwrap();
    let same: Spn = "HTTP/portal.contoso.com".parse().unwrap();
    let caller = directory.account(&name("MIMSYNC01$")).await.unwrap();
    let caller = caller.unwrap().sid;
    let transition = AccountControl::TrustedToAuthForDelegation;
    for _ in 0..2 {
        directory
            .allow_delegation_to(&account, &service)
            .await
            .unwrap();
        directory
            .allow_delegation_from(&account, &caller)
            .await
            .unwrap();
        directory
            .set_account_control(&account, transition, true)
            .await
            .unwrap();
    }
    let expected = Delegation {
        protocol_transition: true,
        services: vec![service],
        callers: vec![caller],
        ..Delegation::default()
    };
    assert_eq!(directory.delegation(&account).await.unwrap(), expected);

    for _ in 0..2 {
        directory
            .revoke_delegation_to(&account, &same)
            .await
            .unwrap();
        directory
            .revoke_delegation_from(&account, &caller)
            .await
            .unwrap();
        directory
            .set_account_control(&account, transition, false)
            .await
            .unwrap();
    }
    assert_eq!(lab.snapshot().differences(&before), Vec::<String>::new());
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
async fn accounts_are_disabled_and_their_encryption_types_set() {
    let (lab, directory, account) = world().await;
    let before = lab.snapshot();
    for _ in 0..2 {
        directory
            .set_account_control(&account, AccountControl::Disabled, true)
            .await
            .unwrap();
        directory
            .set_encryption_types(&account, Some(0x18))
            .await
            .unwrap();
    }
    let found = directory
        .account(&name("svc-mimsync"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.enabled, found.encryption_types), (false, Some(0x18)));
    directory
        .set_account_control(&account, AccountControl::Disabled, false)
        .await
        .unwrap();
    directory
        .set_encryption_types(&account, None)
        .await
        .unwrap();
    assert_eq!(lab.snapshot().differences(&before), Vec::<String>::new());

    let nobody: Dn = "CN=nobody,DC=contoso,DC=com".parse().unwrap();
    let refused = directory.set_encryption_types(&nobody, None).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
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
