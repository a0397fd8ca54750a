//! The host port: every test runs on a host of the embedded lab and on the agent's Windows program under Wine.
//!
//! A restart is asked for nowhere here: it would end the host for every other test. The lab's own tests do it.

mod accepted;
mod access_lists;
mod accounts;
mod files;
mod registry;
mod scratch;
mod services;
mod site;
mod system;
mod web_server;

use std::time::Duration;

use model::host::Namespace;
use model::inventory::ServiceState;
use model::ports::{ErrorKind, Reads, RetrievalState};
use model::secret::Password;

use scratch::{PATIENCE, SYNC, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_tells_who_it_is() {
    in_scratch(|scratch| async move {
        let facts = scratch.host.facts().await.unwrap();
        assert_eq!(facts.computer_name.to_uppercase(), "MIMSYNC01");
        assert!(facts.clock_skew_seconds.abs() <= 2, "{facts:?}");
        assert!(!facts.agent_version.is_empty() && !facts.os_name.is_empty());
        assert!(facts.booted.is_some(), "{facts:?}");

        let products = scratch.host.products().await.unwrap();
        let sync = products
            .iter()
            .find(|product| product.name == "Microsoft Identity Manager Synchronization Service");
        let sync = sync.unwrap_or_else(|| panic!("{products:?}"));
        assert_eq!(sync.code, "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}");
        assert!(sync.version.starts_with("4.6."), "{sync:?}");
        assert_eq!(sync.publisher, "Microsoft Corporation");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_at_once_is_what_is_read_one_by_one() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{SYNC}");
        let program = scratch.tool("miiskmu.exe");
        let namespaces = vec![Namespace::parse(r"root\CIMV2").unwrap()];
        let reads = Reads {
            registry: vec![
                (key.clone(), "ObjectName".to_owned()),
                (key.clone(), "no such value".to_owned()),
            ],
            files: vec![program.clone(), r"C:\GmsaProbe\none".to_owned()],
            triggers: vec!["GmsaProbeNone".parse().unwrap()],
            namespaces: namespaces.clone(),
        };
        let services = host.services().await.unwrap();
        let file = host.file(&program).await.unwrap();
        assert!(file.is_some());
        let found = async || {
            let found = host.access_lists(&namespaces).await.unwrap();
            found
                .lists
                .into_iter()
                .map(|found| found.list)
                .collect::<Vec<_>>()
        };
        let lists = found().await;
        assert!(!lists.is_empty());

        host.foresee(&reads, PATIENCE).await.unwrap();
        for _ in 0..2 {
            // First what was foreseen, then asked again.
            assert_eq!(host.services().await.unwrap(), services);
            assert_eq!(found().await, lists);
            assert_eq!(
                host.registry_text(&key, "ObjectName").await.unwrap(),
                Some(r"CONTOSO\svc-mimsync".to_owned())
            );
            assert_eq!(
                host.registry_text(&key, "no such value").await.unwrap(),
                None
            );
            assert_eq!(host.file(&program).await.unwrap(), file);
            assert_eq!(host.file(r"C:\GmsaProbe\none").await.unwrap(), None);
        }

        // What is foreseen is no memory: a change is seen by the next question.
        let service = scratch.service("A", &[]).await;
        host.foresee(&reads, PATIENCE).await.unwrap();
        host.start_service(&service, PATIENCE).await.unwrap();
        let services = host.services().await.unwrap();
        let found = services.iter().find(|found| found.name == service).unwrap();
        assert_eq!(found.state, ServiceState::Running);

        host.hang_up().await;
        assert!(host.facts().await.is_ok(), "the next question connects");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_so() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let state = host.retrieval_state(&"NoSuchGmsa$".parse().unwrap()).await;
        if let Some(state) = scratch.given("no-service-accounts", state) {
            assert_eq!(state, RetrievalState::NotExist);
        }
        let secret = Password::new(b"not for anybody".to_vec());
        let said = host
            .converse("gmsactl-no-such-pipe", &secret, Duration::from_secs(1))
            .await;
        scratch.refused(None, ErrorKind::NotFound, "2 ERROR_FILE_NOT_FOUND", said);
    })
    .await;
}
