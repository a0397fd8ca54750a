//! Wrong estates, intents and passwords: each is refused with its cause and what to do, and changes nothing.

use rcgen::generate_simple_self_signed;

use super::answer::REFUSED;
use super::dump::Dump;
use super::scene::Scene;

/// What is wrong, and what is said about it.
pub struct Case {
    /// Texts replaced: file, from, to.
    pub edits: &'static [(&'static str, &'static str, &'static str)],
    /// Files replaced.
    pub files: &'static [(&'static str, &'static str)],
    /// Further options.
    pub options: &'static [&'static str],
    /// The error's kind, or the finding's id.
    pub kind: &'static str,
    /// Words among message, causes and hint.
    pub says: &'static [&'static str],
}

/// For what a case leaves out.
pub const NOTHING: Case = Case {
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
        edits: &[("conversion.toml", "\"direct\"", "\"silent\"")],
        kind: "intent",
        says: &["line 8", "unknown variant `silent`"],
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

/// Makes a scene wrong as the case says.
pub fn set(scene: &Scene, case: &Case) {
    for (file, from, to) in case.edits {
        scene.edit(file, from, to);
    }
    for (name, content) in case.files {
        scene.write(name, content);
    }
}

/// Without `--json` the same is said on standard error, with what to do.
pub fn for_people(scene: &Scene, arguments: &[&str]) {
    let said = scene.run(arguments).ended(REFUSED);
    assert!(said.stdout.is_empty(), "{said}");
    assert!(
        said.stderr.contains("error: ") && said.stderr.contains("what to do: "),
        "{said}"
    );
}
