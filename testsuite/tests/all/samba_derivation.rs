//! Derivation against an independent implementation: Samba's.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use kds::{
    GMSA_TARGET, GroupKeyId, KdfHash, KdfParameters, RootKey, RootKeyAttributes, RootKeyData,
    RootKeyId,
};
use managed_password::ManagedPassword;
use security::{FileTime, Guid, Sid};
use serde_json::{Value, json};

const CASES: usize = 1_000;

/// Debian's interpreter, which python3-samba installs for; another one in the path would not find it.
const PYTHON: &str = "/usr/bin/python3";

#[test]
fn a_thousand_random_passwords_are_those_of_samba() {
    let seed = std::env::var("GMSACTL_TEST_SEED")
        .map_or_else(|_| fresh_seed(), |seed| seed.parse().unwrap());
    println!("GMSACTL_TEST_SEED={seed} repeats this run");
    let mut random = SplitMix64(seed);
    let cases: Vec<Case> = (0..CASES).map(|_| Case::random(&mut random)).collect();
    let answers = ask_samba(&cases);
    assert_eq!(answers.len(), cases.len());
    for (case, samba) in cases.iter().zip(answers) {
        let ours = case.derive();
        assert_eq!(ours, samba, "seed {seed}: {}", case.to_json());
    }
}

struct Case {
    root_key_id: [u8; 16],
    root_key_data: [u8; 64],
    hash: KdfHash,
    sid: Sid,
    time: FileTime,
}

impl Case {
    fn random(random: &mut SplitMix64) -> Self {
        let hashes = [
            KdfHash::Sha1,
            KdfHash::Sha256,
            KdfHash::Sha384,
            KdfHash::Sha512,
        ];
        let subs: Vec<String> = (0..=random.below(14))
            .map(|_| format!("-{}", random.next() as u32))
            .collect();
        Self {
            root_key_id: random.bytes(),
            root_key_data: random.bytes(),
            hash: hashes[random.below(4)],
            sid: format!("S-1-5{}", subs.concat()).parse().unwrap(),
            time: FileTime::from_ticks(random.next() >> 1), // up to the year 30828
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "root_key_id": Guid::from_bytes(self.root_key_id),
            "root_key_data": hex::encode(self.root_key_data),
            "hash": self.hash,
            "sid": hex::encode(self.sid.to_bytes()),
            "time": self.time.as_ticks(),
        })
    }

    fn derive(&self) -> Value {
        let attributes = RootKeyAttributes {
            id: RootKeyId::new(Guid::from_bytes(self.root_key_id)),
            version: 1,
            kdf_algorithm: "SP800_108_CTR_HMAC",
            kdf_parameters: Some(&KdfParameters { hash: self.hash }.to_bytes()),
            secret_agreement_algorithm: "DH",
            private_key_length: 512,
            public_key_length: 2048,
            domain_id: "",
            use_start_time: FileTime::from_ticks(1),
            create_time: FileTime::from_ticks(1),
        };
        let data = RootKeyData::from_bytes(&self.root_key_data).unwrap();
        let id = GroupKeyId::at(self.time);
        let key = RootKey::new(attributes.describe().unwrap(), data).derive(id, &GMSA_TARGET);
        let password = ManagedPassword::derive(&key, &self.sid).unwrap();
        json!({ "group_key_id": id, "password": hex::encode(password.expose_bytes()) })
    }
}

fn ask_samba(cases: &[Case]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/samba_derive.py");
    let mut python = Command::new(PYTHON)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{PYTHON}: {error}; {INSTALL}"));
    let mut input = python.stdin.take().unwrap();
    let lines: String = cases
        .iter()
        .map(|case| format!("{}\n", case.to_json()))
        .collect();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\n{INSTALL}");
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const INSTALL: &str = "this test needs python3-samba 4.21 or later: `cargo xtask rig up` installs it, or \
    `apt-get install -t bookworm-backports python3-samba` on Debian 12 (plain `apt-get install` on 13)";

/// A different seed each run, without a clock.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// Steele, Lea and Flood's SplitMix64: small, and the same everywhere for one seed.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}
