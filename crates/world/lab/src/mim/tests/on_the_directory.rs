//! The reference estate's hosts on the lab's own directory.

use std::sync::Arc;

use agent_protocol::{AccountName, Secret, ServiceName, ServiceState};
use security::Interval;

use crate::hosts::LabHost;
use crate::hosts::domain::AccountKind;
use crate::mim::{Preparation, SqlServer, reference_hosts};
use crate::{Lab, LabSeed};

async fn estate() -> (Lab, Vec<Arc<LabHost>>) {
    let lab = Lab::start(LabSeed::reference_estate(
        b"admin-password",
        b"service-password",
    ))
    .await
    .unwrap();
    let password = |_: &str| Some(Secret::copy_of(b"service-password"));
    let sql = Arc::new(SqlServer::default());
    let hosts = reference_hosts(&lab.domain(), &sql, Preparation::Logins, &password);
    (lab, hosts)
}

#[tokio::test]
async fn the_reference_estate_runs_on_its_directory() {
    let (lab, hosts) = estate().await;
    let domain = lab.domain();
    assert_eq!(
        (domain.netbios_name().as_str(), domain.dns_name().as_str()),
        ("CONTOSO", "contoso.com")
    );
    let state_of =
        |host: usize, service: &str| hosts[host].state().services.get(service).unwrap().state;
    assert_eq!(
        state_of(0, "FIMSynchronizationService"),
        ServiceState::Running
    );
    assert_eq!(
        state_of(1, "FIMSynchronizationService"),
        ServiceState::Stopped
    );
    assert_eq!(state_of(2, "FIMService"), ServiceState::Running);
    assert_eq!(state_of(4, "PamMonitoringService"), ServiceState::Running);

    let user = domain.find(&"SVC-MIMSYNC".parse().unwrap()).unwrap();
    assert_eq!(user.kind, AccountKind::User);
    assert_eq!(
        domain.proves(&user.sid, b"service-password"),
        Some(user.password)
    );
    assert_eq!(domain.proves(&user.sid, b"another"), None);
    assert!(
        domain.find(&"MIMSyncAdmins".parse().unwrap()).is_none(),
        "a group logs on nowhere"
    );
    assert!(domain.token(&user.sid).has(&user.sid));
}

#[tokio::test]
async fn a_clock_that_is_moved_restarts_hosts() {
    let (lab, hosts) = estate().await;
    hosts[0].restart();
    assert!(!hosts[0].is_up());
    lab.clock().advance(Interval::from_minutes(5));
    assert!(hosts[0].is_up());
    let stopped = hosts[0].with(|machine| {
        let name = ServiceName::parse("FIMSynchronizationService").unwrap();
        let account = AccountName::parse(r"CONTOSO\svc-pammon").unwrap();
        machine.stop(&name, true, 1).unwrap();
        machine
            .set_logon_account(&name, &account, Some(&Secret::copy_of(b"wrong")))
            .unwrap();
        machine.start(&name, 1).unwrap_err()
    });
    assert_eq!(stopped.code.unwrap().0, 1069);
}
