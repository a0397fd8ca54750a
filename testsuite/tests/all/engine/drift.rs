//! Somebody else changed the world: before the run, between the runs, or after it.

use engine::{EngineError, RunReport, StepReport};
use model::host::RegistryValue;
use model::inventory::{AccountClass, ServiceState};
use model::names::LogonAccount;
use model::run::Outcome;

use super::fake_world::reference::{OLD_PASSWORD, SYNC_SERVICE, add_account};
use super::fake_world::{FakeService, HostState, State};
use super::scenario::{Scenario, old_account};

/// What somebody does behind our back, and the name under which it must show.
struct Drift {
    shows_as: &'static str,
    happens: fn(&mut State),
}

fn drift(shows_as: &'static str, happens: fn(&mut State)) -> Drift {
    Drift { shows_as, happens }
}

pub fn first_host(state: &mut State) -> &mut HostState {
    state.hosts.values_mut().next().unwrap()
}

fn service(state: &mut State) -> &mut FakeService {
    let name = SYNC_SERVICE.parse().unwrap();
    first_host(state).service(&name).unwrap()
}

/// The step at which a run is stuck.
fn stuck_step(report: &RunReport) -> &StepReport {
    assert_eq!(report.outcome, Outcome::Stuck, "{report:?}");
    let mut steps = report.steps.iter();
    steps.find(|step| step.status == "undo-failed").unwrap()
}

fn says(text: &Option<String>, what: &str) -> bool {
    text.as_deref().is_some_and(|text| text.contains(what))
}

#[tokio::test]
async fn a_stale_plan_is_refused_and_names_what_changed() {
    let drifts = [
        drift("logon account", |state| {
            service(state).service.logon_account = r"CONTOSO\other".to_owned().into()
        }),
        drift("state", |state| {
            service(state).service.state = ServiceState::Stopped
        }),
        drift("PCNSCLNT/mimsync01.contoso.com", |state| {
            state
                .accounts
                .get_mut("svc-mimsync")
                .unwrap()
                .account
                .spns
                .pop();
        }),
        drift("miiskeys-1.bin", |state| {
            let host = first_host(state);
            host.files.insert(
                r"c:\mimbackup\miiskeys-1.bin".to_owned(),
                "older".to_owned(),
            );
        }),
        drift("sync/export-key-set:MIMSYNC01", |state| {
            let host = first_host(state);
            let elsewhere = RegistryValue::Text(r"D:\Synchronization Service".to_owned());
            host.registry
                .values_mut()
                .for_each(|path| path.clone_from(&elsewhere));
        }),
        drift("MIMSyncGMSAsvc$", |state| {
            add_account(state, "MIMSyncGMSAsvc$", AccountClass::Gmsa, None, &[]);
        }),
    ];
    for Drift {
        shows_as: what,
        happens,
    } in drifts
    {
        let scenario = Scenario::sync();
        let plan = scenario.sound_plan().await;
        happens(&mut scenario.world.state());
        let changed = scenario.world.snapshot();
        scenario.world.arm(None);
        let error = scenario.apply(&plan).await.unwrap_err();
        let EngineError::Stale(facts) = &error else {
            panic!("{what}: {error:?}")
        };
        assert!(
            facts.iter().any(|fact| fact.contains(what)),
            "{what}: {facts:?}"
        );
        assert_eq!(scenario.world.writes(), 0, "{what}");
        assert!(scenario.world.state().records.is_empty(), "{what}");
        scenario.world.snapshot().assert_is(&changed, what);
    }
}

