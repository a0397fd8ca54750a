//! The hosts' verbs by hand, with Wine's own programs as the witness.

use security::Sid;
use serde_json::{Value, json};

use super::answer::{DONE, REFUSED};
use super::guarded_key::GuardedKey;
use super::let_in::{LISTS, LetIn, sid_of};
use super::scene::Scene;
use super::wine::Wine;

const SYNC: &str = "FIMSynchronizationService";
const SERVICE_KEY: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\FIMSynchronizationService";

/// A host of the rig, as gmsactl and as Wine know it.
struct Hand {
    scene: Scene,
    name: &'static str,
    wine: Wine,
}

impl Hand {
    fn on_the_sync_host() -> Self {
        Self {
            scene: Scene::new(),
            name: "MIMSYNC01",
            wine: Wine("mimsync01"),
        }
    }

    fn on_the_web_host() -> Self {
        Self {
            scene: Scene::of_every_host(),
            name: "MIMSVC01",
            wine: Wine("mimsvc01"),
        }
    }

    /// `host`, the verb, this host, and what belongs to the verb.
    fn line<'a>(&'a self, verb: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
        [&["host"], verb, &[self.name], rest].concat()
    }

    #[track_caller]
    fn shows(&self, verb: &[&str], rest: &[&str]) -> Value {
        let line = self.line(verb, rest);
        self.scene.json(&line).ended(DONE).json()
    }

    /// A change: shown only, then made, then found to hold already.
    #[track_caller]
    fn changes(&self, verb: &[&str], rest: &[&str]) -> Value {
        let tried = self.shows(verb, &[rest, &["--dry-run"]].concat());
        let made = self.shows(verb, rest);
        let again = self.shows(verb, rest);
        assert_ne!(made["changes"], json!([]), "{verb:?}: {made}");
        assert_eq!(tried["changes"], made["changes"]);
        assert_eq!(
            [&tried["applied"], &made["applied"], &again["applied"]],
            [false, true, false]
        );
        assert_eq!(again["changes"], json!([]), "{verb:?}: {again}");
        made
    }

    #[track_caller]
    fn refuses(&self, verb: &[&str], rest: &[&str], kind: &str, says: &[&str]) {
        let line = self.line(verb, rest);
        self.scene.json(&line).refusal(kind, says);
    }

    /// A value of the Synchronization Service's own key, as Wine reads it: type and data.
    fn value(&self, name: &str) -> Option<String> {
        let key = self.wine.says(&["reg", "query", SERVICE_KEY]);
        let mut lines = key.lines().map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix("    "));
        line.map(str::to_owned)
    }

    fn logon_account(&self) -> String {
        let value = self.value("ObjectName").unwrap();
        value.split_once("    ").unwrap().1.to_owned()
    }

    fn state(&self) -> String {
        let said = self.wine.says(&["sc", "query", SYNC]);
        let line = said.lines().find(|line| line.contains("STATE")).unwrap();
        line.split_whitespace().next_back().unwrap().to_owned()
    }
}

/// What puts the host back, run when the test is over; where it holds already, nothing happens.
struct Afterwards<'a>(&'a Hand, Vec<Vec<&'a str>>);

impl Drop for Afterwards<'_> {
    fn drop(&mut self) {
        for line in &self.1 {
            drop(self.0.scene.gmsactl().args(line).output());
        }
    }
}

#[test]
fn a_service_is_stopped_given_an_account_and_started_as_before() {
    let hand = Hand::on_the_sync_host();
    let before = hand.shows(&["services"], &[SYNC]);
    assert_eq!(before["services"][0]["state"], "running");
    assert_eq!(hand.state(), "RUNNING");
    let old = hand.logon_account();
    let _restored = Afterwards(
        &hand,
        vec![
            hand.line(&["set-account"], &[SYNC, "--account", &old]),
            hand.line(&["start"], &[SYNC]),
        ],
    );

    let stopped = hand.changes(&["stop"], &[SYNC]);
    assert_eq!(hand.state(), "STOPPED");
    assert_eq!(
        stopped["stopped"],
        json!([{ "service": SYNC, "prior": "running" }])
    );
    hand.changes(&["set-account"], &[SYNC, "--account", "LocalSystem"]);
    assert_eq!(hand.logon_account(), "LocalSystem");
    hand.changes(&["set-account"], &[SYNC, "--account", &old]);
    assert_eq!(hand.logon_account(), old);

    hand.scene.write("stopped.json", stopped.to_string());
    hand.changes(&["start"], &["--as-before", "stopped.json"]);
    assert_eq!(hand.state(), "RUNNING");
    assert_eq!(hand.shows(&["services"], &[SYNC]), before);
    hand.refuses(&["services"], &["GmsaNone"], "not-found", &["GmsaNone"]);
}

