//! Application pools.

use std::sync::Arc;

use model::host::{AppPool, PoolControl, PoolIdentity, PoolName, PoolState};
use model::ports::{ErrorKind, Host};

use super::scratch::{PATIENCE, account, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_web_server_has_no_pools() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        assert_eq!(host.app_pools().await.unwrap(), None);
        let none = PoolName::parse("GmsaProbe").unwrap();
        let set = host
            .set_pool_identity(&none, &PoolIdentity::NetworkService, None)
            .await;
        scratch.refused(None, ErrorKind::NotFound, "", set);
        let stopped = host.control_pool(&none, PoolControl::Stop, PATIENCE).await;
        scratch.refused(None, ErrorKind::NotFound, "", stopped);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_changes_its_identity_and_its_state() {
    in_scratch(|scratch| async move {
        // The rig has no other host; on its only one the pools are None.
        let name = match scratch.site.is_rig() {
            false => "MIMSVC01",
            true => "MIMSYNC01",
        };
        let host = scratch.site.host(name).await;
        let pools = host.app_pools().await.unwrap();
        if !scratch.same("no-web-server", pools.as_ref().map(|_| ()), Some(())) {
            return;
        }
        let before = pools.unwrap().into_iter().next().unwrap();
        let pool = before.name.clone();
        assert_eq!(before.state, PoolState::Started);
        let control = async |control| {
            let was = host.control_pool(&pool, control, PATIENCE).await;
            was.unwrap()
        };
        assert_eq!(control(PoolControl::Start).await, PoolState::Started);
        assert_eq!(control(PoolControl::Recycle).await, PoolState::Started);
        assert_eq!(control(PoolControl::Stop).await, PoolState::Started);
        assert_eq!(control(PoolControl::Stop).await, PoolState::Stopped);
        let recycled = host.control_pool(&pool, PoolControl::Recycle, PATIENCE);
        scratch.refused(None, ErrorKind::Conflict, "1062", recycled.await);

        for identity in [
            PoolIdentity::NetworkService,
            PoolIdentity::ApplicationPoolIdentity,
            before.identity.clone(),
        ] {
            let password = scratch.site.service_password();
            let password = identity.user().is_some().then_some(&password);
            for _ in 0..2 {
                host.set_pool_identity(&pool, &identity, password)
                    .await
                    .unwrap();
            }
            let now = found(&host, &pool).await;
            assert_eq!((now.identity, now.state), (identity, PoolState::Stopped));
        }
        assert_eq!(control(PoolControl::Start).await, PoolState::Stopped);
        assert_eq!(found(&host, &pool).await, before);

        let none = PoolName::parse("GmsaProbe").unwrap();
        let user = PoolIdentity::from_configuration("3", &account("svc-x").to_string()).unwrap();
        let set = host.set_pool_identity(&none, &user, None).await;
        scratch.refused(None, ErrorKind::NotFound, "", set);
    })
    .await;
}

async fn found(host: &Arc<dyn Host>, pool: &PoolName) -> AppPool {
    let pools = host.app_pools().await.unwrap().unwrap();
    pools.into_iter().find(|found| found.name == *pool).unwrap()
}
