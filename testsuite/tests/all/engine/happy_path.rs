//! Nothing goes wrong: applied, verified, applied again, taken back, taken back again.

use engine::EngineError;
use model::inventory::ServiceState;
use model::plan::StepStatus;
use model::ports::Journal;
use model::run::Outcome;

use super::fake_world::reference::SYNC_SERVICE;
use super::scenario::{Scenario, old_account};

fn scenarios() -> Vec<(&'static str, Scenario)> {
    vec![
        ("sync on one host", Scenario::sync()),
        (
            "sync on two hosts",
            Scenario::sync_on(&["MIMSYNC01", "MIMSYNC02"]),
        ),
        ("a gMSA in use", Scenario::sync_with_a_gmsa_in_use()),
        ("a service without key set", Scenario::plain()),
        ("two components", Scenario::sync_and_plain()),
    ]
}

#[tokio::test]
async fn a_conversion_is_done_holds_and_can_be_taken_back() {
    for (name, scenario) in scenarios() {
        let start = scenario.world.snapshot();
        let plan = scenario.sound_plan().await;
        scenario.apply_to_the_end(&plan, name).await;
        scenario.rollback_to(&start, name).await;
    }
}

#[tokio::test]
async fn a_gmsa_without_its_flag_gets_it_and_nothing_else() {
    let scenario = Scenario::sync();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "convert")
        .await;
    {
        let mut state = scenario.world.state();
        let host = state.hosts.get_mut(&"MIMSYNC01".parse().unwrap()).unwrap();
        let service = host.services.get_mut(&SYNC_SERVICE.to_lowercase()).unwrap();
        service.service.managed_account = Some(false);
    }
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    let changing = plan
        .steps
        .iter()
        .filter(|step| step.status == StepStatus::Change);
    let changing: Vec<_> = changing.map(|step| step.id.as_str()).collect();
    assert_eq!(changing, ["sync/set-logon-account:MIMSYNC01"]);
    scenario.apply_to_the_end(&plan, "repair").await;
    scenario.rollback_to(&start, "repair").await;
}

#[tokio::test]
async fn the_service_runs_as_the_gmsa_and_the_spn_is_on_it_only() {
    let scenario = Scenario::sync();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let state = scenario.world.state();
    let host = &state.hosts[&"MIMSYNC01".parse().unwrap()];
    let service = &host.services[&SYNC_SERVICE.to_lowercase()];
    assert_eq!(
        service.service.logon_account.to_string(),
        r"CONTOSO\MIMSyncGMSAsvc$"
    );
    assert_eq!(service.service.managed_account, Some(true));
    assert_eq!(service.password, None);
    assert_eq!(service.service.state, ServiceState::Running);
    let spns = |name: &str| {
        state.accounts[name]
            .account
            .spns
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(spns("mimsyncgmsasvc$"), ["PCNSCLNT/mimsync01.contoso.com"]);
    assert_eq!(spns("svc-mimsync"), ["HTTP/other.contoso.com"]);
}

#[tokio::test]
async fn applying_the_same_plan_again_writes_nothing() {
    for (name, scenario) in scenarios() {
        let plan = scenario.sound_plan().await;
        scenario.apply_to_the_end(&plan, name).await;
        let (converted, records) = (
            scenario.world.snapshot(),
            scenario.world.state().records.len(),
        );
        scenario.world.arm(None);
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{name}");
        assert_eq!(scenario.world.writes(), 0, "{name}");
        assert_eq!(scenario.world.state().records.len(), records, "{name}");
        scenario.world.snapshot().assert_is(&converted, name);
    }
}

#[tokio::test]
async fn taking_back_twice_changes_nothing_the_second_time() {
    for (name, scenario) in scenarios() {
        let start = scenario.world.snapshot();
        scenario
            .apply_to_the_end(&scenario.sound_plan().await, name)
            .await;
        scenario.rollback_to(&start, name).await;
        let records = scenario.world.state().records.len();
        scenario.rollback_to(&start, name).await;
        assert_eq!(scenario.world.writes(), 0, "{name}");
        assert_eq!(scenario.world.state().records.len(), records, "{name}");
    }
}

#[tokio::test]
async fn a_plan_can_be_applied_again_after_it_was_taken_back() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    for round in ["first", "second", "third"] {
        scenario.apply_to_the_end(&plan, round).await;
        scenario.rollback_to(&start, round).await;
    }
    assert_eq!(scenario.world.runs().unwrap().len(), 3);
}

#[tokio::test]
async fn a_stopped_service_stays_stopped() {
    let scenario = Scenario::sync();
    let stopped = |scenario: &Scenario| {
        let state = scenario.world.state();
        let services = state.hosts.values().flat_map(|host| host.services.values());
        services
            .map(|found| found.service.state)
            .all(|state| state == ServiceState::Stopped)
    };
    for host in scenario.world.state().hosts.values_mut() {
        for found in host.services.values_mut() {
            found.service.state = ServiceState::Stopped;
        }
    }
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    // It is taken for a warm standby: nothing is exported or activated there.
    assert!(plan.findings.iter().any(|finding| finding.id == "MIM-003"));
    assert!(!plan.steps.iter().any(|step| step.kind.ends_with("key-set")));
    scenario.world.arm(None);
    assert_eq!(scenario.apply(&plan).await.unwrap().outcome, Outcome::Done);
    assert!(stopped(&scenario) && scenario.verify().await.unwrap().holds);
    scenario.rollback_to(&start, "rollback").await;
}

#[tokio::test]
async fn one_component_is_taken_back_then_the_other() {
    let scenario = Scenario::sync_and_plain();
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let report = scenario.rollback_only(Some("sync")).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unwound);
    let verification = scenario.verify().await.unwrap();
    assert!(verification.holds, "{verification:?}");
    let mut checks = verification.checks.iter().map(|check| check.id.as_str());
    assert!(checks.all(|id| id.starts_with("plain/") || id.starts_with("shared/")));
    {
        let state = scenario.world.state();
        let services = state.hosts.values().flat_map(|host| host.services.values());
        let mut accounts = services.map(|found| found.service.logon_account.clone());
        assert!(accounts.any(|account| account == old_account()));
    }
    scenario.rollback_to(&start, "the rest").await;
    let error = scenario.verify().await.unwrap_err();
    assert!(matches!(error, EngineError::NotNow { .. }), "{error}");
}

#[tokio::test]
async fn a_host_without_the_call_proves_retrieval_over_ldap() {
    let scenario = Scenario::sync();
    for host in scenario.world.state().hosts.values_mut() {
        host.knows_retrieval_state = false;
    }
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    scenario.rollback_to(&start, "rollback").await;
}

#[tokio::test]
async fn folders_made_for_the_key_set_go_and_others_stay() {
    for (file, existing) in [
        (r"C:\MIMBackup\2026\November\keys.bin", None),
        (
            r"C:\MIMBackup\2026\November\keys.bin",
            Some(r"c:\mimbackup"),
        ),
        (r"C:\keys.bin", None),
    ] {
        let mut scenario = Scenario::sync();
        scenario.intent.conversions[0].key_set = Some(file.to_owned());
        for host in scenario.world.state().hosts.values_mut() {
            host.folders.extend(existing.map(str::to_owned));
        }
        let start = scenario.world.snapshot();
        scenario
            .apply_to_the_end(&scenario.sound_plan().await, file)
            .await;
        scenario.rollback_to(&start, file).await;
    }
}