#[test]
fn entries_of_access_lists_are_those_in_wines_registry() {
    let hand = Hand::on_the_sync_host();
    let account = sid_of(&hand.scene, "svc-mimservice");
    let let_in = LetIn::new(account);
    let other: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
    let (account, other_name) = (account.to_string(), other.to_string());
    let shown = |of: &str| {
        let found = hand.shows(&["access", "show"], &["--of", of]);
        let entries = found["entries"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let words =
            entries.map(|entry| format!("{}: {}", text(&entry["list"]), text(&entry["means"])));
        words.collect::<Vec<_>>()
    };
    let had = shown(&account);
    let application = r"AppID\{69ad4aee-51be-439b-a92c-86ae490e8b30}\AccessPermission";
    assert_eq!(
        had,
        [
            "MachineLaunchRestriction: allow local launch, remote launch, local activation, remote activation, execute"
                .to_owned(),
            format!("{application}: deny 0x8"),
            format!("{application}: allow remote access, execute"),
        ]
    );
    let before = LISTS.map(|list| let_in.list(list));
    hand.changes(
        &["access", "copy"],
        &["--from", &account, "--to", &other_name],
    );
    assert_eq!(
        let_in.entries_of(&other),
        let_in.entries_of(&let_in.account)
    );
    assert_eq!(shown(&other_name), had);
    for (list, mut before) in LISTS.into_iter().zip(before) {
        let now = let_in.list(list);
        let own: Vec<_> = now.explicit_aces_of(&other).cloned().collect();
        assert!(before.add_all(&own).unwrap());
        assert_eq!(now, before, "nothing else changed");
    }

    let all = hand.shows(&["access", "show"], &["--namespace", r"root\none"]);
    let all = all["entries"].as_array().unwrap();
    assert!(all.iter().any(|entry| entry["list"] == r"root\CIMV2"));
    assert!(!all.iter().any(|entry| entry["list"] == r"root\none"));
}

#[test]
fn entries_of_a_key_are_shown_and_copied() {
    let hand = Hand::on_the_sync_host();
    let (account, other) = ("S-1-5-21-1-2-3-1103", "S-1-5-21-1-2-3-1104");
    let key = GuardedKey::for_account(account.parse().unwrap());
    let means = key.means(&hand.scene, account);
    assert_eq!(means, ["allow read, set values"]);
    assert_eq!(key.means(&hand.scene, other), [""; 0]);
    key.copy(&hand.scene, account, other);
    assert_eq!(key.means(&hand.scene, other), means);
    let again = key.copy(&hand.scene, account, other);
    assert_eq!(again["changes"].as_array().unwrap().len(), 0, "{again:#}");
    assert_eq!(key.means(&hand.scene, account), means, "it keeps its own");
}

#[test]
fn values_of_the_registry_are_those_that_wine_reads() {
    let hand = Hand::on_the_sync_host();
    let name = format!("GmsaProbe{}", std::process::id());
    let _removed = Afterwards(
        &hand,
        vec![hand.line(&["registry", "delete"], &[SERVICE_KEY, &name])],
    );
    for (option, value, kind, shown, data) in [
        ("--text", "a b", "REG_SZ", json!("a b"), "a b"),
        ("--expandable", "%x%", "REG_EXPAND_SZ", json!("%x%"), "%x%"),
        ("--dword", "42", "REG_DWORD", json!(42), "0x2a"),
    ] {
        let set = [SERVICE_KEY, &name, option, value];
        hand.changes(&["registry", "set"], &set);
        let found = hand.shows(&["registry", "show"], &[SERVICE_KEY, &name]);
        assert_eq!(found["value"], json!({ kind: shown }));
        assert_eq!(hand.value(&name), Some(format!("{kind}    {data}")));
    }
    hand.changes(&["registry", "delete"], &[SERVICE_KEY, &name]);
    assert_eq!(hand.value(&name), None);
    let set = [r"HKLM\SOFTWARE\GmsaNobody", "x", "--text", "y"];
    hand.refuses(&["registry", "set"], &set, "not-found", &["GmsaNobody"]);
}

#[test]
fn a_pool_changes_in_the_configuration_file_and_back() {
    let hand = Hand::on_the_web_host();
    let file = hand
        .wine
        .prefix()
        .join("drive_c/windows/system32/inetsrv/config/applicationHost.config");
    let identity = |pool: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        let (_, after) = text.split_once(&format!(r#"<add name="{pool}""#)).unwrap();
        after.split("</add>").next().unwrap().to_owned()
    };
    let shown = hand.shows(&["app-pools", "show"], &[]);
    assert_eq!(shown["web_server"], true);
    let pools = shown["app_pools"].as_array().unwrap();
    let own = |pool: &&Value| pool["identity"]["SpecificUser"].is_string();
    let pool = pools.iter().find(own).unwrap();
    let (name, account) = (
        pool["name"].as_str().unwrap(),
        pool["identity"]["SpecificUser"].as_str().unwrap(),
    );
    let folder = pool["applications"][0]["physical_path"].as_str().unwrap();
    let binding = &pool["applications"][0]["bindings"][0];
    assert_eq!(binding["protocol"], "http", "{pool}");
    let listens = binding["information"].as_str().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(&format!(r#"bindingInformation="{listens}""#)),
        "{listens}"
    );
    let _restored = Afterwards(
        &hand,
        vec![
            hand.line(
                &["app-pools", "set-identity"],
                &[name, "--account", account],
            ),
            hand.line(&["app-pools", "start"], &[name]),
        ],
    );
    let serving = hand.shows(&["app-pools", "show"], &["--serves", folder]);
    assert_eq!(serving["app_pools"], json!([pool]));

    hand.changes(&["app-pools", "stop"], &[name]);
    hand.changes(&["app-pools", "set-built-in"], &[name, "network-service"]);
    assert!(identity(name).contains("NetworkService"));
    // Its password comes from the estate.
    hand.shows(
        &["app-pools", "set-identity"],
        &[name, "--account", account],
    );
    assert!(identity(name).contains(account.split('\\').next_back().unwrap()));
    hand.changes(&["app-pools", "start"], &[name]);
    hand.shows(&["app-pools", "recycle"], &[name]);
    assert_eq!(hand.shows(&["app-pools", "show"], &[]), shown);
}

#[test]
fn the_host_as_a_whole_is_what_wine_tells() {
    let hand = Hand::on_the_sync_host();
    let facts = hand.shows(&["facts"], &[]);
    let name = facts["computer_name"].as_str().unwrap();
    assert!(name.eq_ignore_ascii_case(hand.name), "{name}");
    let version = hand.wine.says(&["cmd", "/c", "ver"]);
    let told = facts["os_version"].as_str().unwrap();
    assert!(version.contains(told), "{told}: {version}");
    let products = hand.shows(&["products"], &[]);
    let names: Vec<_> = products["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["name"].as_str().unwrap())
        .collect();
    assert!(
        names.iter().any(|name| name.contains("Synchronization")),
        "{names:?}"
    );
}

/// Wine says of some calls that they were done, and did nothing: what was read back counts.
#[test]
fn what_wine_lacks_is_refused_and_never_claimed() {
    let hand = Hand::on_the_sync_host();
    let group = ["Administrators", "--member", "S-1-5-32-545"];
    let right = ["SeServiceLogonRight", "--to", "S-1-5-32-545"];
    let (sets_back, missing) = ("did not stay so", "is missing there");
    for (verb, rest, kind, says) in [
        (&["rights", "grant"][..], &right[..], "conflict", sets_back),
        (&["local-group", "add"], &group, "conflict", sets_back),
        (&["tasks", "show"], &[], "not-supported", "task scheduler"),
        (&["trigger", "add"], &[SYNC], "not-supported", missing),
        (&["purge-tickets"], &[], "not-found", "gmsactl host reboot"),
    ] {
        hand.refuses(verb, rest, kind, &[hand.name, says]);
    }
    let events = hand.scene.json(&hand.line(&["events"], &[]));
    let why = events.ended(REFUSED).text("/error/message");
    assert!(why.contains("System log"), "{why}");
}
