//! Services: what they are, how they start and stop.

use model::inventory::{Service, ServiceStart, ServiceState};
use model::names::ServiceName;
use model::ports::{ErrorKind, StoppedService};

use super::scratch::{PATIENCE, SYNC, account, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_one_of_all_and_is_found_in_any_spelling() {
    in_scratch(|scratch| async move {
        let all = scratch.host.services().await.unwrap();
        let sync = all.iter().find(|found| found.name.as_str() == SYNC);
        let sync = sync.unwrap_or_else(|| panic!("{all:?}"));
        assert!(
            sync.logon_account.same_as(&account("svc-mimsync")),
            "{sync:?}"
        );
        assert_eq!(
            (sync.state, sync.start, sync.managed_account),
            (ServiceState::Running, ServiceStart::Automatic, Some(false))
        );
        assert!(sync.image_path.contains(r"\miiserver.exe"), "{sync:?}");
        for spelling in [SYNC.to_owned(), SYNC.to_lowercase()] {
            let found = scratch.found(&spelling.parse().unwrap()).await;
            let name = sync.name.clone();
            assert_eq!(Service { name, ..found }, *sync);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_service_that_is_not_installed_nothing_can_be_changed() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let none: ServiceName = "GmsaProbeNone".parse().unwrap();
        assert_eq!(host.service(&none).await.unwrap(), None);
        let words = "1060 ERROR_SERVICE_DOES_NOT_EXIST";
        let kind = ErrorKind::NotFound;
        let started = host.start_service(&none, PATIENCE).await;
        scratch.refused(None, kind, words, started);
        let stopped = host.stop_service(&none, PATIENCE).await;
        scratch.refused(None, kind, words, stopped);
        let set = host
            .set_logon_account(&none, &"LocalSystem".to_owned().into(), None)
            .await;
        scratch.refused(None, kind, words, set);
        let set = host.set_managed_account(&none, true).await;
        scratch.refused(None, kind, words, set);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_and_stops_any_number_of_times() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let service = scratch.service("A", &[]).await;
        let made = scratch.found(&service).await;
        assert_eq!(
            (made.state, made.start, made.dependants.len()),
            (ServiceState::Stopped, ServiceStart::Manual, 0)
        );
        assert!(
            made.logon_account.same_as(&"LocalSystem".to_owned().into()),
            "{made:?}"
        );
        for _ in 0..2 {
            host.start_service(&service, PATIENCE).await.unwrap();
            assert_eq!(scratch.found(&service).await.state, ServiceState::Running);
        }
        let stopped = host.stop_service(&service, PATIENCE).await.unwrap();
        assert_eq!(stopped, [was_running(&service)]);
        let again = host.stop_service(&service, PATIENCE).await.unwrap();
        assert_eq!(again, [], "it was stopped already");
        assert_eq!(scratch.found(&service).await, made);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_service_is_stopped_before_it() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let below = scratch.service("A", &[]).await;
        let above = scratch.service("B", &["depend=", below.as_str()]).await;
        let dependants = scratch.found(&below).await.dependants;
        let told = scratch.same("dependants-are-not-told", dependants, vec![above.clone()]);

        host.start_service(&above, PATIENCE).await.unwrap();
        assert_eq!(scratch.found(&above).await.state, ServiceState::Running);
        let state = scratch.found(&below).await.state;
        if !scratch.same(
            "what-is-needed-is-not-started",
            state,
            ServiceState::Running,
        ) {
            host.start_service(&below, PATIENCE).await.unwrap();
        }

        let stopped = host.stop_service(&below, PATIENCE).await.unwrap();
        let both = [was_running(&above), was_running(&below)];
        match told {
            true => assert_eq!(stopped, both),
            false => assert_eq!(stopped, both[1..]),
        }
        assert_eq!(scratch.found(&below).await.state, ServiceState::Stopped);
        // Stopping what is stopped with all that needs it changes nothing.
        assert_eq!(host.stop_service(&below, PATIENCE).await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_service_does_not_start() {
    in_scratch(|scratch| async move {
        let service = scratch.service("A", &["start=", "disabled"]).await;
        let made = scratch.found(&service).await;
        assert_eq!(
            (made.state, made.start),
            (ServiceState::Stopped, ServiceStart::Disabled)
        );
        let started = scratch.host.start_service(&service, PATIENCE).await;
        let words = "1058 ERROR_SERVICE_DISABLED";
        scratch.refused(None, ErrorKind::Conflict, words, started);
        assert_eq!(scratch.found(&service).await, made);
    })
    .await;
}

fn was_running(service: &ServiceName) -> StoppedService {
    StoppedService {
        service: service.clone(),
        prior: ServiceState::Running,
    }
}
