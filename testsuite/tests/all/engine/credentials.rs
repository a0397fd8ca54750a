//! Passwords: proved before anything is touched, kept out of everything that is written.

use engine::EngineError;
use model::run::Outcome;

use super::fake_world::reference::{OLD_PASSWORD, PLAIN_PASSWORD, SYNC_SERVICE};
use super::fake_world::{Fault, Moment};
use super::scenario::{Scenario, old_account};

/// Nothing was begun: no record, no write, the world as before.
fn assert_untouched(scenario: &Scenario, start: &super::fake_world::Snapshot, context: &str) {
    assert_eq!(scenario.world.writes(), 0, "{context}");
    assert!(scenario.world.state().records.is_empty(), "{context}");
    scenario.world.snapshot().assert_is(start, context);
}

#[tokio::test]
async fn a_missing_or_wrong_password_is_refused_before_anything_is_touched() {
    for password in [None, Some("wrong"), Some("")] {
        let mut scenario = Scenario::sync();
        let start = scenario.world.snapshot();
        scenario.supplied.0 = password
            .map(|password| (old_account(), password))
            .into_iter()
            .collect();
        let plan = scenario.sound_plan().await;
        scenario.world.arm(None);
        let error = scenario.apply(&plan).await.unwrap_err();
        let EngineError::Password { why, advice } = &error else {
            panic!("{error:?}")
        };
        assert!(
            why.contains(r"CONTOSO\svc-mimsync") && !advice.is_empty(),
            "{why}: {advice}"
        );
        assert_untouched(&scenario, &start, "missing or wrong");
    }
}

#[tokio::test]
async fn a_missing_way_back_must_be_accepted() {
    let mut scenario = Scenario::plain();
    scenario.supplied.0.clear();
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    let reversible = serde_json::to_value(&plan.steps).unwrap();
    let steps = reversible.as_array().unwrap();
    assert!(steps.iter().any(|step| step["reversible"] == "credential"));
    scenario.world.arm(None);
    let error = scenario.apply(&plan).await.unwrap_err();
    let EngineError::NoWayBack { account, steps } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(account, r"CONTOSO\svc-plain");
    assert_eq!(steps, &["plain/set-logon-account:MIMSYNC01"]);
    assert_untouched(&scenario, &start, "not accepted");

    scenario.accept_no_way_back = true;
    scenario.apply_to_the_end(&plan, "accepted").await;
    let (converted, records) = (
        scenario.world.snapshot(),
        scenario.world.state().records.len(),
    );
    scenario.world.arm(None);
    let error = scenario.rollback().await.unwrap_err();
    assert!(matches!(error, EngineError::Password { .. }), "{error:?}");
    assert_eq!(
        (
            scenario.world.writes(),
            scenario.world.state().records.len()
        ),
        (0, records)
    );
    scenario
        .world
        .snapshot()
        .assert_is(&converted, "rollback without the password");

    scenario.supplied = Scenario::plain().supplied;
    scenario.rollback_to(&start, "with the password").await;
}

#[tokio::test]
async fn a_run_without_a_way_back_that_fails_is_stuck_until_the_password_is_there() {
    let mut scenario = Scenario::plain();
    let supplied = std::mem::take(&mut scenario.supplied);
    scenario.accept_no_way_back = true;
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    scenario.world.arm(None);
    // The host loses its membership's ticket: the service will not start as the gMSA.
    let service = |scenario: &Scenario| {
        let state = scenario.world.state();
        let mut services = state.hosts.values().flat_map(|host| host.services.values());
        let found = services.find(|found| found.service.name.as_str() == "PlainService");
        found
            .map(|found| found.service.logon_account.to_string())
            .unwrap()
    };
    let writes_before_the_start = {
        let other = Scenario::plain();
        let plan = other.sound_plan().await;
        other.world.arm(None);
        other.apply(&plan).await.unwrap();
        other.world.writes() - 2 // The service is started, then it and its dependants as they ran before.
    };
    scenario
        .world
        .arm(Some(Fault::Write(writes_before_the_start)));
    let report = scenario.apply(&plan).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stuck, "{report:?}");
    assert_eq!(service(&scenario), r"CONTOSO\PlainGMSA$");
    let stuck = report
        .steps
        .iter()
        .find(|step| step.status == "undo-failed")
        .unwrap();
    assert_eq!(stuck.id.as_str(), "plain/set-logon-account:MIMSYNC01");
    assert!(
        stuck
            .advice
            .as_deref()
            .is_some_and(|advice| advice.contains("credential"))
    );
    scenario.supplied = supplied;
    scenario.rollback_to(&start, "with the password").await;
}

