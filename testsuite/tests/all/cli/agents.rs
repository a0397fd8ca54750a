//! Agents that are none, of another version, or end when they are needed.

use super::agent_between::ALWAYS;
use super::answer::{DONE, REFUSED, STUCK, UNWOUND};
use super::dump::Dump;
use super::scene::Scene;
use crate::rig::Rig;

/// No agent at all: program, and words of the finding.
const NO_AGENT: &[(&[&str], &[&str])] = &[
    (
        &["/bin/true"],
        &[
            "closed the connection during \\\"hello\\\"",
            "exit code 0",
            "by hand",
        ],
    ),
    (
        &["/bin/sh", "-c", "echo no licence >&2; exit 7"],
        &["exit code 7", "no licence"],
    ),
    (
        &["/bin/echo", "Microsoft Windows [Version 10.0.20348]"],
        &["is not understood", "Micr", "nothing prints before it"],
    ),
    // Our own question comes back.
    (
        &["/bin/cat"],
        &[
            "the agent's answer to \\\"hello\\\" is not understood",
            "frame header is not a message",
            "nothing prints before it",
        ],
    ),
    (
        &["/nonexistent/agent"],
        &[
            "cannot start /nonexistent/agent",
            "No such file",
            "command in estate.toml",
        ],
    ),
];

#[test]
fn what_is_no_agent_is_named_and_blocks() {
    let scene = Scene::new();
    for (command, says) in NO_AGENT {
        scene.agent_is(command);
        says_why_it_is_blocked(&scene, says, says);
    }
    // A plan reads everything of a host in one exchange, doctor one thing after the other.
    scene.agent_does("garbage", "services", ALWAYS);
    says_why_it_is_blocked(
        &scene,
        &[
            "the agent's answer to \\\"read ",
            " things at once\\\" is not understood",
            "Micr",
        ],
        &[
            "the agent's answer to \\\"list the services\\\" is not understood",
            "Micr",
        ],
    );
    scene.agent_does("version-9", "hello", ALWAYS);
    let ours = agent_protocol::PROTOCOL_VERSION;
    let newer = format!("speaks protocol 9, this side {ours}: it is newer");
    let versions = [
        "the agent (0.",
        newer.as_str(),
        "use the gmsactl that this agent came with",
        "gmsactl agent deploy",
    ];
    says_why_it_is_blocked(&scene, &versions, &versions);
}

/// The words of the finding that blocks the plan, and those of doctor.
fn says_why_it_is_blocked(scene: &Scene, plan_says: &[&str], doctor_says: &[&str]) {
    let planned = scene.json(&["plan"]).ended(REFUSED);
    let document = planned.json();
    let gap = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == "GMSA-070");
    let gap = gap.unwrap_or_else(|| panic!("{planned}")).to_string();
    let doctor = scene.json(&["doctor"]).ended(REFUSED).stdout;
    for words in plan_says {
        assert!(gap.contains(words), "not said: {words:?}; {gap}");
    }
    for words in doctor_says {
        assert!(
            doctor.contains(words),
            "not said by doctor: {words:?}; {doctor}"
        );
    }
}

#[test]
fn a_host_without_the_service_is_named_and_blocks() {
    let scene = Scene::new();
    scene.agent_does("hide-service", "services", ALWAYS);
    let planned = scene.json(&["plan"]).ended(REFUSED);
    let document = planned.json();
    let finding = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == "GMSA-012");
    let finding = finding.unwrap_or_else(|| panic!("{planned}"));
    assert_eq!(finding["severity"], "blocks");
    assert_eq!(
        finding["what"],
        "there is no service FIMSynchronizationService on it"
    );
}

/// One lost answer: the change is read back, and the run goes on.
#[test]
fn a_lost_answer_is_read_back() {
    for (action, request) in [
        ("close-after", "set_logon_account"),
        ("close-before", "set_logon_account"),
        ("close-after", "stop_service"),
        ("close-after", "run"),
        ("close-after", "start_service"),
    ] {
        let scene = Scene::new();
        let before = Dump::take();
        scene.plan();
        scene.agent_does(action, request, 1);
        let applied = scene.json(&["apply", "plan.json"]).ended(DONE);
        scene.assert_agent_misbehaved();
        let run = applied.text("/run");
        assert_eq!(
            scene.json(&["verify", &run]).ended(DONE).json()["holds"],
            true
        );
        scene.agent_does(action, request, 1);
        scene.roll_back(&run);
        scene.assert_agent_misbehaved();
        before.assert_unchanged();
    }
}

/// A host that is lost for good while nothing of it was changed: the directory is taken back.
#[test]
fn a_host_lost_before_its_change_unwinds() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    scene.agent_does("close-before", "metadata", ALWAYS);
    let applied = scene.json(&["apply", "plan.json"]).ended(UNWOUND);
    scene.assert_agent_misbehaved();
    let report = applied.json();
    assert_eq!(report["outcome"], "unwound", "{applied}");
    let steps = report["steps"].as_array().unwrap();
    let failed = steps
        .iter()
        .find(|step| step["id"] == "sync/export-key-set:MIMSYNC01")
        .unwrap();
    assert!(
        failed.to_string().contains("closed the connection during"),
        "{failed}"
    );
    before.assert_unchanged();
}

/// A host that is lost for good in the middle: the run is stuck, says what to type, and that ends it clean.
#[test]
fn a_host_lost_in_the_middle_leaves_a_run_that_can_be_taken_back() {
    for (action, request) in [
        ("close-before", "start_service"),
        ("close-after", "set_managed_account"),
    ] {
        let scene = Scene::new();
        let before = Dump::take();
        scene.plan();
        scene.agent_does(action, request, ALWAYS);
        let applied = scene.run(&["apply", "plan.json"]).ended(STUCK);
        scene.assert_agent_misbehaved();
        let run = scene.runs()[0].clone();
        assert_eq!(
            (&run["outcome"], &run["open"]),
            (&"stuck".into(), &true.into())
        );
        let run = run["run"].as_str().unwrap();
        assert!(
            applied.stdout.contains(&format!("gmsactl rollback {run}")),
            "{applied}"
        );
        scene.json(&["rollback", run]).ended(STUCK);
        scene.write("estate.toml", Rig::get().bytes("RIG_ESTATE"));
        scene.roll_back(run);
        before.assert_unchanged();
    }
}
