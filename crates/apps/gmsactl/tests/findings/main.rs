//! Findings, each on an estate that has what it warns of: before, the plan does not have it; then it does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod estate;
#[path = "../started_lab/mod.rs"]
mod started_lab;

use estate::Estate;
use serde_json::{Value, json};
use started_lab::{StartedLab, document, gmsactl};

const SERVICE: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\FIMService";
const SETTINGS: &str = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Service";

/// What the lab can be made to have, by gmsactl's own verbs; and the findings that must say so.
const STATES: &[(&[&str], &[&str])] = &[
    (
        &["MIM-004"],
        &[
            "host",
            "registry",
            "set",
            "MIMSVC01",
            SERVICE,
            "PollExchangeEnabled",
            "--dword",
            "1",
        ],
    ),
    (
        &["MIM-010"],
        &[
            "host",
            "registry",
            "set",
            "MIMSVC01",
            SETTINGS,
            "EncryptedExchangeOnlineAccountPassword",
            "--text",
            "AQAAANCMnd8=",
        ],
    ),
    (
        &["MIM-011"],
        &[
            "host",
            "registry",
            "set",
            "MIMSVC01",
            SERVICE,
            "SynchronizationAccount",
            "--text",
            r"CONTOSO\svc-mimsync",
        ],
    ),
    (
        &["MIM-012"],
        &[
            "host",
            "rights",
            "grant",
            "MIMSYNC01",
            "SeDenyNetworkLogonRight",
            "--to",
            r"CONTOSO\svc-mimsync",
        ],
    ),
    (
        &["GMSA-022"],
        &[
            "delegation",
            "set",
            "svc-mimservice",
            "--danger-unconstrained",
            "on",
        ],
    ),
    (
        &["GMSA-024"],
        &[
            "delegation",
            "set",
            "svc-ssprreg",
            "--protocol-transition",
            "on",
        ],
    ),
    (
        &["GMSA-037"],
        &["group", "add", "MIMSyncOperators", "svc-mimsync"],
    ),
    (
        &["GMSA-021"],
        &["spn", "add", "svc-pammon", "HTTP/monitoring.contoso.com"],
    ),
    (
        &["GMSA-036", "GMSA-033", "GMSA-031", "GMSA-032"],
        &[
            "account",
            "create",
            "MIMSyncGMSAsvc",
            "--dns-host-name",
            "mimsyncgmsasvc.contoso.com",
            "--allow",
            "svc-pammon",
            "--interval-days",
            "60",
            "--enabled",
            "off",
            "--encryption-types",
            "AES128",
        ],
    ),
];

