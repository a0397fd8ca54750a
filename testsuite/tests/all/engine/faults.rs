//! Something fails, at every place where it can.

use model::run::Outcome;

use super::fake_world::{Fault, Snapshot};
use super::scenario::Scenario;

/// Fewer places than these, and a table of faults tests nothing.
const WRITES: usize = 12;
const CALLS: usize = 50;

fn scenarios() -> Vec<fn() -> Scenario> {
    vec![
        Scenario::sync,
        Scenario::rich,
        Scenario::sync_and_plain,
        Scenario::sync_with_a_gmsa_in_use,
    ]
}

/// Applies a plan with each of the faults, until one does not hit any more: nothing is left to hit.
async fn apply_with_each(
    at_least: usize,
    fault: impl Fn(usize) -> Fault,
    mut then: impl AsyncFnMut(&Scenario, &Snapshot, Option<Outcome>, &str),
) {
    for make in scenarios() {
        for n in 0.. {
            let scenario = make();
            let start = scenario.world.snapshot();
            let plan = scenario.sound_plan().await;
            scenario.world.arm(Some(fault(n)));
            let result = scenario.apply(&plan).await;
            let Some(what) = scenario.world.fired() else {
                assert!(n >= at_least, "only {n} places to fail at");
                break;
            };
            let context = format!("fault {n}, {what}, ended {result:?}");
            scenario.world.arm(None);
            then(
                &scenario,
                &start,
                result.ok().map(|report| report.outcome),
                &context,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_failure_at_any_write_unwinds_to_the_start() {
    apply_with_each(
        WRITES,
        Fault::Write,
        async |scenario, start, outcome, context| {
            assert!(
                matches!(outcome, Some(Outcome::Unwound | Outcome::Failed)),
                "{context}"
            );
            scenario.world.snapshot().assert_is(start, context);
        },
    )
    .await;
}

#[tokio::test]
async fn a_failure_at_any_call_leaves_nothing_behind() {
    apply_with_each(
        CALLS,
        Fault::Call,
        async |scenario, start, outcome, context| {
            match outcome {
                // Refused before a run began, or a gate that could not be looked at, or undone.
                None | Some(Outcome::Unwound | Outcome::Failed) => {
                    scenario.world.snapshot().assert_is(start, context);
                }
                Some(Outcome::Done) => scenario.assert_converted(context).await,
                Some(_) => panic!("{context}"),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_lost_answer_at_any_write_does_not_matter() {
    apply_with_each(
        WRITES,
        Fault::Answer,
        async |scenario, start, outcome, context| {
            assert_eq!(outcome, Some(Outcome::Done), "{context}");
            scenario.assert_converted(context).await;
            scenario.rollback_to(start, context).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_outage_from_any_call_on_is_waited_out_and_taken_back() {
    apply_with_each(
        CALLS,
        Fault::Outage,
        async |scenario, start, outcome, context| {
            if outcome.is_some() {
                scenario.rollback_to(start, context).await;
            }
            scenario.world.snapshot().assert_is(start, context);
        },
    )
    .await;
}

#[tokio::test]
async fn an_outage_from_any_call_on_is_waited_out_and_applied_again() {
    for n in 0.. {
        let scenario = Scenario::sync();
        let start = scenario.world.snapshot();
        let plan = scenario.sound_plan().await;
        scenario.world.arm(Some(Fault::Outage(n)));
        let broken = scenario.apply(&plan).await;
        let Some(what) = scenario.world.fired() else {
            break;
        };
        scenario.world.arm(None);
        let report = scenario.apply(&plan).await.unwrap();
        let context = format!("outage from call {n} on, {what}: {broken:?}, then {report:?}");
        match report.outcome {
            Outcome::Done => scenario.assert_converted(&context).await,
            Outcome::Unwound => scenario.world.snapshot().assert_is(&start, &context),
            _ => panic!("{context}"),
        }
    }
}

/// Takes a finished run back with each of the faults.
async fn roll_back_with_each(
    at_least: usize,
    fault: impl Fn(usize) -> Fault,
    mut then: impl AsyncFnMut(&Scenario, &Snapshot, Option<Outcome>, &str),
) {
    for make in scenarios() {
        for n in 0.. {
            let scenario = make();
            let start = scenario.world.snapshot();
            scenario
                .apply_to_the_end(&scenario.sound_plan().await, "before the fault")
                .await;
            scenario.world.arm(Some(fault(n)));
            let result = scenario.rollback().await;
            let Some(what) = scenario.world.fired() else {
                assert!(n >= at_least, "only {n} places to fail at");
                break;
            };
            let context = format!("fault {n}, {what}, ended {result:?}");
            scenario.world.arm(None);
            then(
                &scenario,
                &start,
                result.ok().map(|report| report.outcome),
                &context,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_rollback_that_fails_at_any_write_is_stuck_and_goes_on_when_repeated() {
    roll_back_with_each(
        WRITES,
        Fault::Write,
        async |scenario, start, outcome, context| {
            assert_eq!(outcome, Some(Outcome::Stuck), "{context}");
            scenario.rollback_to(start, context).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_stuck_rollback_goes_on_with_apply_too() {
    roll_back_with_each(WRITES, Fault::Write, async |scenario, start, _, context| {
        // The plan is the run's own, so the run that is open is taken up.
        let run = engine::History::read(&scenario.world, &scenario.last_run()).unwrap();
        let report = scenario.apply(&run.plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Unwound, "{context}");
        scenario.world.snapshot().assert_is(start, context);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_during_a_rollback_does_not_matter() {
    roll_back_with_each(
        WRITES,
        Fault::Answer,
        async |scenario, start, outcome, context| {
            assert_eq!(outcome, Some(Outcome::Unwound), "{context}");
            scenario.world.snapshot().assert_is(start, context);
        },
    )
    .await;
}

#[tokio::test]
async fn an_outage_during_a_rollback_is_waited_out() {
    roll_back_with_each(
        WRITES,
        Fault::Outage,
        async |scenario, start, outcome, context| {
            assert!(matches!(outcome, None | Some(Outcome::Stuck)), "{context}");
            scenario.rollback_to(start, context).await;
        },
    )
    .await;
}