/// The process died while it took the run back; whoever goes on must prove the password again, whichever verb they
/// use: a service that gets a wrong password is a service that does not start.
#[tokio::test]
async fn going_on_backwards_proves_the_password_again() {
    for n in 0.. {
        let mut scenario = Scenario::sync();
        let start = scenario.world.snapshot();
        let plan = scenario.sound_plan().await;
        scenario.apply_to_the_end(&plan, "before the crash").await;
        scenario.world.arm(Some(Fault::Crash(n, Moment::After)));
        let died = scenario.rollback().await.is_err();
        if !died {
            break;
        }
        scenario.world.arm(None);
        let half = scenario.world.snapshot();
        let needs_password = scenario.world.state().hosts.values().any(|host| {
            let found = &host.services[&SYNC_SERVICE.to_lowercase()];
            !found.service.logon_account.same_as(&old_account())
        });
        for password in [None, Some("wrong")] {
            scenario.supplied.0 = password
                .map(|password| (old_account(), password))
                .into_iter()
                .collect();
            for verb in ["apply", "rollback"] {
                let context = format!("record {n}, {verb} with {password:?}");
                let result = match verb {
                    "apply" => scenario.apply(&plan).await,
                    _ => scenario.rollback().await,
                };
                if needs_password {
                    assert!(
                        matches!(result, Err(EngineError::Password { .. })),
                        "{context}: {result:?}"
                    );
                    scenario.world.snapshot().assert_is(&half, &context);
                }
            }
        }
        scenario.supplied = Scenario::sync().supplied;
        let open = engine::History::read(&scenario.world, &scenario.last_run())
            .unwrap()
            .is_open();
        if open || needs_password {
            scenario.rollback_to(&start, &format!("record {n}")).await;
        }
        scenario
            .world
            .snapshot()
            .assert_is(&start, &format!("record {n}"));
    }
}

#[tokio::test]
async fn no_password_is_written_anywhere() {
    let secrets = [OLD_PASSWORD, PLAIN_PASSWORD];
    for fault in [None, Some(Fault::Write(9)), Some(Fault::Outage(120))] {
        let scenario = Scenario::sync_and_plain();
        let plan = scenario.sound_plan().await;
        scenario.world.arm(fault);
        let report = scenario.apply(&plan).await.unwrap();
        scenario.world.arm(None);
        let back = scenario.rollback().await.unwrap();
        let written = format!("{:?} {report:?} {back:?}", scenario.world.state().records);
        let plan = serde_json::to_string(&plan).unwrap();
        for secret in secrets {
            assert!(
                !written.contains(secret) && !plan.contains(secret),
                "{secret} after {fault:?}"
            );
        }
        assert!(written.contains("svc-mimsync"));
    }
}

/// Tools may repeat what they read: their words go into the journal, the password must not.
#[tokio::test]
async fn a_tool_that_repeats_the_password_does_not_bring_it_into_the_journal() {
    let scenario = Scenario::sync();
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    for host in scenario.world.state().hosts.values_mut() {
        host.tools_echo = true;
        host.key_set.as_mut().unwrap().bound_to = r"CONTOSO\somebody".to_owned().into(); // The export is refused.
    }
    let report = scenario.apply(&plan).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
    let written = format!("{:?} {report:?}", scenario.world.state().records);
    assert!(
        written.contains("is not the account of the synchronization service"),
        "{written}"
    );
    assert!(!written.contains(OLD_PASSWORD), "{written}");
    for host in scenario.world.state().hosts.values_mut() {
        host.key_set.as_mut().unwrap().bound_to = old_account();
    }
    scenario.world.snapshot().assert_is(&start, "unwound");
}
