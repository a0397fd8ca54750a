//! `kds derive` against published values, without a directory.

use std::process::Command;

use serde_json::{Value, json};

use super::answer::{Answer, DONE, USAGE};
use super::binaries;

/// The published vectors of a kind; there is at least one.
pub fn vectors(kind: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../../vectors/gmsa.json")).unwrap();
    let all = file["vectors"].as_array().unwrap();
    let of_kind: Vec<_> = all
        .iter()
        .filter(|vector| vector["kind"] == kind)
        .cloned()
        .collect();
    assert!(!of_kind.is_empty(), "no vector of kind {kind}");
    of_kind
}

/// Options for a vector: its root key in a file, its SID.
struct Derivation {
    folder: tempfile::TempDir,
    options: Vec<String>,
}

impl Derivation {
    fn of(inputs: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key.hex"), text(inputs, "root_key_data")).unwrap();
        let options = [
            "--root-key-data-file",
            "key.hex",
            "--root-key-id",
            text(inputs, "root_key_id"),
            "--kdf-hash",
            text(inputs, "kdf_hash"),
            "--sid",
            text(inputs, "sid"),
        ];
        Self {
            folder,
            options: options.map(str::to_owned).to_vec(),
        }
    }

    fn run(&self, more: &[&str]) -> Answer {
        let mut command = Command::new(binaries::gmsactl());
        command
            .args(["kds", "derive"])
            .args(&self.options)
            .args(more)
            .current_dir(self.folder.path());
        let output = command.output().unwrap();
        Answer::new(format!("{command:?}"), output)
    }

    fn json(&self, more: &[&str]) -> Answer {
        self.run(&[more, &["--json"]].concat())
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

fn indexes(inputs: &Value) -> Vec<String> {
    let values = inputs["gkid"].as_array().unwrap().iter();
    ["--l0", "--l1", "--l2"]
        .into_iter()
        .zip(values)
        .flat_map(|(flag, value)| [flag.to_owned(), value.to_string()])
        .collect()
}

#[test]
fn the_published_passwords_are_derived() {
    for vector in [
        vectors("gmsa_password"),
        vectors("gmsa_password_nul_unit_computed"),
    ]
    .concat()
    {
        let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
        let derivation = Derivation::of(inputs);
        let id = indexes(inputs);
        let id: Vec<_> = id.iter().map(String::as_str).collect();
        let first = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| expected[name].as_str())
                .unwrap()
                .to_owned()
        };
        let (password, nt_hash) = (
            first(&["password", "password_computed"]),
            first(&["nt_hash", "nt_hash_computed"]),
        );

        let hidden = derivation.json(&id).ended(DONE);
        let document = json!({ "root_key_id": inputs["root_key_id"], "group_key_id": inputs["gkid"], "nt_hash": nt_hash });
        assert_eq!(hidden.json(), document);
        let shown = derivation
            .json(&[&id[..], &["--danger-show-secret"]].concat())
            .ended(DONE)
            .json();
        assert_eq!(shown["password"], password);
        let for_people = derivation.run(&id).ended(DONE);
        assert!(
            for_people.stdout.contains(&nt_hash) && !for_people.stdout.contains(&password),
            "{for_people}"
        );
    }
}

#[test]
fn the_aes_keys_need_realm_name_and_consent() {
    let vector = &vectors("gmsa_password")[0];
    let derivation = Derivation::of(&vector["inputs"]);
    let id = indexes(&vector["inputs"]);
    let id: Vec<_> = id.iter().map(String::as_str).collect();
    let salt = &vectors("kerberos_salt")[0];
    let whose = [
        "--realm",
        text(&salt["inputs"], "realm"),
        "--name",
        text(&salt["inputs"], "sam_account_name"),
    ];

    let hidden = derivation
        .json(&[&id[..], &whose].concat())
        .ended(DONE)
        .json();
    assert!(
        hidden.get("aes256").is_none() && hidden.get("password").is_none(),
        "{hidden}"
    );
    let shown = derivation
        .json(&[&id[..], &whose, &["--danger-show-secret"]].concat())
        .ended(DONE)
        .json();
    assert_eq!(shown["salt"], salt["expected"]["salt"]);
    assert_eq!(
        (text(&shown, "aes256").len(), text(&shown, "aes128").len()),
        (64, 32)
    );
    derivation
        .json(&[&id[..], &whose[..2]].concat())
        .ended(USAGE);
}

#[test]
fn a_time_stands_for_its_interval() {
    let vector = &vectors("gmsa_password")[0];
    let derivation = Derivation::of(&vector["inputs"]);
    // 362 * 1024 + 23 intervals of 10 hours after 1601.
    let derived = derivation
        .json(&["--at", "2024-02-11T08:00:00Z"])
        .ended(DONE)
        .json();
    assert_eq!(derived["group_key_id"][0], 362);
    let again = derivation
        .json(&["--at", "2024-02-11T08:00:00.0000001Z"])
        .ended(DONE)
        .json();
    assert_eq!(again, derived);
}

#[test]
fn wrong_inputs_are_refused() {
    let vector = &vectors("gmsa_password")[0];
    let good = Derivation::of(&vector["inputs"]);
    good.json(&[]).ended(USAGE);
    for wrong in [
        &["--l0", "1", "--l1", "32", "--l2", "0"][..],
        &["--l0", "1", "--l1", "0", "--l2", "-1"],
        &["--l0", "-1", "--l1", "0", "--l2", "0"],
    ] {
        let said = good.json(wrong);
        assert!(
            matches!(said.code, Some(1 | USAGE)) && said.json()["error"]["message"].is_string(),
            "{said}"
        );
    }
    for content in ["", "0123", "not hex", &"00".repeat(65)] {
        std::fs::write(good.folder.path().join("key.hex"), content).unwrap();
        let says = ["key.hex", "msKds-RootKeyData, 64 bytes, in hex"];
        good.json(&["--l0", "362", "--l1", "0", "--l2", "23"])
            .refusal("root-key", &says);
    }
    std::fs::remove_file(good.folder.path().join("key.hex")).unwrap();
    let refused = good.json(&["--l0", "362", "--l1", "0", "--l2", "23"]);
    assert!(
        refused.code == Some(1) && refused.stdout.contains("No such file"),
        "{refused}"
    );
}
