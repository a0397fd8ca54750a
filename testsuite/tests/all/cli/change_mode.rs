//! `msi change` by hand, on a Wine host: what setup is told becomes so, what it is not told is reset, and no password is
//! left anywhere.

use std::fs;

use super::answer::{DONE, REFUSED};
use super::media::{self, registry_text};
use super::scene::Scene;
use crate::rig::Rig;

const HOST: &str = "MIMSVC01";
const ADDRESS: &str = "SERVICEADDRESS";

#[test]
fn what_setup_is_not_told_it_resets() {
    let scene = Scene::of_every_host();
    let media = &media::SERVICE;
    let address = || registry_text(&scene, HOST, media.key, ADDRESS);
    let installed = address();
    let password = fs::read_to_string(scene.path("svc-mimservice.password")).unwrap();
    let secret = [
        "--secret-property",
        "SERVICE_ACCOUNT_PASSWORD",
        "--secret-file",
        "svc-mimservice.password",
    ];
    let told = account("svc-mimservice", "0");

    let shown = media
        .change(&scene, HOST, &told, &["--dry-run"])
        .ended(DONE)
        .json();
    assert_eq!(shown["succeeded"], serde_json::Value::Null, "{shown:#}");
    let mut forgetful = told.clone();
    forgetful.retain(|(name, _)| name != ADDRESS);
    let done = media
        .change(&scene, HOST, &forgetful, &secret)
        .ended(DONE)
        .json();
    assert_eq!(
        (&done["succeeded"], &done["code"]),
        (&true.into(), &0.into()),
        "{done:#}"
    );
    assert_eq!(address(), "", "it was {installed} and nobody said it again");
    media.change(&scene, HOST, &told, &secret).ended(DONE);
    assert_eq!(address(), installed);

    let service = scene.json(&["host", "services", HOST]).ended(DONE);
    assert!(
        service.stdout.contains(r"CONTOSO\\svc-mimservice"),
        "{service}"
    );
    let log = Rig::get()
        .path("RIG_WINE_PREFIXES")
        .join("mimsvc01/drive_c/windows/temp/gmsactl-setup.log");
    let log = fs::read(log).unwrap();
    for text in scene.transcript().iter().chain([&log]) {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(password.trim()), "{text}");
    }
}

#[test]
fn setup_that_refuses_says_why_and_changes_nothing() {
    let scene = Scene::of_every_host();
    let media = &media::SERVICE;
    let runs = || {
        let services = scene.json(&["host", "services", HOST, "FIMService"]);
        services.ended(DONE).stdout
    };
    let before = runs();
    // The box for a managed account, and a user's name; then no account at all.
    for told in [account("svc-mimservice", "1"), media.restated()] {
        let refused = media.change(&scene, HOST, &told, &[]).ended(REFUSED).json();
        // 1603 and "Return value 3" on Windows; Wine returns what the custom action ended with, and has 0 for a failure.
        assert_eq!(
            (&refused["succeeded"], &refused["code"]),
            (&false.into(), &1627.into())
        );
        let log = refused["log"].to_string();
        assert!(log.contains("INSTALL. Return value 0"), "{log}");
        assert_eq!(runs(), before);
    }
    let elsewhere = media.change(&scene, "MIMSYNC01", &media.restated(), &[]);
    elsewhere.refusal("not-found", &["is not installed on MIMSYNC01"]);
    let unknown = [("SERVICE_ACOUNT_NAME".to_owned(), "x".to_owned())];
    media
        .change(&scene, HOST, &unknown, &[])
        .refusal("input", &["no property SERVICE_ACOUNT_NAME"]);
}

/// Every setting, and the MIM Service's account.
fn account(name: &str, managed: &str) -> Vec<(String, String)> {
    let mut told = media::SERVICE.restated();
    let account = [
        ("SERVICE_ACCOUNT_DOMAIN", "CONTOSO"),
        ("SERVICE_ACCOUNT_NAME", name),
        ("USE_MANAGED_ACCOUNT_FOR_SERVICE", managed),
    ];
    told.extend(account.map(|(name, value)| (name.to_owned(), value.to_owned())));
    told
}
