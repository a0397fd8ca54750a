//! The directory's verbs by hand, with Samba's own tool on its own database as the witness.

use serde_json::{Value, json};

use super::answer::{DONE, REFUSED};
use super::domain_state::FutureRootKey;
use super::scene::Scene;
use crate::rig::Rig;

/// What a test makes has names of its process, and is taken away with Samba's tool.
struct Mine {
    scene: Scene,
    number: String,
    groups: Vec<String>,
    accounts: Vec<String>,
}

impl Mine {
    fn new() -> Self {
        Self {
            scene: Scene::new(),
            number: format!("{:x}", std::process::id()),
            groups: Vec::new(),
            accounts: Vec::new(),
        }
    }

    /// A group's name, which is deleted at the end.
    fn group(&mut self, name: &str) -> String {
        let name = format!("{name}{}", self.number);
        self.groups.push(name.clone());
        name
    }

    /// A gMSA's name without `$`, which is deleted at the end.
    fn account(&mut self, name: &str) -> String {
        let name = format!("{name}{}", self.number);
        self.accounts.push(name.clone());
        name
    }

    /// A verb that changes something; the same again changes nothing.
    #[track_caller]
    fn changes(&self, line: &[&str]) -> Value {
        let tried = self.shown(&[line, &["--dry-run"]].concat());
        let made = self.makes(line);
        assert_eq!(tried["changes"], made["changes"]);
        made
    }

    /// The same for what the directory has a part in, so that it is not known before.
    #[track_caller]
    fn makes(&self, line: &[&str]) -> Value {
        let made = self.shown(line);
        let again = self.shown(line);
        assert_eq!(made["changed"], true, "{line:?}: {made}");
        assert_eq!(again["changed"], false, "{line:?}: {again}");
        made
    }

    #[track_caller]
    fn shown(&self, line: &[&str]) -> Value {
        self.scene.json(line).ended(DONE).json()
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        for account in &self.accounts {
            let delete = ["account", "delete", account.as_str(), "--yes"];
            drop(self.scene.gmsactl().args(delete).output());
        }
        let found = samba(&["group", "list"]);
        let mine = |group: &&String| found.lines().any(|line| line == group.as_str());
        for group in self.groups.iter().filter(mine) {
            samba(&["group", "delete", group]);
        }
    }
}

fn samba(line: &[&str]) -> String {
    Rig::get().samba_tool(line)
}

/// The lines of a list, sorted.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.retain(|line| !line.is_empty());
    lines.sort_unstable();
    lines
}

#[test]
fn groups_have_the_members_that_samba_lists() {
    let mut mine = Mine::new();
    let (outer, inner) = (mine.group("Outer"), mine.group("Inner"));
    mine.changes(&["group", "create", &inner, "--member", "MIMSYNC01"]);
    mine.changes(&["group", "create", &outer, "--description", "of a test"]);
    mine.changes(&["group", "add", &outer, &inner, "svc-mimsync"]);
    assert_eq!(
        lines(&samba(&["group", "listmembers", &outer])),
        [inner.as_str(), "svc-mimsync"]
    );

    let shown = mine.shown(&["group", "show", &outer]);
    let members = shown["members"].as_array().unwrap();
    let computer = members.iter().find(|member| member["name"] == "MIMSYNC01$");
    assert_eq!(computer.unwrap()["through"], json!([inner]), "{shown}");
    mine.changes(&["group", "remove", &outer, "svc-mimsync"]);
    assert_eq!(lines(&samba(&["group", "listmembers", &outer])), [inner]);
}

#[test]
fn a_gmsa_is_what_samba_reads() {
    let mut mine = Mine::new();
    let (hosts, name) = (mine.group("Hosts"), mine.account("Gm"));
    mine.changes(&["group", "create", &hosts, "--member", "MIMSYNC01"]);
    mine.changes(&["account", "create", &name, "--allow", &hosts]);
    let read = samba(&["computer", "show", &name]);
    for line in [
        format!("sAMAccountName: {name}$"),
        "objectClass: msDS-GroupManagedServiceAccount".to_owned(),
        "msDS-SupportedEncryptionTypes: 24".to_owned(),
        "msDS-ManagedPasswordInterval: 30".to_owned(),
        "userAccountControl: 4096".to_owned(),
    ] {
        assert!(read.lines().any(|read| read == line), "{line:?}: {read}");
    }

    mine.changes(&["account", "set", &name, "--description", "of a test"]);
    mine.changes(&["account", "allow", &name, "MIMSYNC01"]);
    let shown = mine.shown(&["account", "show", &name]);
    let principals = shown["gmsa"]["principals"].as_array().unwrap();
    let mut names: Vec<_> = principals.iter().map(|one| one["name"].clone()).collect();
    names.sort_by_key(|name| name.to_string());
    assert_eq!(names, [json!(hosts), json!("MIMSYNC01$")]);
    mine.changes(&["account", "deny", &name, &hosts]);
    let read = samba(&["computer", "show", &name]);
    assert!(read.contains("description: of a test"), "{read}");

    let listed = mine.shown(&["account", "list"]);
    let all = listed["gmsas"].as_array().unwrap();
    let account = format!("{name}$");
    assert!(all.iter().any(|gmsa| gmsa["account"]["name"] == account));
    let tested = mine.shown(&["account", "test", &name, "--host", "MIMSYNC01"]);
    assert_eq!(tested["usable"], true, "{tested}");

    mine.changes(&["account", "set", &name, "--enabled", "off"]);
    let tested = mine.scene.json(&["account", "test", &name]);
    assert_eq!(tested.ended(REFUSED).text("/cause/id"), "enabled");
    let gone = mine.shown(&["account", "delete", &name, "--yes"]);
    assert_eq!(gone["changed"], true);
    let again = mine.scene.json(&["account", "show", &name]);
    again.refusal("not-found", &[&name]);
}

