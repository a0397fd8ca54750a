//! `decode` against published values, in hex and base64; and what is none.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::answer::{Answer, DONE};
use super::binaries;
use super::derive::vectors;

const KINDS: &[&str] = &["blob", "password-id", "security-descriptor", "root-key"];

fn decode(kind: &str, options: &[&str], input: &[u8]) -> Answer {
    let mut child = Command::new(binaries::gmsactl())
        .args(["decode", kind])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may stop reading before the end.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Answer::new(format!("decode {kind}"), output)
}

/// The same document, however the value is written.
fn document(kind: &str, hex_value: &str) -> Value {
    let bytes = hex::decode(hex_value).unwrap();
    let base64 = BASE64.encode(&bytes);
    let wrapped: String = base64
        .as_bytes()
        .chunks(64)
        .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
        .collect();
    let plain = decode(kind, &["--json"], hex_value.as_bytes())
        .ended(DONE)
        .json();
    for spelled in [
        hex_value.to_uppercase(),
        format!("  {hex_value}\n"),
        base64,
        wrapped,
    ] {
        assert_eq!(
            decode(kind, &["--json"], spelled.as_bytes())
                .ended(DONE)
                .json(),
            plain
        );
    }
    plain
}

#[test]
fn blobs() {
    for vector in vectors("managed_password_blob") {
        let (value, expected) = (
            vector["inputs"]["blob"].as_str().unwrap(),
            &vector["expected"],
        );
        let previous = &expected["nt_hash_previous"];
        let previous = if previous.is_null() {
            Value::Null
        } else {
            json!({ "nt_hash": previous })
        };
        let wanted = json!({
            "version": expected["version"],
            "length": expected["length"],
            "current": { "nt_hash": expected["nt_hash_current"] },
            "previous": previous,
            "query_interval_100ns": expected["query_password_interval"],
            "unchanged_interval_100ns": expected["unchanged_password_interval"],
        });
        assert_eq!(document("blob", value), wanted);
        let for_people = decode("blob", &[], value.as_bytes()).ended(DONE);
        assert!(
            for_people
                .stdout
                .contains(expected["nt_hash_current"].as_str().unwrap()),
            "{for_people}"
        );
        let secret = &expected["current_password"].as_str().unwrap()[..64];
        assert!(!for_people.stdout.contains(secret), "{for_people}");
    }
}

#[test]
fn password_ids() {
    for vector in vectors("managed_password_id") {
        let expected = &vector["expected"];
        let wanted = json!({
            "version": expected["version"],
            "flags": expected["flags"],
            "group_key_id": expected["gkid"],
            "root_key_id": expected["root_key_id"],
            "domain": expected["domain"],
            "forest": expected["forest"],
        });
        assert_eq!(
            document("password-id", vector["inputs"]["blob"].as_str().unwrap()),
            wanted
        );
    }
}

#[test]
fn security_descriptors() {
    for vector in vectors("group_msa_membership_sd") {
        let expected = &vector["expected"];
        let decoded = document(
            "security-descriptor",
            vector["inputs"]["sd"].as_str().unwrap(),
        );
        assert_eq!(
            (&decoded["owner"], &decoded["group"]),
            (&expected["owner"], &Value::Null)
        );
        assert_eq!(decoded["sddl"], expected["sddl"]);
        let aces = |list: &Value| -> Vec<(Value, Value)> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|ace| (ace["mask"].clone(), ace["sid"].clone()))
                .collect()
        };
        assert_eq!(aces(&decoded["dacl"]), aces(&expected["aces"]));
        assert!(decoded["dacl"][0]["type"].is_string());
    }
}

#[test]
fn root_keys_without_their_secret() {
    for vector in vectors("kds_root_key_object") {
        let expected = &vector["expected"];
        let decoded = document(
            "root-key",
            vector["inputs"]["golden_gmsa_blob"].as_str().unwrap(),
        );
        assert!(
            decoded
                .to_string()
                .contains(expected["root_key_id"].as_str().unwrap()),
            "{decoded}"
        );
        assert!(
            !decoded
                .to_string()
                .contains(&expected["root_key_data"].as_str().unwrap()[..32]),
            "{decoded}"
        );
    }
}

#[test]
fn what_is_none_is_refused_and_named() {
    let blob = vectors("managed_password_blob")[0]["inputs"]["blob"]
        .as_str()
        .unwrap()
        .to_owned();
    let megabytes = "00".repeat(3 << 20);
    let cases: &[(&[u8], &str)] = &[
        (b"", "standard input is empty"),
        (b" \r\n\t ", "standard input is empty"),
        (b"xyz!", "neither hex nor base64"),
        (b"abc", "neither hex nor base64"),
        (b"\xff\xfe\x00\x01", "standard input"),
        ("ünï".as_bytes(), "neither hex nor base64"),
        (b"00", "this is no "),
        (&[b'f'; 600], "this is no "),
        (megabytes.as_bytes(), "too long"),
    ];
    for kind in KINDS {
        for (input, says) in cases {
            decode(kind, &["--json"], input).refusal("input", &[says]);
            let for_people = decode(kind, &[], input).ended(1);
            assert!(
                for_people.stdout.is_empty() && for_people.stderr.contains("what to do: "),
                "{for_people}"
            );
        }
    }
    for cut in (2..blob.len()).step_by(38) {
        decode("blob", &["--json"], &blob.as_bytes()[..cut])
            .refusal("input", &["no managed password blob"]);
    }
    decode("password-id", &["--json"], blob.as_bytes())
        .refusal("input", &["no managed password identifier"]);
}
