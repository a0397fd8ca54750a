//! The journal is a word of the transition function: anything else is refused, with the record's number.

use engine::EngineError;
use model::ports::{Journal, JournalError};
use serde_json::{Value, json};

use super::scenario::Scenario;

/// A finished run whose journal somebody then edited.
async fn refusal_of(edit: impl FnOnce(&mut Vec<Value>)) -> (Scenario, EngineError, EngineError) {
    let scenario = Scenario::sync();
    let plan = scenario.sound_plan().await;
    scenario.apply_to_the_end(&plan, "apply").await;
    let texts = scenario.world.state().records.clone();
    let mut records: Vec<_> = texts
        .iter()
        .map(|(_, text)| serde_json::from_str(text).unwrap())
        .collect();
    edit(&mut records);
    let records = records
        .iter()
        .map(|record| ("run-0".to_owned(), record.to_string()));
    scenario.world.state().records = records.collect();
    let converted = scenario.world.snapshot();
    scenario.world.arm(None);
    let (back, again) = (
        scenario.rollback().await.unwrap_err(),
        scenario.apply(&plan).await.unwrap_err(),
    );
    assert_eq!(scenario.world.writes(), 0);
    scenario
        .world
        .snapshot()
        .assert_is(&converted, "a journal that cannot be");
    (scenario, back, again)
}

/// The number of the first record with that event, counted from 1.
fn number_of(records: &[Value], change: &str) -> usize {
    records
        .iter()
        .position(|record| record["change"]["change"] == change)
        .unwrap()
        + 1
}

#[tokio::test]
async fn an_illegal_record_is_named() {
    type Edit = fn(&mut Vec<Value>) -> usize;
    let cases: [(&str, Edit); 6] = [
        ("an observation is gone", |records| {
            let number = number_of(records, "observed");
            records.remove(number - 1);
            number
        }),
        ("applied twice", |records| {
            let number = number_of(records, "applied");
            records.insert(number, records[number - 1].clone());
            number + 1
        }),
        ("undone without undoing", |records| {
            let number = number_of(records, "checked");
            records[number - 1]["change"] = json!({"change": "undone"});
            number
        }),
        ("a step that is not in the plan", |records| {
            records[3]["step"] = json!("sync/format-disk");
            4
        }),
        ("no plan at the beginning", |records| {
            records.remove(0);
            1
        }),
        ("begun twice", |records| {
            records.insert(2, records[0].clone());
            3
        }),
    ];
    for (what, edit) in cases {
        let mut number = 0;
        let (_, back, again) = refusal_of(|records| number = edit(records)).await;
        for error in [back, again] {
            let (EngineError::Record { record, .. } | EngineError::Transition { record, .. }) =
                &error
            else {
                panic!("{what}: {error:?}");
            };
            assert_eq!(*record, number as u64, "{what}: {error}");
            assert!(
                error
                    .to_string()
                    .contains(&format!("record {number} of run run-0")),
                "{what}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_record_that_is_no_event_is_named() {
    let (_, back, _) = refusal_of(|records| records[4] = json!({"event": "tea"})).await;
    let EngineError::Journal(JournalError::Damaged { what, .. }) = &back else {
        panic!("{back:?}")
    };
    assert!(what.starts_with("record 5: "), "{what}");
}

#[tokio::test]
async fn every_record_of_a_run_carries_its_time_and_no_run_of_another_name_is_touched() {
    let scenario = Scenario::sync();
    let plan = scenario.sound_plan().await;
    scenario.apply_to_the_end(&plan, "apply").await;
    let records = scenario.world.records(&scenario.last_run()).unwrap();
    assert_eq!(records.len(), scenario.world.state().records.len());
    let error = engine::History::read(&scenario.world, &"run-9".parse().unwrap()).unwrap_err();
    assert!(matches!(error, EngineError::NoSuchRun(_)), "{error}");
    let history = engine::History::read(&scenario.world, &scenario.last_run()).unwrap();
    assert_eq!((history.plan, history.records), (plan, records.len()));
}
