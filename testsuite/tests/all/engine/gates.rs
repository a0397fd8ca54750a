//! Gates: a run waits at them, keeps what it has, and goes on.

use model::run::Outcome;
use security::Interval;

use super::by_hand;
use super::fake_world::{Fault, Moment, reference};
use super::scenario::Scenario;

#[tokio::test]
async fn a_root_key_that_is_not_effective_is_waited_for() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    let soon = scenario
        .world
        .state()
        .now
        .saturating_add(Interval::from_hours(9));
    scenario.world.state().root_keys[0].usable_from = soon;
    let plan = scenario.sound_plan().await;
    assert!(plan.findings.iter().any(|finding| finding.id == "GMSA-002"));
    for attempt in 0..3 {
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(
            report.outcome,
            Outcome::Waiting,
            "attempt {attempt}: {report:?}"
        );
        assert_eq!(report.steps[0].status, "waiting");
        let why = report.steps[0].why.as_deref().unwrap();
        assert!(why.contains(&soon.to_string()), "{why}");
        scenario.world.snapshot().assert_is(&start, "waiting");
    }
    scenario.world.state().now = soon;
    scenario.apply_to_the_end(&plan, "effective").await;
    scenario.rollback_to(&start, "rollback").await;
}

/// Only where the intent says so; the way back leaves the key, because passwords may have been made from it.
#[tokio::test]
async fn a_root_key_that_is_wanted_is_created_once_and_waited_for() {
    let mut scenario = Scenario::sync();
    scenario.world.state().root_keys.clear();
    let start = scenario.world.snapshot();
    let plan = scenario.plan().await;
    assert!(plan.blocking().any(|finding| finding.id == "GMSA-001"));
    scenario.intent.kds.create = true;
    let plan = scenario.sound_plan().await;
    assert!(plan.findings.iter().any(|finding| finding.id == "GMSA-007"));
    assert_eq!(plan.steps[0].kind, "create-root-key");
    assert_eq!(plan.steps[1].requires, [plan.steps[0].id.clone()]);
    for attempt in 0..3 {
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(
            report.outcome,
            Outcome::Waiting,
            "attempt {attempt}: {report:?}"
        );
        assert_eq!(scenario.world.state().root_keys.len(), 1);
    }
    let later = scenario.world.state().root_keys[0].usable_from;
    scenario.world.state().now = later;
    scenario.apply_to_the_end(&plan, "usable").await;
    scenario.rollback_to(&start, "rollback").await;
    assert_eq!(scenario.world.state().root_keys.len(), 1, "it stays");
}

/// The process dies around each record, or the answer is lost: there is one key all the same.
#[tokio::test]
async fn a_root_key_is_created_once_whatever_happens() {
    let faults = (0..12).flat_map(|n| {
        [
            Fault::Crash(n, Moment::Before),
            Fault::Crash(n, Moment::After),
            Fault::Answer(n),
        ]
    });
    for fault in faults {
        let mut scenario = Scenario::sync();
        scenario.world.state().root_keys.clear();
        scenario.intent.kds.create = true;
        let plan = scenario.sound_plan().await;
        scenario.world.arm(Some(fault));
        drop(scenario.apply(&plan).await);
        scenario.world.arm(None);
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{fault:?}: {report:?}");
        assert_eq!(scenario.world.state().root_keys.len(), 1, "{fault:?}");
    }
}

