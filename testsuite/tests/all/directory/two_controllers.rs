//! Two domain controllers: the rig's, which is reached by a second name too. (The lab's own tests have several.)

use std::collections::BTreeMap;

use directory::{ActiveDirectory, DirectoryOptions};
use model::estate::Auth;
use model::ports::Directory;

use super::site::Site;
use crate::rig::Rig;

/// Under another name the rig's only domain controller looks like two.
fn two_controllers(address_of_other: [u8; 4]) -> DirectoryOptions {
    let rig = Rig::get();
    DirectoryOptions {
        server: "another-name.contoso.com".parse().unwrap(),
        auth: Auth::Ntlm,
        user: format!("{}\\{}", rig.value("RIG_NETBIOS"), rig.value("RIG_ADMIN")),
        addresses: BTreeMap::from([(
            rig.value("RIG_DC").parse().unwrap(),
            address_of_other.into(),
        )]),
        ..Site::Rig.administrator()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_domain_controller_is_asked() {
    let directory = ActiveDirectory::connect(two_controllers([127, 0, 0, 1]))
        .await
        .unwrap();
    assert_eq!(
        directory.domain().await.unwrap().domain_controllers.len(),
        2
    );
    let keys = directory.listed_root_keys().await.unwrap();
    let (first, second) = keys.split_at(keys.len() / 2);
    assert!(!first.is_empty());
    for (first, second) in first.iter().zip(second) {
        assert_eq!(
            (first.facts.id, &first.description),
            (second.facts.id, &second.description)
        );
        assert_ne!(
            first.facts.domain_controller,
            second.facts.domain_controller
        );
    }
    assert_eq!(directory.gaps(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_controller_that_does_not_answer_is_a_gap() {
    // The rig listens on 127.0.0.1 only.
    let directory = ActiveDirectory::connect(two_controllers([127, 0, 0, 99]))
        .await
        .unwrap();
    assert_eq!(
        directory.domain().await.unwrap().domain_controllers.len(),
        1
    );
    assert!(!directory.root_keys().await.unwrap().is_empty());
    let gaps = directory.gaps();
    assert!(
        !gaps.is_empty()
            && gaps
                .iter()
                .all(|gap| gap.subject == Rig::get().value("RIG_DC")),
        "{gaps:?}"
    );
}
