//! Published values: each kind of vector in `testsuite/vectors/gmsa.json` has one test.

use std::collections::BTreeSet;

use kds::{GroupKeyId, KdfHash, KdfParameters, RootKey, RootKeyAttributes, RootKeyData};
use security::{FileTime, Sid};
use serde_json::Value;

mod kds_vectors;
mod managed_password_vectors;
mod security_vectors;

/// One vector; its values are found by JSON pointer, as in `/inputs/blob`.
struct Vector(Value);

impl Vector {
    fn value(&self, pointer: &str) -> &Value {
        self.0
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.0))
    }

    fn has(&self, pointer: &str) -> bool {
        self.0
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    }

    fn text(&self, pointer: &str) -> &str {
        self.value(pointer).as_str().unwrap()
    }

    fn bytes(&self, pointer: &str) -> Vec<u8> {
        hex::decode(self.text(pointer)).unwrap()
    }

    fn number(&self, pointer: &str) -> u64 {
        self.value(pointer).as_u64().unwrap()
    }

    fn time(&self, pointer: &str) -> FileTime {
        FileTime::from_ticks(self.number(pointer))
    }

    fn indexes(&self, pointer: &str) -> [i32; 3] {
        serde_json::from_value(self.value(pointer).clone()).unwrap()
    }

    fn group_key_id(&self, pointer: &str) -> GroupKeyId {
        let [l0, l1, l2] = self.indexes(pointer);
        GroupKeyId::new(l0, l1, l2).unwrap()
    }

    fn sid(&self, pointer: &str) -> Sid {
        self.text(pointer).parse().unwrap()
    }

    /// The root key that most kinds have among their inputs.
    fn root_key(&self) -> RootKey {
        let hash: KdfHash = self.text("/inputs/kdf_hash").parse().unwrap();
        let attributes = RootKeyAttributes {
            id: self.text("/inputs/root_key_id").parse().unwrap(),
            version: 1,
            kdf_algorithm: "SP800_108_CTR_HMAC",
            kdf_parameters: Some(&KdfParameters { hash }.to_bytes()),
            secret_agreement_algorithm: "DH",
            private_key_length: 512,
            public_key_length: 2048,
            domain_id: "",
            use_start_time: FileTime::from_ticks(1),
            create_time: FileTime::from_ticks(1),
        };
        let data = RootKeyData::from_bytes(&self.bytes("/inputs/root_key_data")).unwrap();
        RootKey::new(attributes.describe().unwrap(), data)
    }
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("../../vectors/gmsa.json")).unwrap();
    file["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(Vector)
        .collect()
}

/// Runs `check` on every vector of `kind`; there is at least one.
fn each(kind: &str, check: impl Fn(&Vector)) {
    let of_kind: Vec<Vector> = vectors()
        .into_iter()
        .filter(|vector| vector.text("/kind") == kind)
        .collect();
    assert!(!of_kind.is_empty(), "no vector of kind {kind}");
    of_kind.iter().for_each(check);
}

#[test]
fn every_kind_has_a_test() {
    let tests = [
        include_str!("vectors/kds_vectors.rs"),
        include_str!("vectors/managed_password_vectors.rs"),
        include_str!("vectors/security_vectors.rs"),
    ]
    .concat();
    let vectors = vectors();
    let kinds: BTreeSet<&str> = vectors.iter().map(|vector| vector.text("/kind")).collect();
    let untested: Vec<_> = kinds
        .into_iter()
        .filter(|kind| !tests.contains(&format!("each(\"{kind}\", ")))
        .collect();
    assert!(untested.is_empty(), "no test consumes {untested:?}");
}
