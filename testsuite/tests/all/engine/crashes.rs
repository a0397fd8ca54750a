//! The process dies around every record of the journal; another one takes over.

use std::ops::Range;

use model::plan::Plan;
use model::run::Outcome;

use super::fake_world::{Fault, Moment, Snapshot};
use super::scenario::Scenario;

const MOMENTS: [Moment; 2] = [Moment::Before, Moment::After];
/// Fewer records than these, and a table of crashes tests nothing.
const RECORDS: usize = 50;

fn scenarios() -> Vec<fn() -> Scenario> {
    vec![
        Scenario::sync,
        Scenario::rich,
        Scenario::guided,
        Scenario::by_setup,
    ]
}

fn scenarios_with_a_sealed_key_set() -> Vec<fn() -> Scenario> {
    [scenarios(), vec![Scenario::sealed]].concat()
}

/// Applies a plan and dies at each record.
async fn die_while_applying(mut then: impl AsyncFnMut(&Scenario, &Snapshot, &str)) {
    for (make, moment) in scenarios_with_a_sealed_key_set()
        .iter()
        .flat_map(|make| MOMENTS.map(|moment| (make, moment)))
    {
        let planned = make();
        let start = planned.world.snapshot();
        let plan = planned.sound_plan().await;
        for n in 0.. {
            let scenario = planned.fork();
            scenario.world.arm(Some(Fault::Crash(n, moment)));
            let result = scenario.apply(&plan).await;
            let Some(what) = scenario.world.fired() else {
                assert!(n >= RECORDS, "only {n} records to die at");
                break;
            };
            let context = format!("record {n}, {what}");
            assert!(
                matches!(result, Err(engine::EngineError::Journal(_))),
                "{context}: {result:?}"
            );
            scenario.world.arm(None);
            then(&scenario, &start, &context).await;
        }
    }
}

#[tokio::test]
async fn a_run_that_died_at_any_record_goes_on() {
    die_while_applying(async |scenario, start, context| {
        let plan = match engine::History::read(&scenario.world, &scenario.last_run()) {
            Ok(history) => history.plan,
            Err(_) => scenario.sound_plan().await, // It died before the run began.
        };
        scenario.apply_to_the_end(&plan, context).await;
        scenario.rollback_to(start, context).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_died_at_any_record_can_be_taken_back() {
    die_while_applying(async |scenario, start, context| {
        if scenario.world.state().records.is_empty() {
            let error = scenario.rollback().await.unwrap_err();
            assert!(
                matches!(error, engine::EngineError::NoSuchRun(_)),
                "{context}: {error}"
            );
            return scenario.world.snapshot().assert_is(start, context);
        }
        scenario.rollback_to(start, context).await;
    })
    .await;
}

/// Takes a finished run back and dies at each record.
async fn die_while_rolling_back(
    scenarios: Vec<fn() -> Scenario>,
    mut then: impl AsyncFnMut(&Scenario, &Snapshot, &str),
) {
    for (make, moment) in scenarios
        .iter()
        .flat_map(|make| MOMENTS.map(|moment| (make, moment)))
    {
        let applied = make();
        let start = applied.world.snapshot();
        applied
            .apply_to_the_end(&applied.sound_plan().await, "before the crash")
            .await;
        for n in 0.. {
            let scenario = applied.fork();
            scenario.world.arm(Some(Fault::Crash(n, moment)));
            let result = scenario.rollback().await;
            let Some(what) = scenario.world.fired() else {
                assert!(n >= RECORDS / 2, "only {n} records to die at");
                break;
            };
            assert!(result.is_err(), "{result:?}");
            scenario.world.arm(None);
            then(&scenario, &start, &format!("record {n}, {what}")).await;
        }
    }
}

#[tokio::test]
async fn a_rollback_that_died_at_any_record_goes_on() {
    let scenarios = scenarios_with_a_sealed_key_set();
    die_while_rolling_back(scenarios, async |scenario, start, context| {
        scenario.rollback_to(start, context).await;
        scenario.rollback_to(start, context).await;
    })
    .await;
}

/// Not with a sealed key set: who has brought the file back and applies, has a run that does not hold.
#[tokio::test]
async fn a_rollback_that_died_at_any_record_goes_on_with_apply_too() {
    die_while_rolling_back(scenarios(), async |scenario, start, context| {
        let history = engine::History::read(&scenario.world, &scenario.last_run()).unwrap();
        let report = scenario.apply(&history.plan).await.unwrap();
        // Before the rollback's first record the run is done and holds; after its last one it is over, and the plan
        // is applied anew.
        match report.outcome {
            Outcome::Done => scenario.assert_converted(context).await,
            Outcome::Unwound => scenario.world.snapshot().assert_is(start, context),
            _ => panic!("{context}: {report:?}"),
        }
    })
    .await;
}

/// Every write that can fail, and for each of them every record after it around which the process then dies.
async fn die_while_unwinding(mut then: impl AsyncFnMut(&Scenario, &Snapshot, &str)) {
    let planned = Scenario::sync();
    let start = planned.world.snapshot();
    let plan = planned.sound_plan().await;
    for write in 0.. {
        let records = records_of_a_failure(&planned, &plan, write).await;
        if records.is_empty() {
            assert!(write > 10, "only {write} writes to fail at");
            break;
        }
        for (n, moment) in records.flat_map(|n| MOMENTS.map(|moment| (n, moment))) {
            let scenario = planned.fork();
            scenario
                .world
                .arm(Some(Fault::WriteThenCrash(write, n, moment)));
            let result = scenario.apply(&plan).await;
            let context = format!("write {write} failed, then record {n} {moment:?}");
            assert!(result.is_err(), "{context}: {result:?}");
            scenario.world.arm(None);
            then(&scenario, &start, &context).await;
        }
    }
}

/// The records of a run whose n-th write fails, from the one that says so to the last; none where there is no such
/// write.
async fn records_of_a_failure(planned: &Scenario, plan: &Plan, write: usize) -> Range<usize> {
    let scenario = planned.fork();
    scenario.world.arm(Some(Fault::Write(write)));
    scenario.apply(plan).await.unwrap();
    let state = scenario.world.state();
    let failed = |(_, text): &(String, String)| text.contains("\"change\":\"failed\"");
    let first = state.records.iter().position(failed);
    first.unwrap_or(state.records.len())..state.records.len()
}

#[tokio::test]
async fn an_unwinding_that_died_at_any_record_goes_on_with_apply() {
    die_while_unwinding(async |scenario, start, context| {
        let plan = match engine::History::read(&scenario.world, &scenario.last_run()) {
            Ok(history) => history.plan,
            Err(_) => scenario.sound_plan().await,
        };
        let report = scenario
            .apply(&plan)
            .await
            .unwrap_or_else(|error| panic!("{context}: {error}"));
        match report.outcome {
            Outcome::Done => scenario.assert_converted(context).await, // It died before the failure was recorded.
            Outcome::Unwound => scenario.world.snapshot().assert_is(start, context),
            _ => panic!("{context}, then {report:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn an_unwinding_that_died_at_any_record_goes_on_with_rollback() {
    die_while_unwinding(async |scenario, start, context| {
        if !scenario.world.state().records.is_empty() {
            scenario.rollback_to(start, context).await;
        }
        scenario.world.snapshot().assert_is(start, context);
    })
    .await;
}
