//! Logon accounts, account rights, local groups.

use model::host::{AccountRight, GroupName};
use model::inventory::{Service, ServiceState};
use model::ports::ErrorKind;
use model::secret::Password;
use security::Sid;

use super::scratch::{PATIENCE, Scratch, account, in_scratch};

/// Backup Operators: on every Windows, and in no group of a fresh one.
const SOMEBODY: &str = "S-1-5-32-551";

#[tokio::test(flavor = "multi_thread")]
async fn the_logon_account_is_set_and_nothing_else() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let service = scratch.service("A", &[]).await;
        let made = scratch.found(&service).await;
        let (user, password) = (account("svc-mimsync"), scratch.site.service_password());
        for _ in 0..2 {
            host.set_logon_account(&service, &user, Some(&password))
                .await
                .unwrap();
            let now = scratch.found(&service).await;
            assert!(now.logon_account.same_as(&user), "{now:?}");
            let logon_account = made.logon_account.clone();
            assert_eq!(
                Service {
                    logon_account,
                    ..now
                },
                made
            );
        }
        for managed in [true, true, false, false] {
            host.set_managed_account(&service, managed).await.unwrap();
            let now = scratch.found(&service).await;
            assert_eq!(now.managed_account, Some(managed));
            assert!(now.logon_account.same_as(&user), "{now:?}");
        }
        host.set_logon_account(&service, &made.logon_account, None)
            .await
            .unwrap();
        assert_eq!(scratch.found(&service).await, made);
        host.start_service(&service, PATIENCE).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_has_is_refused() {
    in_scratch(|scratch| async move {
        let service = scratch.service("A", &[]).await;
        let made = scratch.found(&service).await;
        let password = Password::new(b"whatever 7".to_vec());
        let (nobody, id) = (account("nobody-at-all"), Some("accounts-are-not-looked-up"));
        let set = scratch
            .host
            .set_logon_account(&service, &nobody, Some(&password))
            .await;
        let words = "1057 ERROR_INVALID_SERVICE_ACCOUNT";
        if scratch.refused(id, ErrorKind::Conflict, words, set) {
            assert_eq!(scratch.found(&service).await, made);
        }
        let sid = scratch.host.account_sid(&nobody).await.unwrap();
        assert_eq!(sid, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_proved_by_the_start() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let service = scratch.service("A", &[]).await;
        let user = account("svc-mimsync");
        let wrong = Password::new(b"not the password 7".to_vec());
        host.set_logon_account(&service, &user, Some(&wrong))
            .await
            .unwrap();
        does_not_log_on(&scratch, &service).await;

        let right = scratch.site.service_password();
        host.set_logon_account(&service, &user, Some(&right))
            .await
            .unwrap();
        host.start_service(&service, PATIENCE).await.unwrap();
        assert_eq!(scratch.found(&service).await.state, ServiceState::Running);
        host.stop_service(&service, PATIENCE).await.unwrap();

        // A denial counts more than the right.
        let sid = host.account_sid(&user).await.unwrap();
        if !scratch.same("domain-is-not-joined", sid.is_some(), true) {
            return;
        }
        let (denial, sid) = (AccountRight::DenyLogOnAsService, sid.unwrap());
        assert!(!host.grant_right(denial, &sid).await.unwrap());
        does_not_log_on(&scratch, &service).await;
        assert!(host.revoke_right(denial, &sid).await.unwrap());
        host.start_service(&service, PATIENCE).await.unwrap();
    })
    .await;
}

async fn does_not_log_on(scratch: &Scratch, service: &model::names::ServiceName) {
    let id = Some("services-do-not-log-on");
    let started = scratch.host.start_service(service, PATIENCE).await;
    let words = "1069 ERROR_SERVICE_LOGON_FAILED";
    if scratch.refused(id, ErrorKind::Failed, words, started) {
        assert_eq!(scratch.found(service).await.state, ServiceState::Stopped);
    } else {
        scratch.host.stop_service(service, PATIENCE).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_is_granted_and_taken_away_once() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let somebody: Sid = SOMEBODY.parse().unwrap();
        for right in AccountRight::ALL {
            let granted = host.grant_right(right, &somebody).await;
            let Some(held) = scratch.given("no-account-rights", granted) else {
                continue;
            };
            assert!(!held, "{right} was held already");
            let holds_now = holds(&scratch, right, &somebody).await;
            if !scratch.same("no-account-rights", holds_now, true) {
                continue;
            }
            assert!(host.grant_right(right, &somebody).await.unwrap());
            assert!(host.revoke_right(right, &somebody).await.unwrap());
            assert!(!holds(&scratch, right, &somebody).await);
            assert!(!host.revoke_right(right, &somebody).await.unwrap());
        }
    })
    .await;
}

async fn holds(scratch: &Scratch, right: AccountRight, sid: &Sid) -> bool {
    let rights = scratch.host.account_rights().await.unwrap();
    assert_eq!(rights.len(), AccountRight::ALL.len());
    let held = rights.iter().find(|held| held.right == right).unwrap();
    held.is_held_by(sid)
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go_once() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let somebody: Sid = SOMEBODY.parse().unwrap();
        let (users, none) = (group("Users"), group("GmsaProbe nobody"));

        let missing = host.group_members(&none).await.unwrap();
        scratch.same("no-local-groups", missing, None);
        let added = host.add_group_member(&users, &somebody).await;
        let Some(was) = scratch.given("no-local-groups", added) else {
            return;
        };
        assert!(!was, "it was a member already");
        let is_member = async || {
            let members = host.group_members(&users).await.unwrap().unwrap();
            members.iter().any(|member| member.sid == somebody)
        };
        if !scratch.same("no-local-groups", is_member().await, true) {
            return;
        }
        assert!(host.add_group_member(&users, &somebody).await.unwrap());
        assert!(host.remove_group_member(&users, &somebody).await.unwrap());
        assert!(!is_member().await);
        assert!(!host.remove_group_member(&users, &somebody).await.unwrap());
        let nowhere = host.add_group_member(&none, &somebody).await;
        scratch.refused(None, ErrorKind::NotFound, "1376", nowhere);
    })
    .await;
}

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}
