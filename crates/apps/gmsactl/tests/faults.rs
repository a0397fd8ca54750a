//! Every named fault of the lab: what Windows shows, what gmsactl says before, and what becomes of a run after.
//!
//! `docs/faults.md` says the same in words.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod started_lab;
mod symptoms;

use lab::DirectoryFault;
use lab::hosts::NamedFault;
use serde_json::Value;
use started_lab::{StartedLab, document, gmsactl};
use symptoms::{Estate, Symptom};

/// One fault.
struct Row {
    name: &'static str,
    symptom: Symptom,
    before: Before,
    after: After,
}

/// What `plan` says when the fault is there first.
enum Before {
    /// It can be seen, and blocks: this finding, or this kind of error.
    Blocks(&'static str),
    /// This finding tells that it may go wrong.
    Warns(&'static str),
    /// The plan has this step to make it right.
    Step(&'static str),
    /// Nothing shows it.
    Unseen,
}

/// What becomes of a run when the fault comes between plan and apply.
enum After {
    /// It comes through, once this was done by hand.
    Done(&'static str),
    /// It waits with these words for as long as the fault is there; `rollback` takes everything back.
    Waits(&'static str),
    /// It fails with these words, and everything is taken back.
    Unwound(&'static str),
    /// It is not begun, with these words.
    Refused(&'static str),
    /// It cannot go back at once; once the host is up, `rollback` takes everything back.
    Stuck(&'static str),
}

const fn start(code: u32, event: u32) -> Symptom {
    Symptom::Start {
        code,
        specific: None,
        event,
    }
}

const PURGE: &str = "On MIMSYNC01: klist -li 0x3e7 purge";

const ROWS: &[Row] = &[
    Row {
        name: "kds-key-not-effective",
        symptom: Symptom::NoGmsa,
        before: Before::Warns("GMSA-002"),
        after: After::Done("Waited until "),
    },
    Row {
        name: "host-not-in-group",
        symptom: start(1069, 7038),
        before: Before::Step("sync/add-member:MIMSYNC01"),
        after: After::Unwound("MIMSYNC01$ is not a member of MIMSync_Servers"),
    },
    Row {
        name: "spn-duplicate",
        symptom: Symptom::TwoHolders,
        before: Before::Blocks("GMSA-020"),
        after: After::Refused("holders: was svc-mimsync, is svc-forgotten, svc-mimsync"),
    },
    Row {
        name: "controller-clock-off",
        symptom: Symptom::NoLogOn("the clocks differ by"),
        before: Before::Blocks("credential"),
        after: After::Refused("GMSA-005 dc1.contoso.com"),
    },
    Row {
        name: "replication-lag",
        symptom: Symptom::Unknown,
        before: Before::Unseen,
        after: After::Waits("the domain has no such account (not replicated yet?)"),
    },
    Row {
        name: "kds-key-missing-on-one",
        symptom: start(1069, 7038),
        before: Before::Warns("GMSA-002"),
        after: After::Waits("dc2.contoso.com has no KDS root key"),
    },
    Row {
        name: "token-stale",
        symptom: start(1069, 7038),
        before: Before::Unseen,
        after: After::Done(PURGE),
    },
    Row {
        name: "right-taken-by-policy",
        symptom: start(1069, 7041),
        before: Before::Blocks("GMSA-062"),
        after: After::Refused("GMSA-062"),
    },
    Row {
        name: "disk-full",
        symptom: Symptom::Tool("112 ERROR_DISK_FULL"),
        before: Before::Unseen,
        after: After::Unwound("112 ERROR_DISK_FULL"),
    },
    Row {
        name: "stored-passwords-wrong",
        symptom: Symptom::OldStart {
            code: 1069,
            event: 7038,
        },
        before: Before::Unseen,
        after: After::Done(PURGE),
    },
    Row {
        name: "clock-off",
        symptom: start(1069, 7038),
        before: Before::Blocks("GMSA-005"),
        after: After::Refused("GMSA-005 mimsync01.contoso.com"),
    },
    Row {
        name: "sql-right-missing",
        symptom: Symptom::Start {
            code: 1066,
            specific: Some(18_456),
            event: 7024,
        },
        before: Before::Step("sync/grant-database-access:FIMSynchronizationService"),
        after: After::Done(PURGE),
    },
    Row {
        name: "key-set-password-wrong",
        symptom: Symptom::Tool("unknown user name or bad password"),
        before: Before::Unseen,
        after: After::Unwound("unknown user name or bad password"),
    },
    Row {
        name: "restart-in-the-middle",
        symptom: Symptom::Restarts,
        before: Before::Unseen,
        after: After::Stuck("the agent closed the connection"),
    },
];

#[test]
fn the_table_has_every_fault() {
    let directory = DirectoryFault::ALL.iter().map(|(name, _)| *name);
    let all: Vec<_> = directory
        .chain(NamedFault::ALL.iter().map(|(name, _)| *name))
        .collect();
    let rows: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(rows, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_shows_its_own_symptom() {
    for row in ROWS {
        let estate = Estate::start(row.name).await;
        estate.shows(row.name, &row.symptom).await;
    }
}

#[test]
fn a_plan_made_with_the_fault_says_what_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let intent = folder.path().join("conversion.toml");
    std::fs::write(&intent, started_lab::CONVERSION).unwrap();
    let intent = intent.to_str().unwrap();
    for row in ROWS {
        let lab = StartedLab::start_with(&folder.path().join(row.name), &["--faults", row.name]);
        let output = lab.run(&["plan", "--intent", intent]);
        let plan = document(&output);
        let listed = |list: &str, id: &str| {
            let list = plan[list].as_array().cloned().unwrap_or_default();
            list.iter().find(|item| item["id"] == id).cloned()
        };
        let exit = match row.before {
            Before::Blocks(id) => {
                let blocks = |finding: Value| finding["severity"] == "blocks";
                let seen =
                    listed("findings", id).is_some_and(blocks) || plan["error"]["kind"] == id;
                assert!(seen, "{}: {plan:#}", row.name);
                1
            }
            Before::Warns(id) => {
                assert!(listed("findings", id).is_some(), "{}: {plan:#}", row.name);
                2
            }
            Before::Step(id) => {
                assert!(listed("steps", id).is_some(), "{}: {plan:#}", row.name);
                2
            }
            Before::Unseen => 2,
        };
        assert_eq!(output.status.code(), Some(exit), "{}: {plan:#}", row.name);
    }
}

#[test]
fn a_run_with_the_fault_ends_clean_and_says_why() {
    let planned = started_lab::Planned::new();
    let output = gmsactl(&["--json", "rehearse"])
        .arg(planned.path("plan.json"))
        .arg("--all-faults")
        .output()
        .unwrap();
    let document = document(&output);
    assert_eq!(output.status.code(), Some(0), "{document:#}");
    for row in ROWS {
        let runs = document["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["fault"] == row.name).unwrap();
        let said = |field: &str, words: &str| {
            assert!(run[field].to_string().contains(words), "{field}: {run:#}");
        };
        assert_eq!(run["clean"], true, "{run:#}");
        assert_eq!(run["differences"], serde_json::json!([]), "{run:#}");
        let outcome = match row.after {
            After::Done(by_hand) => {
                assert_eq!(run["verified"], true, "{run:#}");
                said("by_hand", by_hand);
                "done"
            }
            After::Waits(why) => {
                said("why", why);
                said("why", "apply the plan again");
                assert_eq!(run["rolled_back"], "unwound", "{run:#}");
                "waiting"
            }
            After::Unwound(why) => {
                said("why", why);
                "unwound"
            }
            After::Refused(why) => {
                said("why", why);
                "refused"
            }
            After::Stuck(why) => {
                said("why", why);
                assert_eq!(run["rolled_back"], "unwound", "{run:#}");
                "stuck"
            }
        };
        assert_eq!(run["outcome"], outcome, "{run:#}");
    }
}
