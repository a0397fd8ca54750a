//! A key set of which only a sealed copy stays.

use model::run::Outcome;

use super::by_hand;
use super::fake_world::Fault;
use super::scenario::Scenario;

const FILE: &str = r"c:\mimbackup\miiskeys-1.bin";
const SEALED: &str = r"c:\mimbackup\miiskeys-1.bin.age";
const REMOVAL: &str = "sync/remove-key-set:MIMSYNC01";

fn files(scenario: &Scenario) -> Vec<String> {
    let state = scenario.world.state();
    let hosts = state.hosts.values();
    hosts.flat_map(|host| host.files.keys().cloned()).collect()
}

#[tokio::test]
async fn only_the_sealed_copy_is_left_and_the_way_back_asks_for_the_file() {
    let scenario = Scenario::sealed();
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    assert_eq!(plan.steps.last().unwrap().id.as_str(), REMOVAL);
    scenario.apply_to_the_end(&plan, "apply").await;
    assert_eq!(files(&scenario), [SEALED]);

    let converted = scenario.world.snapshot();
    let report = scenario.rollback_as_it_is(None).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stuck, "{report:?}");
    let mut steps = report.steps.iter();
    let stuck = steps.find(|step| step.status == "undo-failed").unwrap();
    assert_eq!(stuck.id.as_str(), "sync/hold-key-set:MIMSYNC01");
    let advice = stuck.advice.as_deref().unwrap();
    assert!(
        advice.contains(r"C:\MIMBackup\miiskeys-1.bin.age"),
        "{advice}"
    );
    scenario.world.snapshot().assert_is(&converted, "refused");

    by_hand::open_sealed(&mut scenario.world.state());
    scenario.rollback_to(&start, "opened").await;
}

#[tokio::test]
async fn a_failure_anywhere_before_its_end_unwinds_and_one_at_its_end_waits() {
    for n in 0.. {
        let scenario = Scenario::sealed();
        let start = scenario.world.snapshot();
        let plan = scenario.sound_plan().await;
        scenario.world.arm(Some(Fault::Write(n)));
        let report = scenario.apply(&plan).await.unwrap();
        let Some(what) = scenario.world.fired() else {
            assert!(n > 10, "only {n} writes to fail at");
            break;
        };
        let waits = report.steps.iter().find(|step| step.status == "waiting");
        match report.outcome {
            Outcome::Waiting => {
                assert_eq!(waits.unwrap().id.as_str(), REMOVAL, "{what}");
                assert_eq!(files(&scenario), [FILE, SEALED]);
                scenario.apply_to_the_end(&plan, &what).await;
                assert_eq!(files(&scenario), [SEALED]);
            }
            outcome => {
                assert_eq!(outcome, Outcome::Unwound, "{what}: {report:?}");
                scenario.world.snapshot().assert_is(&start, &what);
            }
        }
    }
}

/// The exported file is not removed where no whole sealed copy is in its place.
#[tokio::test]
async fn without_its_sealed_copy_the_exported_file_stays() {
    for (what, now) in [("gone", None), ("cut off", Some("[Recipient(age1"))] {
        let scenario = Scenario::sealed();
        let plan = scenario.sound_plan().await;
        scenario
            .world
            .arm(Some(Fault::Write(writes_of_a_run().await - 1)));
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{what}: {report:?}");
        let copy = {
            let mut state = scenario.world.state();
            let host = state.hosts.values_mut().next().unwrap();
            let copy = host.files.remove(SEALED).unwrap();
            let now = now.map(|content| (SEALED.to_owned(), content.to_owned()));
            host.files.extend(now);
            copy
        };
        scenario.world.arm(None);
        let report = scenario.apply(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Waiting, "{what}: {report:?}");
        assert!(files(&scenario).contains(&FILE.to_owned()), "{what}");
        {
            let mut state = scenario.world.state();
            let host = state.hosts.values_mut().next().unwrap();
            host.files.insert(SEALED.to_owned(), copy);
        }
        scenario.apply_to_the_end(&plan, what).await;
        assert_eq!(files(&scenario), [SEALED], "{what}");
    }
}

/// How many there are; the last one removes the file.
async fn writes_of_a_run() -> usize {
    let scenario = Scenario::sealed();
    let plan = scenario.sound_plan().await;
    scenario.world.arm(None);
    scenario.apply(&plan).await.unwrap();
    scenario.world.writes()
}
