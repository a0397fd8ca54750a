//! gmsactl killed by SIGKILL at a record of its journal: whatever the record, resuming and rolling back end clean.
//!
//! Here at a sample of the records. `cargo xtask kill` runs the same test at all of them: it sets
//! `GMSACTL_KILL_EVERY` to 1, or to N for every Nth record, and shows the table that is printed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use journal_sqlite::SqliteJournal;
use model::ports::Journal;
use model::run::Event;
use serde_json::Value;

use super::answer::DONE;
use super::dump::Dump;
use super::scene::Scene;

const SIGKILL: i32 = 9;

/// Which command is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Killed {
    Apply,
    Rollback,
}

/// How the run is ended after that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// `apply` again, `verify`, and then back.
    Resume,
    /// `rollback` at once.
    RollBack,
}

/// One death and one ending.
struct Case {
    killed: Killed,
    /// `before` the record is written, or `after`.
    side: &'static str,
    /// From 1, counted in the process that is killed.
    record: usize,
    /// What the record says.
    event: String,
    ending: Ending,
}

#[test]
fn killed_at_any_record_it_ends_clean() {
    let scene = Scene::new();
    let before = Dump::take();
    let every = std::env::var("GMSACTL_KILL_EVERY")
        .ok()
        .map(|every| every.parse().unwrap());
    scene.plan();
    let cases = cases(&scene, every);
    before.assert_unchanged();

    let began = Instant::now();
    let mut failed = Vec::new();
    for case in &cases {
        let since = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| case.run(&scene, &before)));
        println!(
            "{:<8} {case} {:.1} s",
            if outcome.is_ok() {
                "clean"
            } else {
                "NOT CLEAN"
            },
            since.elapsed().as_secs_f64()
        );
        if outcome.is_err() {
            failed.push(case.to_string());
            repair(&scene);
            before.assert_unchanged();
        }
    }
    println!(
        "{} of {} clean, {} s",
        cases.len() - failed.len(),
        cases.len(),
        began.elapsed().as_secs()
    );
    assert!(failed.is_empty(), "not clean:\n{}", failed.join("\n"));
}

/// All cases at every Nth record, or a sample spread over both commands.
fn cases(scene: &Scene, every: Option<usize>) -> Vec<Case> {
    let (applied, rolled_back) = whole_run(scene);
    let mut cases = Vec::new();
    let mut add = |killed, side, record: usize, ending| {
        let events = if killed == Killed::Apply {
            &applied
        } else {
            &rolled_back
        };
        cases.push(Case {
            killed,
            side,
            record,
            event: events[record - 1].clone(),
            ending,
        });
    };
    let Some(every) = every else {
        let at = |tenths: usize| applied.len() * tenths / 10;
        add(Killed::Apply, "before", at(3), Ending::RollBack);
        add(Killed::Apply, "after", at(5), Ending::Resume);
        add(Killed::Apply, "before", at(7), Ending::Resume);
        add(Killed::Apply, "after", at(8), Ending::RollBack);
        add(
            Killed::Rollback,
            "before",
            rolled_back.len() / 4,
            Ending::RollBack,
        );
        return cases;
    };
    for side in ["before", "after"] {
        for record in (1..=applied.len()).step_by(every) {
            add(Killed::Apply, side, record, Ending::Resume);
            add(Killed::Apply, side, record, Ending::RollBack);
        }
        for record in (1..=rolled_back.len()).step_by(every) {
            add(Killed::Rollback, side, record, Ending::RollBack);
        }
    }
    cases
}

/// The records that an undisturbed `apply` writes, and those of its `rollback`.
fn whole_run(scene: &Scene) -> (Vec<String>, Vec<String>) {
    let run = scene.apply();
    let records = scene.runs()[0]["records"].as_u64().unwrap() as usize;
    scene.roll_back(&run);
    let journal = SqliteJournal::open(&scene.path("journal.sqlite")).unwrap();
    let mut applied: Vec<_> = journal
        .records(&run.parse().unwrap())
        .unwrap()
        .iter()
        .map(|record| name(&record.event))
        .collect();
    let rolled_back = applied.split_off(records);
    (applied, rolled_back)
}

/// Step and change, or the run's own change.
fn name(event: &Event) -> String {
    let event = serde_json::to_value(event).unwrap();
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("run")
            .to_owned()
    };
    format!("{} {}", text("/step"), text("/change/change"))
}

impl Case {
    fn run(&self, scene: &Scene, before: &Dump) {
        scene.remove_journal();
        let at = format!("{}:{}", self.side, self.record);
        let mut command = scene.gmsactl_that_dies(&at);
        match self.killed {
            Killed::Apply => command.args(["--json", "apply", "plan.json"]),
            Killed::Rollback => command.args(["--json", "rollback", &scene.apply()]),
        };
        let killed = scene.answer(&mut command);
        assert_eq!(killed.signal, Some(SIGKILL), "{killed}");
        assert!(killed.stdout.is_empty(), "{killed}");
        match (self.ending, scene.runs().first()) {
            (Ending::Resume, _) => resume(scene),
            (Ending::RollBack, Some(run)) => scene.roll_back(run["run"].as_str().unwrap()),
            (Ending::RollBack, None) => assert_eq!(at, "before:1", "no run was begun"),
        }
        before.assert_unchanged();
    }
}

fn resume(scene: &Scene) {
    let run = scene.apply();
    assert_eq!(scene.runs().len(), 1, "it went on with the same run");
    let verified = scene.json(&["verify", &run]).ended(DONE);
    assert_eq!(verified.json()["holds"], true, "{verified}");
    scene.roll_back(&run);
}

/// So that the next case begins where this one did.
fn repair(scene: &Scene) {
    for run in scene.runs() {
        scene.json(&["rollback", run["run"].as_str().unwrap()]);
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let killed = if self.killed == Killed::Apply {
            "apply"
        } else {
            "rollback"
        };
        let ending = if self.ending == Ending::Resume {
            "apply again"
        } else {
            "rollback"
        };
        let Self {
            side,
            record,
            event,
            ..
        } = self;
        write!(
            f,
            "{killed:<8} killed {side:<6} record {record:>2} ({event}), then {ending}"
        )
    }
}
