//! Journals that cannot be used, runs that are not there, and a journal that another run holds.

use std::fs;

use super::agent_between::ALWAYS;
use super::answer::DONE;
use super::dump::Dump;
use super::scene::Scene;

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    let run = scene.apply();
    scene.roll_back(&run);
    let whole = fs::read(scene.path("journal.sqlite")).unwrap();
    let mut other_header = whole.clone();
    other_header[..16].copy_from_slice(b"SQLite format 9\0");
    let mut holes = whole.clone();
    let middle = (holes.len() / 2) & !4095;
    holes[middle..middle + 4096].fill(0xaa);
    for damaged in [
        &whole[..whole.len() - 5000],
        &whole[..50],
        b"",
        b"{}",
        &other_header,
        &holes,
    ] {
        scene.write("journal.sqlite", damaged);
        for verb in [
            &["runs"][..],
            &["runs", &run],
            &["verify", &run],
            &["rollback", &run],
            &["apply", "plan.json"],
        ] {
            let says = [
                "journal.sqlite is damaged or no journal",
                "left as it is",
                "copy",
            ];
            scene.json(verb).refusal("journal", &says);
            assert!(
                fs::read(scene.path("journal.sqlite")).unwrap() == damaged,
                "{verb:?} changed it"
            );
        }
    }
    scene.write("journal.sqlite", &whole);
    assert_eq!(scene.runs()[0]["outcome"], "unwound");
    before.assert_unchanged();
}

#[test]
fn a_journal_that_cannot_be_written_is_refused() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    scene.write("file", "");
    // Root may write everywhere: only what is no folder stands in its way.
    for path in ["file/journal.sqlite", "/proc/journal.sqlite", "/"] {
        for verb in [&["runs"][..], &["apply", "plan.json"]] {
            let said = scene.json(&[verb, &["--state", path]].concat());
            said.refusal("journal", &["rights"]);
        }
    }
    before.assert_unchanged();
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let scene = Scene::new();
    for verb in ["runs", "verify", "rollback"] {
        let says = ["no run 20200101-000000-0000", "gmsactl runs", "--state"];
        scene
            .json(&[verb, "20200101-000000-0000"])
            .refusal("no-such-run", &says);
    }
}

#[test]
fn one_run_at_a_time() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    scene.agent_does("wait", "stop_service", ALWAYS);
    let first = scene.start(&["apply", "plan.json"]);
    let holder = format!("on {} (process {})", machine(), first.id());
    scene.until_agent_waits();
    for verb in [["apply", "plan.json"], ["rollback", &only_run(&scene)]] {
        let says = [&holder[..], "works on this estate since 20", "wait until"];
        scene.json(&verb).refusal("locked", &says);
    }
    scene.agent_goes_on();
    let first = first.answer().ended(DONE);
    assert_eq!(first.text("/outcome"), "done");
    scene.roll_back(&first.text("/run"));
    before.assert_unchanged();
}

fn only_run(scene: &Scene) -> String {
    scene.runs()[0]["run"].as_str().unwrap().to_owned()
}

fn machine() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .unwrap()
        .trim()
        .to_owned()
}
