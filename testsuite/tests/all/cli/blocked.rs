//! What stands in the way of a conversion and can be known beforehand: a finding that blocks the plan.

use super::answer::REFUSED;
use super::refusals::{Case, NOTHING, set};
use super::scene::Scene;
use crate::rig::Rig;

/// What a plan is blocked by; the kind is the finding.
const BLOCKED: &[Case] = &[
    Case {
        edits: &[("conversion.toml", "[\"MIMSYNC01\"]", "[\"MIMSYNC02\"]")],
        kind: "GMSA-010",
        says: &["MIMSYNC02", "not in the inventory", "doctor"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "\"sync\"", "\"exchange\"")],
        kind: "GMSA-011",
        says: &["exchange", "no component", "known are: sync"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "\"sync\"", "\"portal\"")],
        kind: "GMSA-014",
        says: &["portal", "SharePoint"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "MIMSyncGMSAsvc", "MIMSYNC01")],
        kind: "GMSA-030",
        says: &["MIMSYNC01$", "belongs to CN=MIMSYNC01,", "another name"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "port = 2201", "port = 9")],
        kind: "GMSA-070",
        says: &["MIMSYNC01", "port 9", "refused", "firewall"],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "\"mimsync01.contoso.com\" = \"127.0.0.1\"",
            "",
        )],
        kind: "GMSA-070",
        says: &[
            "cannot reach mimsync01.contoso.com",
            "lookup address",
            "check name",
        ],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"gmsactl-agent\"", "\"other-agent\"")],
        kind: "GMSA-070",
        says: &[
            "refused to start subsystem",
            "other-agent",
            "Subsystem line",
        ],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"ssh/known_hosts\"", "\"ca.pem\"")],
        kind: "GMSA-070",
        says: &["host key", "is not known", "SHA256:", "ssh-keygen -lf"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"ssh/known_hosts\"", "\"changed_hosts\"")],
        kind: "GMSA-070",
        says: &["host key", "has changed", "line 1", "somebody in between"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"ssh/id_ed25519\"", "\"none\"")],
        kind: "GMSA-070",
        says: &["cannot read the private key", "estate.toml"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"ssh/id_ed25519\"", "\"ca.pem\"")],
        kind: "GMSA-070",
        says: &["cannot read the private key", "estate.toml"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "user = \"root\"", "user = \"nobody\"")],
        kind: "GMSA-070",
        says: &["refused nobody", "sshd log"],
        ..NOTHING
    },
];

#[test]
fn what_stands_in_the_way_is_a_finding_and_blocks() {
    let changed = changed_known_hosts();
    for case in BLOCKED {
        let scene = Scene::new();
        scene.plan();
        scene.write("changed_hosts", &changed);
        set(&scene, case);
        let planned = scene
            .json(&["plan", "--out", "blocked.json"])
            .ended(REFUSED);
        let document = planned.json();
        let findings = document["findings"].as_array().unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding["severity"] == "blocks"),
            "{planned}"
        );
        let found = findings.iter().find(|finding| finding["id"] == case.kind);
        let text = found
            .unwrap_or_else(|| panic!("no {}: {planned}", case.kind))
            .to_string();
        for words in case.says {
            assert!(text.contains(words), "not said: {words:?}; {text}");
        }
        let shown = scene.run(&["plan"]).ended(REFUSED);
        assert!(
            shown.stdout.contains(case.kind) && shown.stdout.contains("Blocked by"),
            "{shown}"
        );

        let applied = scene
            .json(&["apply", "blocked.json"])
            .refusal("blocked", &["blocked by"]);
        assert_eq!(
            (&applied["outcome"], &applied["run"]),
            (&"refused".into(), &().into())
        );
        assert!(!applied["findings"].as_array().unwrap().is_empty());
        assert!(scene.runs().is_empty());
    }
}

/// The rig's host, with the key of somebody else.
fn changed_known_hosts() -> String {
    let known = Rig::get().path("RIG_ESTATE").with_file_name("ssh");
    let other = std::fs::read_to_string(known.join("id_ed25519.pub")).unwrap();
    format!("[mimsync01.contoso.com]:2201 {other}")
}
