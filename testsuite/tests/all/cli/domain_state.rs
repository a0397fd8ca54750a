//! Things in the domain that stand in the way of a conversion, or must not.

use ldap::{Attribute, Client, Dn, Modification};
use serde_json::Value;

use super::answer::{CHANGES, DONE, REFUSED};
use super::dump::{self, Dump};
use super::scene::Scene;
use crate::rig::Rig;

const SPN: &str = "PCNSCLNT/mimsync01.contoso.com";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// An account that is there for one test.
struct Guest {
    runtime: tokio::runtime::Runtime,
    directory: Client,
    dn: Dn,
    old: Dn,
}

impl Guest {
    fn new(name: &str) -> Self {
        let runtime = runtime();
        let directory = runtime.block_on(dump::connect());
        let users = Dn::from("CN=Users,DC=contoso,DC=com");
        let dn = users.child("CN", &format!("guest {name}"));
        let attributes = [
            Attribute::new("objectClass", ["user"]),
            Attribute::new("sAMAccountName", [name]),
        ];
        drop(runtime.block_on(directory.delete(&dn, &[]))); // Of an earlier test that was killed.
        runtime
            .block_on(directory.add(&dn, &attributes, &[]))
            .unwrap();
        Self {
            runtime,
            directory,
            dn,
            old: users.child("CN", "svc-mimsync"),
        }
    }

    fn modify(&self, dn: &Dn, change: Modification) {
        self.runtime
            .block_on(self.directory.modify(dn, &[change], &[]))
            .unwrap();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.runtime.block_on(self.directory.delete(&self.dn, &[])));
        let back = Modification::replace("servicePrincipalName", [SPN]);
        drop(
            self.runtime
                .block_on(self.directory.modify(&self.old, &[back], &[])),
        );
    }
}

/// Both accounts keep the same SPN: a forest that was made inconsistent in former times.
#[test]
fn an_spn_on_a_third_account_blocks() {
    let scene = Scene::new();
    let before = Dump::take();
    let guest = Guest::new("third-holder");
    guest.modify(
        &guest.old,
        Modification::delete("servicePrincipalName", [SPN]),
    );
    guest.modify(&guest.dn, Modification::add("servicePrincipalName", [SPN]));
    let planned = scene.json(&["plan"]).ended(REFUSED);
    let finding = finding(&planned.json(), "GMSA-020");
    for words in [SPN, "third-holder", "setspn"] {
        assert!(
            finding.to_string().contains(words),
            "not said: {words:?}; {finding}"
        );
    }
    drop(guest);
    before.assert_unchanged();
}

#[test]
fn a_name_that_is_taken_blocks() {
    let scene = Scene::new();
    let guest = Guest::new("MIMSyncGMSAsvc$");
    let planned = scene.json(&["plan"]).ended(REFUSED);
    let found = finding(&planned.json(), "GMSA-030");
    for words in [
        "MIMSyncGMSAsvc$",
        "CN=guest MIMSyncGMSAsvc$,CN=Users",
        "another name",
    ] {
        assert!(
            found.to_string().contains(words),
            "not said: {words:?}; {found}"
        );
    }
    drop(guest);
    scene.plan();
}

/// A second root key that is not effective yet changes nothing: the old one still counts.
#[test]
fn a_root_key_of_tomorrow_is_listed_and_not_used() {
    let scene = Scene::new();
    let old = root_keys(&scene);
    let new = FutureRootKey::new();
    let keys = root_keys(&scene);
    assert_eq!(keys.len(), old.len() + 1);
    let listed = keys.iter().find(|key| key["id"] == *new.0).unwrap();
    assert_eq!(listed["usable"], false);
    assert!(
        old.iter()
            .all(|key| key["usable"] == true && keys.contains(key)),
        "{keys:#?}"
    );

    let plan = scene.json(&["plan"]).ended(CHANGES).json();
    let ids: Vec<_> = plan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert!(
        !ids.contains(&&"GMSA-002".into()) && !ids.contains(&&"GMSA-003".into()),
        "{ids:?}"
    );
    scene.plan();
    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE);
    assert!(
        verified.stdout.contains(old[0]["id"].as_str().unwrap()),
        "{verified}"
    );
    assert!(!verified.stdout.contains(&new.0), "{verified}");
    scene.roll_back(&run);
}

fn root_keys(scene: &Scene) -> Vec<Value> {
    scene.json(&["kds", "list"]).ended(DONE).json()["root_keys"]
        .as_array()
        .unwrap()
        .clone()
}

/// Made and removed by Samba's own tool, in its own database.
pub struct FutureRootKey(String);

impl FutureRootKey {
    /// One that somebody else has made.
    pub fn of(id: &str) -> Self {
        Self(id.to_owned())
    }

    fn new() -> Self {
        let made = samba_tool(&["create", "--use-start-time=2090-01-01T00:00:00+00:00"]);
        let id = made
            .split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
            .find(|word| word.len() == 36);
        Self(id.unwrap_or_else(|| panic!("{made}")).to_owned())
    }
}

impl Drop for FutureRootKey {
    fn drop(&mut self) {
        samba_tool(&["delete", "--name", &self.0]);
    }
}

fn samba_tool(arguments: &[&str]) -> String {
    Rig::get().samba_tool(&[&["domain", "kds", "root-key"], arguments].concat())
}

#[track_caller]
fn finding(plan: &Value, id: &str) -> Value {
    let findings = plan["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == id);
    let found = found
        .unwrap_or_else(|| panic!("no {id} among {findings:#?}"))
        .clone();
    assert_eq!(found["severity"], "blocks");
    found
}