#[test]
fn an_spn_is_on_the_account_that_samba_lists_it_for() {
    let mut mine = Mine::new();
    let (old, new) = (mine.account("So"), mine.account("Sn"));
    let spn = format!("HTTP/by-hand-{}.contoso.com", mine.number);
    mine.changes(&["account", "create", &old]);
    mine.changes(&["account", "create", &new]);
    mine.changes(&["spn", "add", &old, &spn]);
    let of = |name: &str| samba(&["spn", "list", &format!("{name}$")]);
    assert!(of(&old).contains(&spn));
    let taken = mine.scene.json(&["spn", "add", &new, &spn]);
    taken.refusal("conflict", &[&old, "spn move"]);
    mine.changes(&["spn", "move", &spn, "--to", &new]);
    assert!(!of(&old).contains(&spn) && of(&new).contains(&spn));
    let held = mine.shown(&["spn", "show", &spn]);
    assert_eq!(held["spns"][0]["holder"], format!("{new}$"));
    let checked = mine.shown(&["spn", "check", &spn]);
    assert_eq!(checked["duplicates"], json!([]));
    mine.changes(&["spn", "remove", &new, &spn]);
    assert!(!of(&new).contains(&spn));
}

#[test]
fn delegation_is_what_samba_shows() {
    let mut mine = Mine::new();
    let name = mine.account("De");
    let service = format!("HTTP/towards-{}.contoso.com", mine.number);
    mine.changes(&["account", "create", &name]);
    let transition = ["--protocol-transition", "on"];
    let set = ["delegation", "set", &name, "--to", &service];
    mine.changes(&[&set[..], &transition].concat());
    let account = format!("{name}$");
    let read = samba(&["delegation", "show", &account]);
    assert!(
        read.contains("UF_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION: True"),
        "{read}"
    );
    assert!(read.contains(&service), "{read}");
    let shown = mine.shown(&["delegation", "show", &name]);
    assert_eq!(shown["delegation"]["services"], json!([service]));
    assert_eq!(shown["delegation"]["protocol_transition"], true);
    mine.changes(&["delegation", "set", &name, "--not-to", &service]);
    let read = samba(&["delegation", "show", &account]);
    assert!(!read.contains(&service), "{read}");
}

#[test]
fn a_table_of_accounts_is_there_as_samba_lists_it() {
    let mut mine = Mine::new();
    let (one, two, hosts) = (mine.account("Ta"), mine.account("Tb"), mine.group("Th"));
    let table = format!("name,group,members\n{one},{hosts},MIMSYNC01\n{two},{hosts},\n");
    mine.scene.write("accounts.csv", table);
    mine.makes(&["account", "import", "accounts.csv"]);
    assert_eq!(
        lines(&samba(&["group", "listmembers", &hosts])),
        ["MIMSYNC01$"]
    );
    for name in [&one, &two] {
        let read = samba(&["computer", "show", name]);
        assert!(read.contains("msDS-GroupMSAMembership"), "{read}");
    }
}

#[test]
fn a_root_key_is_there_as_samba_lists_it_and_is_waited_for() {
    let mine = Mine::new();
    let waited = mine.shown(&["kds", "wait", "--timeout", "0"]);
    let controllers = waited["domain_controllers"].as_array().unwrap();
    assert_eq!(controllers[0]["late"], Value::Null, "{waited}");
    let effective = "2090-01-01T00:00:00Z";
    let add = ["kds", "add", "--effective", effective, "--yes"];
    let refused = mine.scene.json(&add);
    refused.refusal("exists", &["--another"]);
    let add = [&add[..], &["--another"]].concat();
    let tried = mine.shown(&[&add[..], &["--dry-run"]].concat());
    assert_eq!(tried["changed"], true);
    let before = mine.shown(&["kds", "list"]);
    let made = mine.shown(&add);
    let id = made["changes"][0]["dn"].as_str().unwrap();
    let id = id.trim_start_matches("CN=").split(',').next().unwrap();
    let key = FutureRootKey::of(id);
    let listed = samba(&["domain", "kds", "root-key", "list"]);
    assert!(listed.contains(id), "{id}: {listed}");
    drop(key);
    assert_eq!(mine.shown(&["kds", "list"]), before);
}
