//! No password, key or blob in anything that is written: files, streams, logs, at the finest log level.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ldap::{Dn, Entry};
use managed_password::ManagedPasswordId;
use security::Sid;

use super::answer::{CHANGES, DONE, REFUSED};
use super::dump;
use super::scene::Scene;
use crate::rig::Rig;

/// A secret, by name, and every form in which it could have been written.
struct Secret {
    name: &'static str,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    /// Text is looked for as UTF-8 and as Windows has it, UTF-16LE; each as it is, in hex and in base64.
    fn password(name: &'static str, text: &[u8]) -> Self {
        let wide: Vec<u8> = std::str::from_utf8(text)
            .unwrap()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let forms = [text, &wide].into_iter().flat_map(forms).collect();
        Self { name, forms }
    }

    fn bytes(name: &'static str, bytes: &[u8]) -> Self {
        Self {
            name,
            forms: forms(bytes),
        }
    }

    fn is_in(&self, content: &[u8]) -> bool {
        self.forms
            .iter()
            .any(|form| content.windows(form.len()).any(|window| window == form))
    }
}

fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![bytes.to_vec()];
    let hex = hex::encode(bytes);
    forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    // At each place that it can have among the groups of three bytes; without the ends, which hold other bits too.
    for skipped in 0..3 {
        let shifted = [&vec![0; skipped][..], bytes].concat();
        let text = BASE64.encode(&shifted);
        let whole = &text[4.min(text.len())..text.len() / 4 * 4 - 4];
        forms.push(whole.as_bytes().to_vec());
    }
    // As Rust's and Python's debug output has bytes.
    forms.push(
        format!("{bytes:?}")
            .trim_matches(['[', ']'])
            .to_owned()
            .into_bytes(),
    );
    forms
}

#[test]
fn no_secret_is_ever_written() {
    let scene = Scene::new();
    let logs = ["agent-mimsync01.log", "sshd-mimsync01.log"].map(|name| {
        Rig::get()
            .path("RIG_ESTATE")
            .with_file_name("log")
            .join(name)
    });
    let run = every_command(&scene);
    let mut secrets = passwords();
    secrets.extend(managed_password(&scene));
    killed_with_its_journal_open(&scene, &run);

    let mut read = Vec::new();
    for path in logs
        .iter()
        .map(|log| log.as_path())
        .chain([scene.path("").as_path()])
    {
        contents(path, &mut read);
    }
    let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
    for expected in [
        "plan.json",
        "inventory.json",
        "journal.sqlite",
        "journal.sqlite-wal",
        "sshd-mimsync01.log",
    ] {
        assert!(
            names.iter().any(|name| name.ends_with(expected)),
            "{expected} was not read: {names:?}"
        );
    }
    let streams = scene.transcript().into_iter().enumerate();
    read.extend(streams.map(|(number, bytes)| (format!("stream {number}"), bytes)));
    for secret in &secrets {
        for (name, content) in &read {
            assert!(!secret.is_in(content), "{} is in {name}", secret.name);
        }
    }
}

/// The search finds what it looks for: otherwise the test above would say nothing.
#[test]
fn secrets_are_found_where_they_are() {
    let secret = Secret::password("a password", b"Correct horse 7!");
    for written in [
        "x Correct horse 7! y".as_bytes().to_vec(),
        [
            &b"x"[..],
            &"Correct horse 7!"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>(),
        ]
        .concat(),
        format!("{:?}", b"Correct horse 7!").into_bytes(),
        hex::encode_upper("x Correct horse 7!").into_bytes(),
        BASE64.encode("x Correct horse 7! y").into_bytes(),
        BASE64.encode("xy Correct horse 7!").into_bytes(),
        BASE64.encode("Correct horse 7!").into_bytes(),
    ] {
        assert!(
            secret.is_in(&written),
            "{}",
            String::from_utf8_lossy(&written)
        );
    }
    assert!(!secret.is_in(b"Correct horse 8!"));
}

