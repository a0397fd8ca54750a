//! Wrong estates, intents and passwords: each is refused with its cause and what to do, and changes nothing.

use rcgen::generate_simple_self_signed;

use super::answer::REFUSED;
use super::dump::Dump;
use super::scene::Scene;

/// What is wrong, and what is said about it.
struct Case {
    /// Texts replaced: file, from, to.
    edits: &'static [(&'static str, &'static str, &'static str)],
    /// Files replaced.
    files: &'static [(&'static str, &'static str)],
    /// Further options.
    options: &'static [&'static str],
    /// The error's kind, or the finding's id.
    kind: &'static str,
    /// Words among message, causes and hint.
    says: &'static [&'static str],
}

const NOTHING: Case = Case {
    edits: &[],
    files: &[],
    options: &[],
    kind: "",
    says: &[],
};

/// What `plan` and `apply` refuse, since both ask the directory first.
const UNREACHED: &[Case] = &[
    Case {
        files: &[("Administrator.password", "wrong\n")],
        kind: "credential",
        says: &[
            "Administrator@CONTOSO.COM cannot log on",
            "password or key is wrong",
            "lock-out",
        ],
        ..NOTHING
    },
    Case {
        files: &[("Administrator.password", "")],
        kind: "credential",
        says: &[
            "Administrator.password is empty",
            "password of Administrator",
        ],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "\"Administrator.password\"",
            "\"none.password\"",
        )],
        kind: "credential",
        says: &["none.password", "No such file", "path"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "\"Administrator\"", "\"nobody-at-all\"")],
        kind: "credential",
        says: &["nobody-at-all@CONTOSO.COM cannot log on", "user's name"],
        ..NOTHING
    },
    Case {
        options: &["--user", "Administrator"],
        kind: "not-configured",
        says: &["no password for Administrator", "--password-file"],
        ..NOTHING
    },
    Case {
        options: &["--domain", "fabrikam.com"],
        kind: "untrusted",
        says: &[
            "does not serve the realm of Administrator@FABRIKAM.COM",
            "check the domain's name",
        ],
        ..NOTHING
    },
    Case {
        options: &["--server", "dc9.contoso.com"],
        kind: "unreachable",
        says: &["address of dc9.contoso.com is not known", "[addresses]"],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "\"dc1.contoso.com\" = \"127.0.0.1\"",
            "\"dc1.contoso.com\" = \"127.0.0.1:9\"",
        )],
        kind: "unreachable",
        says: &[
            "cannot connect to dc1.contoso.com at 127.0.0.1:9",
            "refused",
            "firewall",
        ],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "\"dc1.contoso.com\" = \"127.0.0.1\"",
            "\"dc1.contoso.com\" = \"here\"",
        )],
        kind: "unreachable",
        says: &["\"here\" under [addresses] is no IP address"],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "transport = \"sealed\"",
            "transport = \"ldaps\"",
        )],
        kind: "not-supported",
        says: &["channel binding", "sealed"],
        ..NOTHING
    },
    Case {
        options: &["--auth", "simple"],
        files: &[("ca.pem", "no certificate")],
        kind: "untrusted",
        says: &["there is none in the PEM text", "PEM form"],
        ..NOTHING
    },
    Case {
        options: &["--auth", "simple", "--ca-file", "none.pem"],
        kind: "estate",
        says: &["none.pem", "No such file", "path"],
        ..NOTHING
    },
    Case {
        edits: &[("estate.toml", "port = 2201", "prot = 2201")],
        kind: "estate",
        says: &["estate.toml", "line 21", "unknown field `prot`"],
        ..NOTHING
    },
    Case {
        edits: &[(
            "estate.toml",
            "password = { file = \"Administrator.password\" }",
            "password = \"Secret1\"",
        )],
        kind: "estate",
        says: &["estate.toml", "password"],
        ..NOTHING
    },
    Case {
        files: &[("mimsync01.keytab", "no keytab")],
        kind: "estate",
        says: &["machine-keytab", "MIMSYNC01", "cannot be used"],
        ..NOTHING
    },
];

#[test]
fn a_directory_that_cannot_be_asked_is_refused() {
    let before = Dump::take();
    for case in UNREACHED {
        let scene = Scene::new();
        let fingerprint = scene.plan()["fingerprint"].clone();
        set(&scene, case);
        for verb in [
            &["plan"][..],
            &["discover"],
            &["apply", "plan.json"],
            &["account", "show", "svc-mimsync"],
        ] {
            scene
                .json(&[verb, case.options].concat())
                .refusal(case.kind, case.says);
        }
        for_people(&scene, &[&["plan"], case.options].concat());
        let healthy = scene.json(&[&["doctor"], case.options].concat());
        assert!(
            healthy.code == Some(REFUSED) && healthy.json().is_object(),
            "{healthy}"
        );
        drop(scene);
        assert_eq!(Scene::new().plan()["fingerprint"], fingerprint);
    }
    before.assert_unchanged();
}

#[test]
fn an_unknown_authority_is_refused() {
    let scene = Scene::new();
    scene
        .json(&["plan", "--auth", "simple"])
        .ended(super::answer::CHANGES);
    let other = generate_simple_self_signed(["other.contoso.com".to_owned()]).unwrap();
    scene.write("ca.pem", other.cert.pem());
    let says = ["signed by an unknown authority", "ca-file"];
    scene
        .json(&["plan", "--auth", "simple"])
        .refusal("untrusted", &says);
}