#[tokio::test]
async fn somebody_elses_logon_account_is_not_overwritten_and_the_service_keeps_running() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let theirs: LogonAccount = r"CONTOSO\svc-other".to_owned().into();
    let ours = service(&mut scenario.world.state())
        .service
        .logon_account
        .clone();
    service(&mut scenario.world.state()).service.logon_account = theirs.clone();
    for _attempt in 0..2 {
        let report = scenario.rollback().await.unwrap();
        let stuck = stuck_step(&report);
        assert_eq!(stuck.id.as_str(), "sync/set-logon-account:MIMSYNC01");
        assert!(says(&stuck.why, "svc-other"), "{stuck:?}");
        assert!(stuck.advice.is_some(), "{stuck:?}");
        let mut state = scenario.world.state();
        let found = service(&mut state);
        assert_eq!(found.service.logon_account, theirs);
        // A way back that cannot be gone is not begun: nothing was stopped for it.
        assert_eq!(found.service.state, ServiceState::Running);
    }
    service(&mut scenario.world.state()).service.logon_account = ours;
    scenario.rollback_to(&start, "put right by hand").await;
}

#[tokio::test]
async fn a_missing_or_changed_key_set_file_keeps_the_service_running() {
    for (what, now) in [
        ("is not there", None),
        ("is not the exported one", Some("MIISKEYS 7 cut")),
    ] {
        let scenario = Scenario::sync();
        let start = scenario.world.snapshot();
        let plan = scenario.sound_plan().await;
        scenario.apply_to_the_end(&plan, what).await;
        let files = |state: &mut State| std::mem::take(&mut first_host(state).files);
        let exported = files(&mut scenario.world.state());
        let name = exported.keys().next().unwrap().clone();
        let now = now.map(|content| (name, content.to_owned()));
        first_host(&mut scenario.world.state()).files.extend(now);
        let report = scenario.rollback().await.unwrap();
        let stuck = stuck_step(&report);
        assert_eq!(stuck.id.as_str(), "sync/hold-key-set:MIMSYNC01");
        assert!(says(&stuck.why, what), "{stuck:?}");
        assert!(says(&stuck.advice, "put the file back"), "{stuck:?}");
        let state = service(&mut scenario.world.state()).service.state;
        assert_eq!(state, ServiceState::Running);
        first_host(&mut scenario.world.state()).files = exported;
        scenario.rollback_to(&start, "file put back").await;
    }
}

#[tokio::test]
async fn applying_again_what_no_longer_holds_is_refused_as_stale() {
    let scenario = Scenario::sync();
    let plan = scenario.sound_plan().await;
    scenario.apply_to_the_end(&plan, "apply").await;
    service(&mut scenario.world.state()).service.managed_account = Some(false);
    scenario.world.arm(None);
    let error = scenario.apply(&plan).await.unwrap_err();
    assert!(matches!(error, EngineError::Stale(_)), "{error:?}");
    assert_eq!(scenario.world.writes(), 0);
}

#[tokio::test]
async fn an_spn_that_somebody_moved_on_is_left_where_it_is() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    add_account(
        &mut scenario.world.state(),
        "svc-third",
        AccountClass::User,
        None,
        &[],
    );
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let pass_on = |from: &str, to: &str| {
        let mut state = scenario.world.state();
        let spns = std::mem::take(&mut state.accounts.get_mut(from).unwrap().account.spns);
        state.accounts.get_mut(to).unwrap().account.spns = spns;
    };
    pass_on("mimsyncgmsasvc$", "svc-third");
    let report = scenario.rollback().await.unwrap();
    let stuck = stuck_step(&report);
    assert_eq!(
        stuck.id.as_str(),
        "sync/move-spn:PCNSCLNT/mimsync01.contoso.com"
    );
    assert!(says(&stuck.why, "svc-third"), "{stuck:?}");
    assert!(stuck.advice.is_some(), "{stuck:?}");
    assert_eq!(
        service(&mut scenario.world.state()).service.state,
        ServiceState::Running
    );
    assert_eq!(
        scenario.world.state().accounts["svc-third"]
            .account
            .spns
            .len(),
        1
    );
    pass_on("svc-third", "mimsyncgmsasvc$");
    scenario.world.arm(None);
    assert_eq!(scenario.rollback().await.unwrap().outcome, Outcome::Unwound);
    scenario.world.state().accounts.remove("svc-third");
    scenario
        .world
        .snapshot()
        .assert_is(&start, "put right by hand");
}