/// Every command, as chatty as it can be; the run stays applied.
fn every_command(scene: &Scene) -> String {
    let run = |arguments: &[&str], code| {
        for json in [&[][..], &["--json"]] {
            let said = scene.run(&[&["--log", "trace"], json, arguments].concat());
            assert_eq!(said.code, Some(code), "{said}");
        }
    };
    run(&["doctor"], DONE);
    run(
        &[
            "discover",
            "--out",
            "inventory.json",
            "--intent",
            "proposed.toml",
        ],
        DONE,
    );
    run(&["plan", "--out", "plan.json"], CHANGES);
    scene.write("svc-mimsync.password", "Another password 3?\n");
    run(&["apply", "plan.json"], REFUSED);
    scene.write(
        "svc-mimsync.password",
        Rig::get().bytes("RIG_SYNC_PASSWORD_FILE"),
    );
    run(&["apply", "plan.json"], DONE);
    let id = scene.runs()[0]["run"].as_str().unwrap().to_owned();
    run(&["rollback", &id], DONE);
    // Again, so that the gMSA is there for its password to be looked for.
    run(&["apply", "plan.json"], DONE);
    let id = scene
        .runs()
        .iter()
        .find(|run| run["outcome"] == "done")
        .unwrap()["run"]
        .as_str()
        .unwrap()
        .to_owned();
    for arguments in [
        &["verify", &id][..],
        &["runs"],
        &["runs", &id],
        &["kds", "list"],
        &["account", "show", "MIMSyncGMSAsvc"],
        &["plan", "--auth", "simple"],
        &["plan", "--auth", "ntlm"],
    ] {
        run(arguments, DONE);
    }
    id
}

/// What SQLite has not taken into the journal yet is read as well.
fn killed_with_its_journal_open(scene: &Scene, run: &str) {
    let mut command = scene.gmsactl_that_dies("after:12");
    let killed = scene.answer(command.args(["--log", "trace", "rollback", run]));
    assert!(killed.signal.is_some(), "{killed}");
}

fn passwords() -> Vec<Secret> {
    let rig = Rig::get();
    let machine = rig
        .path("RIG_PASSWORD_FILE")
        .with_file_name("MIMSYNC01.password");
    vec![
        Secret::password(
            "the administrator's password",
            &rig.password("RIG_PASSWORD_FILE"),
        ),
        Secret::password(
            "the old account's password",
            &rig.password("RIG_SYNC_PASSWORD_FILE"),
        ),
        Secret::password("a wrong password", b"Another password 3?"),
        Secret::password(
            "the machine's password",
            fs::read_to_string(machine).unwrap().trim_end().as_bytes(),
        ),
    ]
}

/// The gMSA's password and what is made from it, derived apart from every run; and the root key itself.
fn managed_password(scene: &Scene) -> Vec<Secret> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let read = |dn: Dn, names: &[&str]| -> Entry {
        runtime.block_on(async {
            dump::connect()
                .await
                .read(&dn, names.to_vec())
                .await
                .unwrap()
                .unwrap()
        })
    };
    let gmsa = Dn::from("CN=MIMSyncGMSAsvc,CN=Managed Service Accounts,DC=contoso,DC=com");
    let account = read(gmsa, &["objectSid", "msDS-ManagedPasswordId"]);
    let sid = Sid::from_bytes(account.value("objectSid").unwrap())
        .unwrap()
        .to_string();
    let id =
        ManagedPasswordId::from_bytes(account.value("msDS-ManagedPasswordId").unwrap()).unwrap();
    let root_key = id.key.root_key_id.to_string();
    let keys = Dn::from(
        "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,DC=contoso,DC=com",
    );
    let root_key_data = read(keys.child("CN", &root_key), &["msKds-RootKeyData"]);

    let [l0, l1, l2] = id.key.group_key_id.indexes().map(|index| index.to_string());
    // Not through the scene: these streams hold the secrets on purpose.
    let derived = scene
        .gmsactl()
        .args([
            "--json",
            "kds",
            "derive",
            "--danger-show-secret",
            "--realm",
            "CONTOSO.COM",
            "--name",
            "MIMSyncGMSAsvc$",
        ])
        .args([
            "--root-key-id",
            &root_key,
            "--sid",
            &sid,
            "--l0",
            &l0,
            "--l1",
            &l1,
            "--l2",
            &l2,
        ])
        .output()
        .unwrap();
    let derived: serde_json::Value = serde_json::from_slice(&derived.stdout).unwrap();
    let bytes = |field: &str| hex::decode(derived[field].as_str().unwrap()).unwrap();
    assert_eq!(bytes("password").len(), 256);
    vec![
        Secret::bytes("the managed password", &bytes("password")),
        Secret::bytes("half of the managed password", &bytes("password")[100..]),
        Secret::bytes("its NT hash", &bytes("nt_hash")),
        Secret::bytes("its AES-256 key", &bytes("aes256")),
        Secret::bytes("its AES-128 key", &bytes("aes128")),
        Secret::bytes(
            "the root key",
            root_key_data.value("msKds-RootKeyData").unwrap(),
        ),
    ]
}

/// Files with their content, at any depth; links lead to the rig's own secrets and are left alone.
fn contents(path: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    if path.is_symlink() || path.ends_with("svc-mimsync.password") {
        return;
    }
    if path.is_dir() {
        fs::read_dir(path)
            .unwrap()
            .for_each(|entry| contents(&entry.unwrap().path(), into));
    } else {
        into.push((path.display().to_string(), fs::read(path).unwrap()));
    }
}
