//! `gmsactl host access`.

use serde_json::{Value, json};

use super::Scene;

#[test]
fn entries_of_access_lists_are_shown_and_copied() {
    let scene = Scene::new();
    let (old, new) = (r"CONTOSO\svc-mimservice", r"CONTOSO\svc-pammon");
    let of = |who: &str| scene.host(&["access", "show", "MIMSYNC01", "--of", who], 0);
    let had = of(old);
    let means = |document: &Value| {
        let entries = document["entries"].as_array().unwrap().clone();
        let told = |entry: &Value| {
            format!(
                "{}: {}",
                entry["list"].as_str().unwrap(),
                entry["means"].as_str().unwrap()
            )
        };
        entries.iter().map(told).collect::<Vec<_>>()
    };
    let by_wmi = "allow enable account, remote enable, on it and everything below";
    assert_eq!(
        means(&had),
        [
            "MachineLaunchRestriction: allow local launch, remote launch, local activation, remote activation, execute"
                .to_owned(),
            "MachineAccessRestriction: allow local access, remote access, execute".to_owned(),
            format!(r"root\CIMV2: {by_wmi}"),
            format!(r"root\MicrosoftIdentityIntegrationServer: {by_wmi}"),
        ]
    );
    assert_eq!(means(&of(new)), [""; 0]);

    let copy = ["access", "copy", "MIMSYNC01", "--from", old, "--to", new];
    let some = scene.changes(&[&copy[..], &["--on", r"ROOT\cimv2"]].concat());
    assert_eq!(some["changes"][0]["what"], r"root\CIMV2");
    assert_eq!(means(&of(new)), [format!(r"root\CIMV2: {by_wmi}")]);
    let rest = scene.changes(&copy);
    assert_eq!(rest["changes"].as_array().unwrap().len(), 3);
    assert_eq!(means(&of(new)), means(&had));
    assert_eq!(of(old), had, "the other one keeps its own");

    let none = scene.host(
        &["access", "copy", "MIMPAM01", "--from", old, "--to", new],
        0,
    );
    assert_eq!(none["changes"], json!([]));
    assert!(
        none["advice"][0]
            .as_str()
            .unwrap()
            .contains("no entry of its own")
    );
    let whole = scene.host(
        &["access", "show", "MIMSYNC01", "--namespace", "root/none"],
        0,
    );
    assert!(means(&whole).len() > 8, "{whole}");
    let keys = r"C:\ProgramData\Microsoft\Crypto";
    let of_service = |who: &str| {
        scene.host(
            &[
                "access",
                "show",
                "MIMSVC01",
                "--of",
                who,
                "--below",
                keys,
                "--below",
                r"HKLM\SOFTWARE",
            ],
            0,
        )
    };
    let told = means(&of_service(old));
    let [first, second, key] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(first, "http://+:5725/: allow listen");
    assert_eq!(second, "http://+:5726/: allow listen");
    assert!(
        key.starts_with(keys) && key.ends_with("_forefront: allow read"),
        "{key}"
    );

    let copy = ["access", "copy", "MIMSVC01", "--from", old, "--to", new];
    let file = key.split(": ").next().unwrap();
    let one = scene.changes(&[&copy[..], &["--on", file]].concat());
    assert_eq!(one["changes"][0]["what"], file);
    assert_eq!(means(&of_service(new)), std::slice::from_ref(key));
    let rest = scene.changes(&[&copy[..], &["--below", keys]].concat());
    assert_eq!(rest["changes"].as_array().unwrap().len(), 2, "{rest}");
    assert_eq!(means(&of_service(new)), told);
    let gone = scene.host(&[&copy[..], &["--on", r"C:\None"]].concat(), 1);
    assert_eq!(gone["error"]["kind"], "not-found");
    let elsewhere = scene.host(&["access", "show", "MIMSVC01", "--below", "root"], 64);
    assert_eq!(elsewhere["error"]["kind"], "usage");

    let bad = scene.host(&["access", "show", "MIMSYNC01", "--namespace", "none"], 64);
    assert_eq!(bad["error"]["kind"], "usage");
}