/// Intents that cannot be read.
const INTENTS: &[Case] = &[
    Case {
        edits: &[("conversion.toml", "MIMSyncGMSAsvc", "MIMSyncGMSAservice")],
        kind: "intent",
        says: &["conversion.toml", "line 6", "longer than 14 characters"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "retrieval-group", "retrieval-groups")],
        kind: "intent",
        says: &[
            "conversion.toml",
            "line 7",
            "unknown field `retrieval-groups`",
        ],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "\"direct\"", "\"guided\"")],
        kind: "intent",
        says: &["line 8", "unknown variant `guided`"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "format = 1", "format = 2")],
        kind: "intent",
        says: &["format is 2"],
        ..NOTHING
    },
    Case {
        files: &[("conversion.toml", "\u{feff}]")],
        kind: "intent",
        says: &["line 1"],
        ..NOTHING
    },
    Case {
        options: &["--intent", "none.toml"],
        kind: "intent",
        says: &["none.toml", "No such file", "path"],
        ..NOTHING
    },
    Case {
        options: &["--inventory", "estate.toml"],
        kind: "inventory",
        says: &["estate.toml", "no inventory", "gmsactl discover --out"],
        ..NOTHING
    },
];

#[test]
fn an_intent_that_cannot_be_read_is_refused_at_its_line() {
    for case in INTENTS {
        let scene = Scene::new();
        set(&scene, case);
        scene
            .json(&[&["plan"], case.options].concat())
            .refusal(case.kind, case.says);
        for_people(&scene, &[&["plan"], case.options].concat());
    }
}

/// What a plan is blocked by; the kind is the finding.
const BLOCKED: &[Case] = &[
    Case {
        edits: &[("conversion.toml", "[\"MIMSYNC01\"]", "[\"MIMSYNC02\"]")],
        kind: "GMSA-010",
        says: &["MIMSYNC02", "not in the inventory", "doctor"],
        ..NOTHING
    },
    Case {
        edits: &[("conversion.toml", "\"sync\"", "\"portal\"")],
        kind: "GMSA-011",
        says: &["portal", "no component", "known are: sync"],
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
    let known = crate::rig::Rig::get()
        .path("RIG_ESTATE")
        .with_file_name("ssh");
    let other = std::fs::read_to_string(known.join("id_ed25519.pub")).unwrap();
    format!("[mimsync01.contoso.com]:2201 {other}")
}

/// Passwords of the old account: proved before anything is touched.
#[test]
fn a_run_without_the_old_accounts_password_is_not_begun() {
    let before = Dump::take();
    let wrong = [
        "svc-mimsync does not log on",
        "password or key is wrong",
        "nothing was touched",
    ];
    let missing = [
        "password of CONTOSO\\svc-mimsync is missing",
        "export-key-set",
        "[[credential]]",
    ];
    let scene = Scene::new();
    scene.plan();
    scene.write("svc-mimsync.password", "wrong\n");
    refused_before_it_began(&scene, &wrong);
    for_people(&scene, &["apply", "plan.json"]);

    scene.edit("estate.toml", "[[credential]]\naccount = 'CONTOSO\\svc-mimsync'\npassword = { file = \"svc-mimsync.password\" }\n", "");
    refused_before_it_began(&scene, &missing);
    let plan = scene.plan();
    let switch = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["kind"] == "set-logon-account");
    assert_eq!(switch.unwrap()["reversible"], "credential");
    refused_before_it_began(&scene, &missing);
    scene
        .json(&["apply", "plan.json", "--accept-no-way-back"])
        .refusal("credential", &missing);
    before.assert_unchanged();
}

fn refused_before_it_began(scene: &Scene, says: &[&str]) {
    let refused = scene
        .json(&["apply", "plan.json"])
        .refusal("credential", says);
    assert_eq!(refused["outcome"], "refused");
    assert!(scene.runs().is_empty());
}

/// A rollback needs the old account's password as well.
#[test]
fn a_rollback_with_a_wrong_password_touches_nothing() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.plan();
    let run = scene.apply();
    let converted = Dump::take();
    scene.write("svc-mimsync.password", "wrong\n");
    scene
        .json(&["rollback", &run])
        .refusal("credential", &["does not log on", "nothing was touched"]);
    converted.assert_unchanged();
    assert_eq!(scene.runs()[0]["outcome"], "done");
    scene.write(
        "svc-mimsync.password",
        crate::rig::Rig::get().bytes("RIG_SYNC_PASSWORD_FILE"),
    );
    scene.roll_back(&run);
    before.assert_unchanged();
}

fn set(scene: &Scene, case: &Case) {
    for (file, from, to) in case.edits {
        scene.edit(file, from, to);
    }
    for (name, content) in case.files {
        scene.write(name, content);
    }
}

/// Without `--json` the same is said on standard error, with what to do.
fn for_people(scene: &Scene, arguments: &[&str]) {
    let said = scene.run(arguments).ended(REFUSED);
    assert!(said.stdout.is_empty(), "{said}");
    assert!(
        said.stderr.contains("error: ") && said.stderr.contains("what to do: "),
        "{said}"
    );
}
