//! Of a key set only a sealed copy stays: the agent under Wine encrypts, the holder of the identity opens.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::answer::{DONE, STUCK};
use super::dump::Dump;
use super::scene::Scene;
use crate::rig::Rig;

// A pair as age-keygen writes it, made for tests and used nowhere else.
const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
const IDENTITY: &str = "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";

/// A file in the folder for exports of MIMSYNC01.
fn on_host(name: &str) -> PathBuf {
    let prefix = Rig::get().path("RIG_WINE_PREFIX");
    prefix.join("drive_c/MIMBackup").join(name)
}

fn export(scene: &Scene, name: &str, more: &[&str]) -> Value {
    let file = format!(r"C:\MIMBackup\{name}");
    let words = [&["keyset", "export", "--file", &file], more].concat();
    scene.json(&words).ended(DONE).json()
}

/// Brings a sealed copy here, and opens it; returns what is inside.
fn opened(scene: &Scene, name: &str) -> Vec<u8> {
    let fetched = scene.json(&["keyset", "fetch", "--to", "."]).ended(DONE);
    let fetched = fetched.json();
    let copies = fetched["copies"].as_array().unwrap().iter();
    let mut paths = copies.map(|copy| copy["path"].as_str().unwrap());
    let path = paths.find(|path| path.ends_with(name)).unwrap();
    let copy = fs::read(scene.path(path)).unwrap();
    assert_eq!(copy, fs::read(on_host(name)).unwrap());
    scene.write("copy.age", copy);
    scene.write("key.txt", format!("# made for tests\n{IDENTITY}\n"));
    let out = format!("opened-{name}");
    let words = ["--copy", "copy.age", "--identity", "key.txt", "--out", &out];
    let said = scene.json(&[&["keyset", "open"], &words[..]].concat());
    let said = said.ended(DONE).json();
    let content = fs::read(scene.path(&out)).unwrap();
    assert_eq!(said["size"], content.len());
    content
}

#[test]
fn a_sealed_export_opens_to_what_the_products_tool_wrote() {
    let scene = Scene::new();
    let before = Dump::take();
    let sealed = export(&scene, "sealed.bin", &["--recipient", RECIPIENT]);
    assert!(!on_host("sealed.bin").exists());

    let inspected = scene.json(&["keyset", "inspect"]).ended(DONE).json();
    let found = &inspected["exports"][0];
    assert_eq!(
        (&found["holds"], &found["removed"], &found["now"]),
        (&json!(true), &json!(true), &Value::Null),
        "{found:#}"
    );
    assert_eq!(found["sealed"]["recipients"], json!([RECIPIENT]));
    assert_eq!(
        found["sealed"]["sha256"],
        found["sealed_now"]["now"]["sha256"]
    );

    let content = opened(&scene, "sealed.bin.age");
    let words = ["--copy", "copy.age", "--identity", "key.txt"];
    let verified = scene.json(&[&["keyset", "verify"], &words[..]].concat());
    let verified = verified.ended(DONE).json();
    let copy = &verified["copy"];
    assert_eq!(copy["content"]["sha256"], found["sha256"], "{copy:#}");
    assert_eq!(copy["copy_of"]["run"], sealed["run"], "{copy:#}");

    let plain = export(&scene, "plain.bin", &[]);
    assert_eq!(fs::read(on_host("plain.bin")).unwrap(), content);
    for run in [plain, sealed] {
        scene.roll_back(run["run"].as_str().unwrap());
    }
    before.assert_unchanged();
}

#[test]
fn a_conversion_leaves_only_the_sealed_copy_and_goes_back_when_it_is_opened() {
    let scene = Scene::new();
    let before = Dump::take();
    let key = "key-set = ";
    scene.edit(
        "conversion.toml",
        key,
        &format!("recipient = \"{RECIPIENT}\"\n{key}"),
    );
    scene.plan();
    let report = scene.json(&["apply", "plan.json"]).ended(DONE).json();
    let run = report["run"].as_str().unwrap();
    assert!(!on_host("miiskeys-1.bin").exists());
    scene.json(&["verify", run]).ended(DONE);

    let converted = Dump::take();
    let stuck = scene.json(&["rollback", run]).ended(STUCK);
    assert!(
        stuck
            .stdout
            .contains(r"miiskeys-1.bin.age is its sealed copy"),
        "{stuck}"
    );
    converted.assert_unchanged();
    let content = opened(&scene, "miiskeys-1.bin.age");
    fs::write(on_host("miiskeys-1.bin"), content).unwrap();
    scene.roll_back(run);
    before.assert_unchanged();
}