/// What no verb can make: the inventory is as it would be, and the findings that must say so.
type Edit = fn(&mut Estate);
const EDITS: &[(&str, Edit)] = &[
    ("GMSA-004", |estate| {
        estate.inventory["root_keys"] = json!([]);
        estate.inventory["coverage"]["gaps"] =
            json!([{ "subject": "KDS root keys", "why": "denied", "advice": null }]);
    }),
    ("GMSA-006", |estate| {
        estate.host("MIMSVC01")["facts"]["clock_skew_seconds"] = json!(90);
    }),
    ("GMSA-007", |estate| {
        estate.inventory["root_keys"] = json!([]);
        let line = "format = 1\n";
        let with = format!("{line}kds = {{ create = true }}\n");
        estate.intent = estate.intent.replacen(line, &with, 1);
    }),
    ("GMSA-013", |estate| {
        estate.intent = estate.intent.replace("MIMPamMon", "MIMPamMonit");
    }),
    ("GMSA-023", |estate| {
        let line = "interval-days = 30\n";
        let with = format!("{line}delegation = \"unconstrained\"\n");
        estate.intent = estate.intent.replacen(line, &with, 1);
    }),
    ("GMSA-025", |estate| {
        let delegations = estate.inventory["delegations"].as_array_mut().unwrap();
        delegations[0]["delegation"]["other_entries"] = json!(true);
    }),
    ("GMSA-038", |estate| {
        let admins = format!(
            "{}-512",
            estate.inventory["domain"]["sid"].as_str().unwrap()
        );
        let groups = estate.inventory["groups"].as_array_mut().unwrap();
        let joined = groups
            .iter_mut()
            .find(|group| group["name"] == "MIMSyncBrowse");
        joined.unwrap()["sid"] = json!(admins);
    }),
    ("GMSA-040", |estate| {
        estate.service("MIMPAM01", "PamMonitoringService")["logon_account"] = json!("LocalSystem");
    }),
    ("GMSA-042", |estate| {
        estate.service("MIMPAM01", "PamMonitoringService")["state"] = json!("stopped");
    }),
    ("GMSA-043", |estate| {
        estate.service("MIMPAM01", "PamMonitoringService")["managed_account"] = Value::Null;
    }),
    ("GMSA-044", |estate| {
        estate.host("MIMPAM01")["facts"]["os_version"] = json!("6.3.9600");
    }),
    ("GMSA-060", |estate| {
        estate.host("MIMPAM01")["rights"] = json!([]);
    }),
    ("GMSA-080", |estate| {
        let registry = estate.host("MIMSYNC01")["registry"]
            .as_object_mut()
            .unwrap();
        registry.retain(|name, _| !name.ends_with("!Path"));
    }),
    ("GMSA-088", |estate| {
        let line = "component = \"service\"\n";
        assert!(estate.intent.contains(line), "{}", estate.intent);
        estate.intent = estate.intent.replace(
            line,
            &format!(
                "{line}recipient = \"age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk\"\n"
            ),
        );
    }),
    ("GMSA-065", |estate| {
        let denial = estate.right("MIMPAM01", "SeDenyBatchLogonRight");
        let policy =
            json!({ "template": "gpt00000.inf", "sids": [], "names": [r"CONTOSO\svc-pammon"] });
        denial["policies"] = json!([policy]);
    }),
    ("MIM-002", |estate| {
        estate.host("MIMPAM01")["products"] = json!([]);
    }),
    ("MIM-005", |estate| {
        let services = estate.host("MIMSVC02")["services"].as_array_mut().unwrap();
        let mut left = services[0].clone();
        left["name"] = json!("MIMKeyProtectService");
        services.push(left);
    }),
    ("MIM-006", |estate| {
        for version in ["TLS 1.0", "TLS 1.1"] {
            let value = format!(
                r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\{version}\Client!Enabled"
            );
            estate.host("MIMSVC01")["registry"][value] = json!("0");
        }
    }),
    ("MIM-009", |estate| {
        estate.intent = estate.intent.replace("groups = ", "# groups = ").replace(
            "    \"MIMSyncAdmins\",\n    \"MIMSyncPasswordSet\",\n    \"MIMSyncBrowse\",\n]\n",
            "",
        );
    }),
    ("MIM-007", |estate| {
        estate.inventory["databases"] = json!([]);
    }),
    ("MIM-015", |estate| {
        let rights = json!({
            "sysadmin": false, "sees_logins": true, "alters_logins": false, "alters_users": true, "owns_database": true
        });
        estate.inventory["databases"][0]["server"]["rights"] = rights;
    }),
    ("MIM-016", |estate| {
        for access in estate.inventory["databases"][0]["access"]
            .as_array_mut()
            .unwrap()
        {
            for user in access["users"].as_array_mut().unwrap() {
                user["schemas"] = json!(["reports"]);
            }
        }
    }),
    ("MIM-017", |estate| {
        estate.host("MIMSYNC01")["unread_access_lists"] = json!([r"root\CIMV2"]);
    }),
    ("MIM-013", |estate| {
        let product = json!({ "name": "Lithnet AutoSync", "version": "1.1.7000.0", "publisher": "Lithnet", "code": "{0}" });
        let products = &mut estate.host("MIMSYNC01")["products"];
        products.as_array_mut().unwrap().push(product);
    }),
    ("MIM-014", |estate| {
        let components = &mut estate.host("MIMPAM01")["components"];
        components.as_array_mut().unwrap().push(json!("sync"));
    }),
];

