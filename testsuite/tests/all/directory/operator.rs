//! Operators who cannot, may not or do not reach.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use directory::{ActiveDirectory, DirectoryOptions};
use model::estate::Auth;
use model::ports::{Directory, ErrorKind, WorldError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::rig::Rig;

use super::scratch::{USER_PASSWORD, administrator, in_scratch, options};

#[tokio::test]
async fn an_operator_without_rights_is_told_which_one_is_missing() {
    in_scratch(|scratch| async move {
        let group = scratch.group("r").await;
        let new = scratch.new_gmsa("g", &[group.sid]);
        let gmsa = scratch.directory.create_gmsa(&new).await.unwrap();
        let (name, user) = scratch.user("u", &[]).await;
        let directory = ActiveDirectory::connect(options(name.as_str(), USER_PASSWORD.as_bytes()))
            .await
            .unwrap();

        let denied = |tried: &str, outcome: Result<(), WorldError>, right: &str| {
            let error = outcome.expect_err(tried);
            let advice = error.advice.clone().unwrap_or_default();
            assert_eq!(error.kind, ErrorKind::Denied, "{tried}: {error}");
            assert!(advice.contains(right), "{tried}: {error}: {advice}");
        };
        let create_group = directory
            .create_group(&scratch.new_group("x"))
            .await
            .map(drop);
        denied(
            "create group",
            create_group,
            &format!("Create group objects on {}", scratch.container),
        );
        let create_gmsa = directory
            .create_gmsa(&scratch.new_gmsa("x", &[]))
            .await
            .map(drop);
        denied(
            "create gMSA",
            create_gmsa,
            "Create msDS-GroupManagedServiceAccount objects on",
        );
        denied(
            "add member",
            directory.add_member(&group.dn, &user).await,
            "Write Members on",
        );
        denied(
            "allow",
            directory
                .allow_retrieval(&gmsa.dn, &group.sid.with_rid(513).unwrap())
                .await,
            "Write msDS-GroupMSAMembership",
        );
        denied(
            "add SPN",
            directory.add_spn(&gmsa.dn, &scratch.spn("http")).await,
            "Write servicePrincipalName",
        );
        denied("delete", directory.delete(&gmsa.guid).await, "Delete on");
        denied(
            "root keys",
            directory.root_keys().await.map(drop),
            "Master Root Keys",
        );

        // What everyone may read stays readable.
        assert!(
            directory
                .gmsa(&new.name.sam_account_name())
                .await
                .unwrap()
                .is_some()
        );
    })
    .await;
}

async fn refused(options: DirectoryOptions) -> WorldError {
    match ActiveDirectory::connect(options).await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn what_keeps_an_operator_out_is_named() {
    let wrong_password = refused(options("Administrator", b"not the password")).await;
    assert_eq!(
        wrong_password.kind,
        ErrorKind::Credential,
        "{wrong_password}"
    );
    assert!(wrong_password.what.contains("wrong"), "{wrong_password}");

    let nobody = refused(options("no-such-user", b"x")).await;
    assert_eq!(nobody.kind, ErrorKind::Credential, "{nobody}");

    let realm = DirectoryOptions {
        domain: "example.com".parse().unwrap(),
        ..administrator()
    };
    let realm = refused(realm).await;
    assert_eq!(realm.kind, ErrorKind::Untrusted, "{realm}");

    let other_domain = DirectoryOptions {
        domain: "example.com".parse().unwrap(),
        user: "Administrator@CONTOSO.COM".to_owned(),
        ..administrator()
    };
    let other_domain = refused(other_domain).await;
    assert!(
        other_domain.what.contains("not of example.com"),
        "{other_domain}"
    );

    let nobody_listens = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let unreachable = refused(DirectoryOptions {
        address: nobody_listens,
        ..administrator()
    })
    .await;
    assert_eq!(unreachable.kind, ErrorKind::Unreachable, "{unreachable}");
    for error in [wrong_password, nobody, realm, other_domain, unreachable] {
        assert_eq!(error.what.lines().count(), 1, "{error}");
        assert!(error.advice.is_some() && !error.ambiguous, "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_broke_is_made_again() {
    let mut options = administrator();
    let (proxy, hang_up) = proxy(options.address).await;
    options.address = proxy;
    let directory = ActiveDirectory::connect(options).await.unwrap();
    let name = "svc-mimsync".parse().unwrap();
    let before = directory.account(&name).await.unwrap();
    hang_up.send_replace(());
    assert_eq!(directory.account(&name).await.unwrap(), before);
    assert!(before.is_some());
}

/// Passes bytes on until it is told to hang up on everybody; later connections are passed on again.
async fn proxy(to: SocketAddr) -> (SocketAddr, watch::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (hang_up, told) = watch::channel(());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut told = told.clone();
            told.mark_unchanged();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    _ = told.changed() => {}
                }
            });
        }
    });
    (address, hang_up)
}

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
        ..administrator()
    }
}

#[tokio::test]
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

#[tokio::test]
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