#[tokio::test]
async fn a_group_that_others_use_by_now_is_not_deleted() {
    let scenario = Scenario::sync();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let member = scenario.world.state().accounts["svc-mimsync"]
        .account
        .dn
        .clone();
    let group = |state: &mut State| state.groups.values().next().cloned();
    let name = group(&mut scenario.world.state())
        .unwrap()
        .name
        .as_str()
        .to_lowercase();
    scenario
        .world
        .state()
        .groups
        .get_mut(&name)
        .unwrap()
        .members
        .push(member.clone());
    let report = scenario.rollback().await.unwrap();
    assert_eq!(report.outcome, Outcome::Stuck, "{report:?}");
    let left = group(&mut scenario.world.state()).unwrap();
    assert_eq!(left.members, [member]);
    scenario
        .world
        .state()
        .groups
        .get_mut(&name)
        .unwrap()
        .members
        .clear();
    assert_eq!(scenario.rollback().await.unwrap().outcome, Outcome::Unwound);
    assert!(group(&mut scenario.world.state()).is_none());
}

#[tokio::test]
async fn verify_names_what_no_longer_holds() {
    let drifts = [
        drift("sync/set-logon-account:MIMSYNC01", |state| {
            service(state).service.managed_account = Some(false)
        }),
        drift("sync/start-service:MIMSYNC01", |state| {
            service(state).service.state = ServiceState::Stopped
        }),
        drift("sync/move-spn:PCNSCLNT/mimsync01.contoso.com", |state| {
            state
                .accounts
                .get_mut("mimsyncgmsasvc$")
                .unwrap()
                .account
                .spns
                .clear();
        }),
        drift("sync/add-member:MIMSYNC01", |state| {
            state
                .groups
                .values_mut()
                .for_each(|group| group.members.clear());
        }),
    ];
    for Drift {
        shows_as: step,
        happens,
    } in drifts
    {
        let scenario = Scenario::sync();
        scenario
            .apply_to_the_end(&scenario.sound_plan().await, step)
            .await;
        happens(&mut scenario.world.state());
        scenario.world.arm(None);
        let verification = scenario.verify().await.unwrap();
        assert_eq!(scenario.world.writes(), 0);
        assert!(!verification.holds);
        let broken: Vec<_> = verification
            .checks
            .iter()
            .filter(|check| !check.holds)
            .collect();
        assert!(
            broken.iter().any(|check| check.id.as_str() == step),
            "{step}: {broken:?}"
        );
    }
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_stops_the_rollback_before_it_begins() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let set = |password| {
        scenario
            .world
            .state()
            .accounts
            .get_mut("svc-mimsync")
            .unwrap()
            .password = Some(password)
    };
    set("changed");
    let converted = scenario.world.snapshot();
    let error = scenario.rollback().await.unwrap_err();
    let says = old_account().to_string();
    assert!(
        matches!(&error, EngineError::Password { why, .. } if why.contains(&says)),
        "{error:?}"
    );
    scenario.world.snapshot().assert_is(&converted, "refused");
    set(OLD_PASSWORD);
    scenario.rollback_to(&start, "put right").await;
}

/// A setting that setup was told and the registry has otherwise is named; the account holds all the same.
#[tokio::test]
async fn verify_names_settings_that_setup_did_not_keep() {
    let scenario = Scenario::by_setup();
    let key = r"HKLM\SYSTEM\CurrentControlSet\Services\FIMSynchronizationService\Parameters";
    let set = |server: &str| {
        for host in scenario.world.state().hosts.values_mut() {
            let place = (key.to_owned(), "Server".to_owned());
            let value = RegistryValue::Text(server.to_owned());
            host.registry.insert(place, value);
        }
    };
    set("as it was");
    let plan = scenario.sound_plan().await;
    scenario.apply_to_the_end(&plan, "apply").await;
    for (server, named) in [("AS IT WAS", false), ("elsewhere", true)] {
        set(server);
        let verification = scenario.verify().await.unwrap();
        assert!(verification.holds);
        let told = serde_json::to_string(&verification).unwrap();
        let note = "setup was told STORESERVER = as it was, and Server of ";
        assert_eq!(told.contains(note), named, "{told}");
    }
}