/// While the run waits, somebody else makes what it was to make: then it is theirs, and stays when the run is taken back.
#[tokio::test]
async fn what_others_made_meanwhile_is_theirs() {
    let scenario = Scenario::sync();
    let soon = scenario
        .world
        .state()
        .now
        .saturating_add(Interval::from_hours(9));
    scenario.world.state().root_keys[0].usable_from = soon;
    let plan = scenario.sound_plan().await;
    assert_eq!(
        scenario.apply(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    {
        let mut state = scenario.world.state();
        state.now = soon;
        reference::add_gmsa_in_use(&mut state, "MIMSyncGMSAsvc");
        let computer = state.accounts["mimsync01$"].account.dn.clone();
        let hosts = state.groups.get_mut("mimsyncgmsasvc_hosts").unwrap();
        hosts.members.push(computer);
        let sid = hosts.sid;
        let gmsa = state.accounts.get_mut("mimsyncgmsasvc$").unwrap();
        gmsa.retrieval_principals.push(sid);
        let old = state.accounts.get_mut("svc-mimsync").unwrap();
        let spn = old.account.spns.pop().unwrap();
        let gmsa = state.accounts.get_mut("mimsyncgmsasvc$").unwrap();
        gmsa.account.spns.push(spn);
    }
    let theirs = scenario.world.snapshot();
    scenario.apply_to_the_end(&plan, "made by others").await;
    scenario.rollback_to(&theirs, "rollback").await;
}

#[tokio::test]
async fn a_host_that_cannot_retrieve_yet_is_waited_for() {
    for knows_retrieval_state in [true, false] {
        let scenario = Scenario::sync();
        let start = scenario.world.snapshot();
        for host in scenario.world.state().hosts.values_mut() {
            host.ticket_is_fresh = false;
            host.knows_retrieval_state = knows_retrieval_state;
        }
        let plan = scenario.sound_plan().await;
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{report:?}");
        let waiting = report
            .steps
            .iter()
            .find(|step| step.status == "waiting")
            .unwrap();
        assert_eq!(waiting.id.as_str(), "sync/prove-retrieval:MIMSYNC01");
        assert!(
            waiting
                .why
                .as_deref()
                .is_some_and(|why| why.contains("klist")),
            "{waiting:?}"
        );
        let gmsa = "MIMSyncGMSAsvc$".parse().unwrap();
        assert!(
            scenario.world.state().account(&gmsa).is_some(),
            "what was made stays"
        );
        for host in scenario.world.state().hosts.values_mut() {
            host.ticket_is_fresh = true;
        }
        scenario.apply_to_the_end(&plan, "ticket renewed").await;
        scenario.rollback_to(&start, "rollback").await;
    }
}

#[tokio::test]
async fn a_waiting_run_can_be_taken_back() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    for host in scenario.world.state().hosts.values_mut() {
        host.ticket_is_fresh = false;
    }
    let plan = scenario.sound_plan().await;
    assert_eq!(
        scenario.apply(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    scenario.rollback_to(&start, "while it waits").await;
}

#[tokio::test]
async fn another_plan_is_refused_while_a_run_waits() {
    let mut scenario = Scenario::sync();
    for host in scenario.world.state().hosts.values_mut() {
        host.ticket_is_fresh = false;
    }
    let plan = scenario.sound_plan().await;
    assert_eq!(
        scenario.apply(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    scenario.intent.conversions[0].interval_days = 60;
    let other = scenario.sound_plan().await;
    let records = scenario.world.state().records.len();
    let error = scenario.apply(&other).await.unwrap_err();
    assert!(matches!(error, engine::EngineError::OpenRun(run) if run == scenario.last_run()));
    assert_eq!(scenario.world.state().records.len(), records);
}

/// One component of a run that is not over cannot be taken back by itself: the run would be closed with the other
/// component half-way.
#[tokio::test]
async fn one_component_of_a_waiting_run_is_not_taken_back_alone() {
    let scenario = Scenario::sync_and_plain();
    let start = scenario.world.snapshot();
    for host in scenario.world.state().hosts.values_mut() {
        host.ticket_is_fresh = false;
    }
    let plan = scenario.sound_plan().await;
    assert_eq!(
        scenario.apply(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    let error = scenario.rollback_only(Some("sync")).await.unwrap_err();
    assert!(
        matches!(error, engine::EngineError::NotNow { .. }),
        "{error}"
    );
    scenario.rollback_to(&start, "the whole run").await;
}

/// A key-set file that appears while the run waits may be the only copy of a key set.
#[tokio::test]
async fn a_key_set_file_that_appears_meanwhile_is_never_overwritten() {
    let scenario = Scenario::sync();
    let tickets = |fresh| {
        for host in scenario.world.state().hosts.values_mut() {
            host.ticket_is_fresh = fresh;
        }
    };
    let plan = scenario.sound_plan().await;
    tickets(false);
    assert_eq!(
        scenario.apply(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    let gmsa = "MIMSyncGMSAsvc$".parse().unwrap();
    for host in scenario.world.state().hosts.values_mut() {
        let file = r"c:\mimbackup\miiskeys-1.bin".to_owned();
        host.folders.insert(r"c:\mimbackup".to_owned());
        host.files.insert(file, "the only copy".to_owned());
    }
    tickets(true);
    let report = scenario.apply(&plan).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
    let state = scenario.world.state();
    let mut files = state.hosts.values().flat_map(|host| host.files.values());
    assert_eq!(files.next().map(String::as_str), Some("the only copy"));
    assert!(state.account(&gmsa).is_none(), "the gMSA was taken back");
}

#[tokio::test]
async fn a_wizard_is_waited_for_and_what_was_done_with_it_is_taken_back() {
    let scenario = Scenario::guided();
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    let report = scenario.apply_once(&plan).await.unwrap();
    assert_eq!(report.outcome, Outcome::Waiting, "{report:?}");
    let step = report.steps.iter().find(|step| step.why.is_some()).unwrap();
    assert_eq!(step.status, "handed-over");
    assert_eq!(step.id.as_str(), "sync/follow-wizard:MIMSYNC01");
    let advice = step.advice.as_deref().unwrap();
    assert!(advice.contains("type MIMSyncGMSAsvc$"), "{advice}");
    let records = |scenario: &Scenario| scenario.world.state().records.len();
    let before = records(&scenario);
    assert_eq!(
        scenario.apply_once(&plan).await.unwrap().outcome,
        Outcome::Waiting
    );
    assert!(
        records(&scenario) > before,
        "that somebody looked again is in the journal"
    );
    scenario.rollback_to(&start, "before anybody began").await;

    let plan = scenario.sound_plan().await;
    let report = scenario.apply_once(&plan).await.unwrap();
    let done = by_hand::follow_wizard(&mut scenario.world.state(), &plan, &report);
    assert!(done);
    scenario
        .rollback_to(&start, "after somebody was done, before it was looked at")
        .await;
}

/// No verified key set, no switch: the process dies once the file is there, and somebody takes or changes it.
#[tokio::test]
async fn a_key_set_file_that_was_lost_or_changed_after_the_export_stops_the_switch() {
    for other in [None, Some("of another server")] {
        let scenario = dead_after_the_export().await;
        let plan = scenario.plan_of_last_run();
        {
            let mut state = scenario.world.state();
            let host = state.hosts.values_mut().next().unwrap();
            let path = host.files.keys().next().unwrap().clone();
            host.files.clear();
            let other = other.map(|other| (path, other.to_owned()));
            host.files.extend(other);
        }
        let report = scenario.apply(&plan).await.unwrap();
        assert_ne!(report.outcome, Outcome::Done, "{other:?}: {report:?}");
        let why = report.steps.iter().filter_map(|step| step.why.as_deref());
        let why: Vec<_> = why.collect();
        let said = ["is not there", "is not the exported one"];
        let said = said
            .iter()
            .any(|said| why.iter().any(|why| why.contains(said)));
        assert!(said, "{other:?}: {why:?}");
        let state = scenario.world.state();
        let host = state.hosts.values().next().unwrap();
        let service = &host.services[&reference::SYNC_SERVICE.to_lowercase()].service;
        assert_eq!(service.logon_account.to_string(), reference::OLD_ACCOUNT);
        assert!(host.runs(&service.name), "{other:?}");
    }
}

/// A run whose process died right after the key set was there.
async fn dead_after_the_export() -> Scenario {
    for n in 0..200 {
        let scenario = Scenario::sync();
        let plan = scenario.sound_plan().await;
        scenario.world.arm(Some(Fault::Crash(n, Moment::After)));
        drop(scenario.apply(&plan).await);
        scenario.world.arm(None);
        let exported = {
            let state = scenario.world.state();
            state.hosts.values().any(|host| !host.files.is_empty())
        };
        if exported {
            return scenario;
        }
    }
    panic!("no record of the journal comes after the export")
}
