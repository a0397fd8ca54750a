//! Registry values, and triggers of services.

use model::host::{RegistryValue, ServiceTrigger, TriggerAction};
use model::names::ServiceName;
use model::ports::ErrorKind;

use super::scratch::{Scratch, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_comes_back_as_it_was_written() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let key = key_of(&scratch.service("A", &[]).await);
        let text = |text: &str| RegistryValue::Text(text.to_owned());
        let values = [
            (text("ä ü \u{1f600}"), Some("ä ü \u{1f600}")),
            (text(""), Some("")),
            (
                RegistryValue::ExpandableText(r"%SystemRoot%\x".to_owned()),
                Some(r"%SystemRoot%\x"),
            ),
            (RegistryValue::Dword(0), Some("0")),
            (RegistryValue::Dword(u32::MAX), Some("4294967295")),
            (RegistryValue::Qword(u64::MAX), Some("18446744073709551615")),
            (
                RegistryValue::MultiText(vec!["one".to_owned(), "two".to_owned()]),
                None,
            ),
            (RegistryValue::MultiText(Vec::new()), None),
            (RegistryValue::Binary(vec![0, 1, 255]), None),
            (RegistryValue::Binary(Vec::new()), None),
        ];
        assert_eq!(host.registry_value(&key, "Probe").await.unwrap(), None);
        for (value, as_text) in values {
            // Each over the one before, which was of another type.
            host.write_registry_value(&key, "Probe", &value)
                .await
                .unwrap();
            let spelled = (key.to_uppercase(), "pROBE");
            let found = host.registry_value(&spelled.0, spelled.1).await.unwrap();
            assert_eq!(found, Some(value.clone()));
            let found = host.registry_text(&key, "Probe").await;
            match as_text {
                Some(text) => assert_eq!(found.unwrap().as_deref(), Some(text)),
                None => drop(scratch.refused(
                    None,
                    ErrorKind::Conflict,
                    "neither text nor a number",
                    found,
                )),
            }
        }
        assert!(host.delete_registry_value(&key, "probe").await.unwrap());
        assert!(!host.delete_registry_value(&key, "Probe").await.unwrap());
        assert_eq!(host.registry_value(&key, "Probe").await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_key_that_is_not_there_is_nothing_and_nothing_is_written() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let key = key_of(&"GmsaProbeNone".parse().unwrap());
        for _ in 0..2 {
            assert_eq!(host.registry_value(&key, "v").await.unwrap(), None);
            assert_eq!(host.registry_text(&key, "v").await.unwrap(), None);
            assert!(!host.delete_registry_value(&key, "v").await.unwrap());
            let written = host
                .write_registry_value(&key, "v", &RegistryValue::Dword(1))
                .await;
            let words = "2 ERROR_FILE_NOT_FOUND";
            scratch.refused(None, ErrorKind::NotFound, words, written);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_shows_in_its_key() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let service = scratch.service("A", &[]).await;
        let key = key_of(&service);
        let text = async |value: &str| host.registry_text(&key, value).await.unwrap();
        assert_eq!(text("ObjectName").await.as_deref(), Some("LocalSystem"));
        assert_eq!(text("Start").await.as_deref(), Some("3"));
        let image_path = scratch.found(&service).await.image_path;
        assert_eq!(text("ImagePath").await, Some(image_path));
        host.set_managed_account(&service, true).await.unwrap();
        let flag = host
            .registry_value(&key, "ServiceAccountManaged")
            .await
            .unwrap();
        assert_eq!(flag, Some(RegistryValue::Binary(vec![1, 0, 0, 0])));
        host.set_managed_account(&service, false).await.unwrap();
        let flag = host
            .registry_value(&key, "ServiceAccountManaged")
            .await
            .unwrap();
        assert_eq!(flag, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_is_added_beside_the_others_and_taken_away_alone() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let none: ServiceName = "GmsaProbeNone".parse().unwrap();
        assert_eq!(host.service_triggers(&none).await.unwrap(), None);
        let service = scratch.service("A", &[]).await;
        let network = ServiceTrigger::start_with_network();
        // SERVICE_TRIGGER_TYPE_DOMAIN_JOIN, with DOMAIN_JOIN_GUID (winsvc.h).
        let theirs = ServiceTrigger {
            kind: 3,
            action: TriggerAction::Start,
            subtype: "1ce20aba-9851-4421-9430-1ddeb766e809".parse().unwrap(),
            data: Vec::new(),
        };
        let added = host.add_service_trigger(&service, &theirs).await;
        let Some(was) = scratch.given("no-triggers", added) else {
            return;
        };
        assert!(!was);
        assert_eq!(
            triggers(&scratch, &service).await,
            std::slice::from_ref(&theirs)
        );
        assert!(!host.add_service_trigger(&service, &network).await.unwrap());
        assert!(host.add_service_trigger(&service, &network).await.unwrap());
        let both = triggers(&scratch, &service).await;
        assert!(both.len() == 2 && both.contains(&network) && both.contains(&theirs));
        let removed = host.remove_service_trigger(&service, &network).await;
        assert!(removed.unwrap());
        assert_eq!(triggers(&scratch, &service).await, [theirs]);
        let removed = host.remove_service_trigger(&service, &network).await;
        assert!(!removed.unwrap());
    })
    .await;
}

async fn triggers(scratch: &Scratch, service: &ServiceName) -> Vec<ServiceTrigger> {
    let found = scratch.host.service_triggers(service).await;
    found.unwrap().unwrap()
}

fn key_of(service: &ServiceName) -> String {
    format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{service}")
}
