//! Operators who cannot, may not or do not reach.

use std::net::SocketAddr;

use directory::{ActiveDirectory, DirectoryOptions};
use model::ports::{Directory, ErrorKind, WorldError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::scratch::{USER_PASSWORD, in_scratch};
use super::site::on_both;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_without_rights_is_told_which_one_is_missing() {
    in_scratch(|scratch| async move {
        let group = scratch.group("r").await;
        let new = scratch.new_gmsa("g", &[group.sid]);
        let gmsa = scratch.directory.create_gmsa(&new).await.unwrap();
        let (name, user) = scratch.user("u", &[]).await;
        let directory = ActiveDirectory::connect(
            scratch
                .site
                .options(name.as_str(), USER_PASSWORD.as_bytes()),
        )
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

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_an_operator_out_is_named() {
    on_both(|site| async move {
        let wrong_password = refused(site.options("Administrator", b"not the password")).await;
        assert_eq!(
            wrong_password.kind,
            ErrorKind::Credential,
            "{wrong_password}"
        );
        assert!(wrong_password.what.contains("wrong"), "{wrong_password}");

        let nobody = refused(site.options("no-such-user", b"x")).await;
        assert_eq!(nobody.kind, ErrorKind::Credential, "{nobody}");

        let realm = DirectoryOptions {
            domain: "example.com".parse().unwrap(),
            ..site.administrator()
        };
        let realm = refused(realm).await;
        assert_eq!(realm.kind, ErrorKind::Untrusted, "{realm}");

        let other_domain = DirectoryOptions {
            domain: "example.com".parse().unwrap(),
            user: "Administrator@CONTOSO.COM".to_owned(),
            ..site.administrator()
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
            ..site.administrator()
        })
        .await;
        assert_eq!(unreachable.kind, ErrorKind::Unreachable, "{unreachable}");
        for error in [wrong_password, nobody, realm, other_domain, unreachable] {
            assert_eq!(error.what.lines().count(), 1, "{error}");
            assert!(error.advice.is_some() && !error.ambiguous, "{error}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_is_made_again() {
    on_both(|site| async move {
        let mut options = site.administrator();
        let (proxy, hang_up) = proxy(options.address).await;
        options.address = proxy;
        let directory = ActiveDirectory::connect(options).await.unwrap();
        let name = "svc-mimsync".parse().unwrap();
        let before = directory.account(&name).await.unwrap();
        hang_up.send_replace(());
        assert_eq!(directory.account(&name).await.unwrap(), before);
        assert!(before.is_some());
    })
    .await;
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
