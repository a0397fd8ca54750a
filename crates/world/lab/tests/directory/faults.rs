//! Named faults of the directory, as the clients of production see them.

use lab::DirectoryFault;
use ldap::{Client, Error, LogonFailure, Mechanism};
use model::names::{HostName, Spn};
use model::ports::{Clock as _, Directory as _, ErrorKind, NewGroup};
use security::Interval;

use crate::port::{connect, name, new_gmsa};
use crate::world::{ADMINISTRATOR, kerberos, lab};

#[tokio::test(flavor = "multi_thread")]
async fn a_root_key_of_this_moment_makes_no_gmsa_for_ten_hours() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    assert!(lab.suffer(DirectoryFault::KdsKeyNotEffective));
    let keys = directory.root_keys().await.unwrap();
    assert!(keys.iter().all(|key| key.usable_from > lab.clock().now()));
    let refused = directory.create_gmsa(&new_gmsa(vec![])).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    lab.clock().advance(Interval::from_hours(11));
    directory.create_gmsa(&new_gmsa(vec![])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_leave_their_groups_until_it_is_mended() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    let group = NewGroup {
        name: name("MIMSync_Servers"),
        container: None,
        description: String::new(),
    };
    let group = directory.create_group(&group).await.unwrap();
    let gmsa = new_gmsa(vec![group.sid]);
    directory.create_gmsa(&gmsa).await.unwrap();
    let computer = directory.account(&name("MIMSYNC01$")).await.unwrap();
    let (computer, host) = (computer.unwrap(), "MIMSYNC01".parse::<HostName>().unwrap());
    let retrieved = || async {
        let account = name("MIMSyncGMSAsvc$");
        let proof = directory.prove_password(&account, &host).await;
        proof.unwrap().retrieved.holds
    };
    directory.add_member(&group.dn, &computer.dn).await.unwrap();
    assert!(retrieved().await);

    assert!(lab.suffer(DirectoryFault::HostNotInGroup));
    assert!(!retrieved().await);
    // It is accepted, and does not last.
    drop(directory.add_member(&group.dn, &computer.dn).await);
    assert!(!retrieved().await);
    lab.mend();
    directory.add_member(&group.dn, &computer.dn).await.unwrap();
    assert!(retrieved().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_account_has_the_names_too() {
    let lab = lab().await;
    let directory = connect(&lab).await;
    assert!(lab.suffer(DirectoryFault::SpnDuplicate));
    for spn in ["HTTP/pamapi", "FIMService/mimservice"] {
        let spn: Spn = spn.parse().unwrap();
        let holders = directory.spn_holders(&spn).await.unwrap();
        assert_eq!(holders.len(), 2, "{holders:?}");
    }
}

#[tokio::test]
async fn a_domain_controller_with_a_wrong_clock_logs_nobody_on() {
    let lab = lab().await;
    let log_on = || {
        let user = "Administrator@CONTOSO.COM";
        kerberos(&lab, user, ADMINISTRATOR, Mechanism::GssSpnego)
    };
    assert!(lab.suffer(DirectoryFault::ControllerClockOff));
    let refused = Client::connect(&log_on()).await;
    let Err(Error::Authentication { failure, .. }) = refused else {
        panic!("logged on, or another error")
    };
    assert!(
        matches!(failure, LogonFailure::ClockSkew { .. }),
        "{failure:?}"
    );
    lab.mend();
    Client::connect(&log_on()).await.unwrap();
}
