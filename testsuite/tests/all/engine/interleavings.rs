//! Any order of verbs, faults and deaths: a run that is taken up again in the end leaves the world either as planned
//! or as it was, never in between.

use model::plan::Plan;
use model::run::Outcome;
use proptest::prelude::*;

use super::fake_world::{Fault, Moment, Snapshot};
use super::scenario::Scenario;

#[derive(Debug, Clone, Copy)]
enum Verb {
    Apply,
    Rollback,
    Verify,
    /// The host gets a new ticket, or loses its ticket's memberships.
    Ticket(bool),
}

fn any_verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        4 => Just(Verb::Apply),
        3 => Just(Verb::Rollback),
        1 => Just(Verb::Verify),
        1 => any::<bool>().prop_map(Verb::Ticket),
    ]
}

fn any_fault() -> impl Strategy<Value = Option<Fault>> {
    let moment = || prop_oneof![Just(Moment::Before), Just(Moment::After)];
    prop_oneof![
        2 => Just(None),
        4 => (0..90_usize, moment()).prop_map(|(n, moment)| Some(Fault::Crash(n, moment))),
        1 => (0..25_usize).prop_map(|n| Some(Fault::Write(n))),
        1 => (0..25_usize).prop_map(|n| Some(Fault::Answer(n))),
        1 => (0..150_usize).prop_map(|n| Some(Fault::Outage(n))),
        2 => (0..25_usize, 0..120_usize, moment()).prop_map(|(write, n, moment)| Some(Fault::WriteThenCrash(write, n, moment))),
    ]
}

async fn act(scenario: &Scenario, plan: &Plan, verb: Verb) {
    // Refusals and failures are expected here; what counts is the world in the end.
    match verb {
        Verb::Apply => drop(scenario.apply(plan).await),
        Verb::Rollback => drop(scenario.rollback().await),
        Verb::Verify if scenario.world.state().records.is_empty() => {}
        Verb::Verify => drop(scenario.verify().await),
        Verb::Ticket(fresh) => {
            for host in scenario.world.state().hosts.values_mut() {
                host.ticket_is_fresh = fresh;
            }
        }
    }
}

/// Everything is well again and the operator repeats the verb.
async fn end(scenario: &Scenario, start: &Snapshot, plan: &Plan, backwards: bool) {
    scenario.world.arm(None);
    act(scenario, plan, Verb::Ticket(true)).await;
    let result = match backwards {
        true if scenario.world.state().records.is_empty() => {
            return scenario.world.snapshot().assert_is(start, "not begun");
        }
        true => scenario.rollback().await,
        false => scenario.apply(plan).await,
    };
    let report = result.unwrap();
    match report.outcome {
        Outcome::Done => scenario.assert_converted("in the end").await,
        Outcome::Unwound | Outcome::Failed => {
            scenario.world.snapshot().assert_is(start, "in the end")
        }
        _ => panic!("{report:?}"),
    }
    let history = engine::History::read(&scenario.world, &scenario.last_run()).unwrap();
    assert!(!history.is_open(), "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_ends_as_planned_or_as_it_began(
        acts in prop::collection::vec((any_verb(), any_fault()), 1..8),
        backwards in any::<bool>(),
        two_components in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let scenario = if two_components { Scenario::sync_and_plain() } else { Scenario::sync() };
            let start = scenario.world.snapshot();
            let plan = scenario.sound_plan().await;
            for (verb, fault) in acts {
                scenario.world.arm(fault);
                act(&scenario, &plan, verb).await;
            }
            end(&scenario, &start, &plan, backwards).await;
        });
    }
}
