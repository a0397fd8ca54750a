//! A clock that is wrong, and certificates at the wrong time: by libfaketime, before gmsactl only.

use super::answer::REFUSED;
use super::scene::Scene;

/// A scene whose commands see another time.
fn shifted(by: &str) -> Scene {
    let scene = Scene::new();
    scene.plan();
    let folder = format!("/usr/lib/{}-linux-gnu/faketime", std::env::consts::ARCH);
    let library = std::path::Path::new(&folder).join("libfaketimeMT.so.1");
    assert!(
        library.exists(),
        "{folder}: Debian's package faketime is missing; `cargo xtask rig up` installs it"
    );
    scene.set_environment("LD_PRELOAD", library.to_str().unwrap());
    scene.set_environment("FAKETIME", by);
    scene.set_environment("DONT_FAKE_MONOTONIC", "1"); // time-outs are measured by that clock
    scene
}

#[test]
fn ten_minutes_are_too_much_for_kerberos() {
    for by in ["+10m", "-10m"] {
        let scene = shifted(by);
        let says = [
            "the clocks differ by ",
            "set this machine's clock",
            "5 minutes",
        ];
        for arguments in [&["plan"][..], &["apply", "plan.json"], &["kds", "list"]] {
            let refused = scene.json(arguments).refusal("credential", &says);
            let message = refused["error"]["message"].as_str().unwrap();
            let seconds = message
                .rsplit("differ by ")
                .next()
                .unwrap()
                .split(' ')
                .next()
                .unwrap();
            let seconds: i64 = seconds.parse().unwrap();
            assert!((590..=610).contains(&seconds.abs()), "{message}");
        }
        let doctor = scene.run(&["doctor"]).ended(REFUSED);
        let sign = if by.starts_with('+') { "-" } else { "" };
        assert!(
            [598, 599, 600, 601, 602]
                .iter()
                .any(|seconds| doctor.stdout.contains(&format!(
                    "clock of mimsync01.contoso.com: differs by {sign}{seconds} s"
                ))),
            "{doctor}"
        );
        assert!(scene.runs().is_empty());
    }
}

#[test]
fn four_minutes_are_not() {
    let scene = shifted("+4m");
    scene.json(&["plan"]).ended(super::answer::CHANGES);
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    for by in ["+40y", "-40y"] {
        let scene = shifted(by);
        let says = [
            "dc1.contoso.com",
            "certificate is expired or not yet valid",
            "renew",
        ];
        scene
            .json(&["plan", "--auth", "simple"])
            .refusal("untrusted", &says);
        let says = ["the clocks differ by "];
        scene.json(&["plan"]).refusal("credential", &says);
    }
}