fn is_whole(id: &str, finding: &Value) {
    for field in ["subject", "what", "why", "advice", "source"] {
        assert_ne!(finding[field], "", "{field} of {id}");
    }
    let output = gmsactl(&["--json", "explain", id]).output().unwrap();
    assert_eq!(document(&output)["kind"], "finding", "{id}");
}

#[test]
fn what_the_lab_is_made_to_have_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let before = Estate::of(&lab, folder.path()).findings(&lab, folder.path());
    for (ids, verb) in STATES {
        for id in *ids {
            assert!(!before.contains_key(*id), "{id} is there already");
        }
        let output = lab.run(verb);
        assert_eq!(output.status.code(), Some(0), "{verb:?}: {output:?}");
    }
    // The reference estate itself has hosts behind a load balancer, a task beside a service, a warm standby, what `direct`
    // leaves out, and rights for privileged access management.
    for id in [
        "GMSA-027", "GMSA-041", "GMSA-063", "GMSA-064", "MIM-003", "MIM-008",
    ] {
        is_whole(id, &before[id]);
    }
    let after = Estate::of(&lab, folder.path()).findings(&lab, folder.path());
    for id in STATES.iter().flat_map(|(ids, _)| *ids) {
        let found = after.get(*id).unwrap_or_else(|| panic!("{id}: {after:#?}"));
        is_whole(id, found);
    }
}

#[test]
fn what_an_inventory_shows_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let before = Estate::of(&lab, folder.path()).findings(&lab, folder.path());
    for (id, edit) in EDITS {
        assert!(!before.contains_key(*id), "{id} is there already");
        let mut estate = Estate::of(&lab, folder.path());
        edit(&mut estate);
        let after = estate.findings(&lab, folder.path());
        let found = after.get(*id).unwrap_or_else(|| panic!("{id}: {after:#?}"));
        is_whole(id, found);
    }
}

#[test]
fn what_else_runs_under_the_old_account_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let mut estate = Estate::of(&lab, folder.path());
    let pool = json!({ "name": "Reports", "account": r"CONTOSO\svc-mimsync", "started": true, "folders": [] });
    let pools = &mut estate.host("MIMPAM01")["app_pools"];
    pools.as_array_mut().unwrap().push(pool);
    let found = estate.findings(&lab, folder.path())["GMSA-041"].clone();
    let what = found["what"].as_str().unwrap();
    assert!(what.contains("Reports on MIMPAM01"), "{what}");
    let task = r"the task \MIM\Delta synchronization on MIMSYNC01";
    assert!(what.contains(task), "{what}");
    let advice = found["advice"].as_str().unwrap();
    assert!(advice.contains("host tasks set-account"), "{advice}");
}

/// The account of the management agent logs on over the network: its gMSA is to do the same some day.
#[test]
fn a_denial_that_would_stop_the_management_agent_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let lab = StartedLab::start(&folder.path().join("lab"));
    let grant = [
        "host",
        "rights",
        "grant",
        "MIMSYNC01",
        "SeDenyNetworkLogonRight",
    ];
    let output = lab.run(&[&grant[..], &["--to", r"CONTOSO\svc-mimsync"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut estate = Estate::of(&lab, folder.path());
    let rights = |estate: &Estate| {
        let plan = estate.plan(&lab, folder.path());
        let steps = plan["steps"].as_array().unwrap();
        let copied = steps.iter().find(|step| {
            let of_sync = step["action"]["from"] == "svc-mimsync" && step["host"] == "MIMSYNC01";
            of_sync && step["kind"] == "copy-logon-rights"
        });
        copied.unwrap()["action"]["rights"].clone()
    };
    let (batch, local) = ("SeBatchLogonRight", "SeDenyInteractiveLogonRight");
    let all = json!([batch, "SeDenyNetworkLogonRight", local]);
    assert_eq!(rights(&estate), all);
    let agent = format!("{SERVICE}!SynchronizationAccount");
    estate.host("MIMSVC01")["registry"][agent] = json!(r"CONTOSO\svc-mimsync");
    assert_eq!(rights(&estate), json!([batch, local]));
}
