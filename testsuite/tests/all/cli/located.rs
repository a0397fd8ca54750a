//! No domain controller is named: the rig's own DNS and its answer to a ping lead there.

use std::process::Command;

use serde_json::Value;

use super::answer::{Answer, DONE, REFUSED};
use super::binaries;
use crate::rig::Rig;

/// Nothing but the domain and its DNS server is known.
fn run(dns: &str, line: &[&str]) -> Answer {
    let rig = Rig::get();
    let folder = tempfile::tempdir().unwrap();
    let mut gmsactl = Command::new(binaries::gmsactl());
    gmsactl
        .args(line)
        .args(["--json", "--non-interactive", "--dns", dns])
        .args([
            "--domain",
            rig.value("RIG_DOMAIN"),
            "--user",
            rig.value("RIG_ADMIN"),
        ])
        .arg("--password-file")
        .arg(rig.path("RIG_PASSWORD_FILE"))
        .arg("--state")
        .arg(folder.path().join("journal.sqlite"));
    Answer::new(format!("gmsactl {line:?}"), gmsactl.output().unwrap())
}

fn dns() -> String {
    format!("{}:53", Rig::get().value("RIG_DC_IP"))
}

#[test]
fn the_nearest_domain_controller_is_found_and_doctor_says_which_and_why() {
    let said = run(&dns(), &["doctor"]).ended(DONE);
    let document = said.json();
    let check = |id: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["id"] == id)
            .cloned()
            .unwrap()
    };
    let found = check("controller");
    assert_eq!(
        found["subject"],
        format!("domain controller {}", Rig::get().value("RIG_DC"))
    );
    let why =
        "found by DNS: the nearest writable one, in site Default-First-Site-Name; 1 of 1 answer";
    assert_eq!(found["detail"], why);
    assert_eq!(check("directory")["holds"], Value::Bool(true), "{said}");
}

#[test]
fn a_change_is_waited_for_on_every_domain_controller() {
    let rig = Rig::get();
    let name = format!("located{}", std::process::id() % 100_000);
    let everywhere = |document: Value| {
        let states = document["domain_controllers"].as_array().unwrap();
        assert_eq!(states.len(), 1, "{document}");
        assert_eq!(states[0]["domain_controller"], rig.value("RIG_DC"));
        assert_eq!(states[0]["late"], Value::Null);
    };
    let verb = |line: &[&str]| {
        run(&dns(), &[line, &["--on-all-dcs"]].concat())
            .ended(DONE)
            .json()
    };
    everywhere(verb(&[
        "account",
        "create",
        &name,
        "--spn",
        &format!("HTTP/{name}"),
    ]));
    everywhere(verb(&[
        "account",
        "set",
        &name,
        "--description",
        "of a test",
    ]));
    everywhere(verb(&["account", "delete", &name, "--yes"]));
}

#[test]
fn who_cannot_be_asked_is_named_with_what_to_do() {
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = nobody.local_addr().unwrap().to_string();
    let said = run(&silent, &["account", "list"]).ended(REFUSED);
    let words = [
        silent.as_str(),
        "_ldap._tcp.dc._msdcs.contoso.com",
        "--server",
    ];
    said.refusal("unreachable", &words);
}
