//! All of MIM: seven components on five hosts move to gMSAs, and back, whole and one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::answer::{DONE, REFUSED};
use super::dump::Dump;
use super::guarded_key::GuardedKey;
use super::let_in::{LetIn, sid_of};
use super::scene::Scene;

const COMPONENTS: [&str; 7] = [
    "sync",
    "service",
    "pam-rest",
    "pam-component",
    "pam-monitoring",
    "sspr-registration",
    "sspr-reset",
];

/// What carries a component on a host, and its two accounts.
struct Carried {
    component: &'static str,
    host: &'static str,
    what: What,
    before: &'static str,
    after: &'static str,
}

enum What {
    Service(&'static str),
    Pool(&'static str),
}

const fn carried(
    component: &'static str,
    host: &'static str,
    what: What,
    before: &'static str,
    after: &'static str,
) -> Carried {
    Carried {
        component,
        host,
        what,
        before,
        after,
    }
}

const SYNC: &str = "FIMSynchronizationService";
const REGISTRATION: &str = "FIMPasswordRegistrationAppPool";
const RESET: &str = "FIMPasswordResetAppPool";

#[rustfmt::skip]
const CARRIED: [Carried; 11] = [
    carried("sync", "mimsync01", What::Service(SYNC), "svc-mimsync", "MIMSyncGMSAsvc$"),
    carried("sync", "mimsync02", What::Service(SYNC), "svc-mimsync", "MIMSyncGMSAsvc$"),
    carried("service", "mimsvc01", What::Service("FIMService"), "svc-mimservice", "MIMSrvGMSAsvc$"),
    carried("service", "mimsvc02", What::Service("FIMService"), "svc-mimservice", "MIMSrvGMSAsvc$"),
    carried("pam-rest", "mimpam01", What::Pool("MIMPAMRestApiAppPool"), "svc-pamrest", "MIMPamRest$"),
    carried("pam-component", "mimpam01", What::Service("PrivilegeManagementComponentService"), "svc-pamcomp", "MIMPamComp$"),
    carried("pam-monitoring", "mimpam01", What::Service("PamMonitoringService"), "svc-pammon", "MIMPamMon$"),
    carried("sspr-registration", "mimsvc01", What::Pool(REGISTRATION), "svc-ssprreg", "MIMSsprReg$"),
    carried("sspr-registration", "mimsvc02", What::Pool(REGISTRATION), "svc-ssprreg", "MIMSsprReg$"),
    carried("sspr-reset", "mimsvc01", What::Pool(RESET), "svc-sspreset", "MIMSsprReset$"),
    carried("sspr-reset", "mimsvc02", What::Pool(RESET), "svc-sspreset", "MIMSsprReset$"),
];

/// An SPN, who has it before, and who afterwards.
#[rustfmt::skip]
const SPNS: [(&str, &str, &str); 5] = [
    ("PCNSCLNT/mimsync01.contoso.com", "svc-mimsync", "MIMSyncGMSAsvc"),
    ("FIMService/mimservice", "svc-mimservice", "MIMSrvGMSAsvc"),
    ("HTTP/pamapi.contoso.com", "svc-pamrest", "MIMPamRest"),
    ("HTTP/passwordregistration.contoso.com", "svc-ssprreg", "MIMSsprReg"),
    ("HTTP/passwordreset.contoso.com", "svc-sspreset", "MIMSsprReset"),
];

#[test]
fn all_of_mim_moves_to_gmsas_and_back() {
    let scene = Scene::of_every_host();
    let let_in = LetIn::new(sid_of(&scene, "svc-mimservice"));
    let old = let_in.account.to_string();
    let key = GuardedKey::for_account(let_in.account);
    let before = Dump::take_every_host();
    COMPONENTS
        .iter()
        .for_each(|component| runs_as(&before, component, false));

    everything_is_found(&scene);
    propose(&scene);
    let plan = scene.plan();
    before.assert_unchanged();

    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE).json();
    assert_eq!(verified["holds"], true, "{verified:#}");
    each_component_is_proved(&plan, &verified);
    is_converted(&Dump::take_every_host());
    has_the_rights_of(&scene, "svc-mimservice", "MIMSrvGMSAsvc", 5);
    has_the_rights_of(&scene, "svc-pamcomp", "MIMPamComp", 4);
    has_the_rights_of(&scene, "svc-pammon", "MIMPamMon", 3);
    let gmsa = sid_of(&scene, "MIMSrvGMSAsvc");
    let entries = let_in.entries_of(&gmsa);
    let gmsa = gmsa.to_string();
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert_eq!(let_in.entries_of(&let_in.account), entries);
    let means = key.means(&scene, &gmsa);
    assert_eq!(means, key.means(&scene, &old));
    assert_eq!(means.len(), 1, "{means:?}");
    a_host_that_may_not_retrieve_starts_nothing(&scene);

    scene.roll_back(&run);
    before.assert_unchanged();
    let left = key.means(&scene, &gmsa);
    assert_eq!(left, [""; 0], "what was given is taken back");
    assert_eq!(scene.plan(), plan, "the same plan, byte for byte");
}

#[test]
fn each_component_goes_back_alone() {
    let scene = Scene::of_every_host();
    let before = Dump::take_every_host();
    propose(&scene);
    scene.plan();
    let run = scene.apply();
    for (done, component) in COMPONENTS.iter().enumerate() {
        let back = scene
            .json(&["rollback", &run, "--only", component])
            .ended(DONE);
        let now = Dump::take_what_runs();
        for (place, other) in COMPONENTS.iter().enumerate() {
            runs_as(&now, other, place > done);
        }
        assert!(
            !back.json()["steps"].as_array().unwrap().is_empty(),
            "{back}"
        );
    }
    scene.roll_back(&run);
    before.assert_unchanged();
}

/// The MIM Service alone: with delegation that only an intent can ask for, and another password for its mailbox.
#[test]
fn the_mailbox_password_is_stored_anew_on_each_node() {
    const KEY: &str =
        r"[HKEY_LOCAL_MACHINE\Software\Microsoft\Forefront Identity Manager\2010\Service]";
    const VALUE: &str = "GMSAEncryptedExchangeOnPremiseAccountPassword";
    let scene = Scene::of_every_host();
    let before = Dump::take_every_host();
    assert!(before.about(VALUE).is_empty(), "{:?}", before.about(VALUE));
    propose(&scene);
    let intent = fs::read_to_string(scene.path("conversion.toml")).unwrap();
    scene.write("conversion.toml", service_alone(&intent));
    let plan = scene.plan();
    let warned = |finding: &Value| finding["id"] == "GMSA-023";
    assert!(
        plan["findings"].as_array().unwrap().iter().any(warned),
        "{plan:#}"
    );
    let run = scene.apply();
    let arguments = ["mim", "exchange-password", "--mailbox", "on-premise"];
    let account = ["--account", r"CONTOSO\svc-mimmail"];
    let changed = scene.json(&[&arguments[..], &account].concat()).ended(DONE);
    assert_eq!(changed.text("/outcome"), "done", "{changed}");
    let now = Dump::take_every_host();
    for host in ["mimsvc01", "mimsvc02"] {
        // How a blob of the Data Protection API begins, in Base64.
        let begin = format!("{host} {KEY} \"{VALUE}\"=\"AQAAANCMnd8BFdERjHoAwE/Cl+s");
        assert_eq!(now.about(&begin).len(), 1, "{:?}", now.about(VALUE));
    }
    assert!(
        now.about("MIMKeyProtectService").is_empty(),
        "the helper is gone"
    );
    runs_as(&now, "service", true);
    assert!(unconstrained(&now, "MIMSrvGMSAsvc"));

    scene.roll_back(&changed.text("/run"));
    scene.roll_back(&run);
    before.assert_unchanged();
}

/// Writes the intent that gmsactl proposes for what it finds.
fn propose(scene: &Scene) {
    let arguments = [
        "discover",
        "--out",
        "inventory.json",
        "--intent",
        "conversion.toml",
    ];
    let found = scene.json(&arguments).ended(DONE).json();
    assert_eq!(
        found["coverage"]["answered"], found["coverage"]["asked"],
        "{:#}",
        found["coverage"]
    );
    let intent = fs::read_to_string(scene.path("conversion.toml")).unwrap();
    let intent: toml::Table = toml::from_str(&intent).unwrap();
    let proposed: Vec<_> = intent["conversion"]
        .as_array()
        .unwrap()
        .iter()
        .map(|conversion| conversion["component"].as_str().unwrap())
        .collect();
    assert_eq!(proposed, COMPONENTS);
}

/// The conversion of the MIM Service alone, with delegation to any service.
fn service_alone(intent: &str) -> String {
    let mut intent: toml::Table = toml::from_str(intent).unwrap();
    let conversions = intent["conversion"].as_array_mut().unwrap();
    conversions.retain(|conversion| conversion["component"].as_str() == Some("service"));
    let service = conversions[0].as_table_mut().unwrap();
    service.insert("delegation".to_owned(), "unconstrained".into());
    toml::to_string(&intent).unwrap()
}

fn everything_is_found(scene: &Scene) {
    let found = scene.json(&["mim", "detect"]).ended(DONE).json();
    assert_eq!(found["not_found"], serde_json::json!([]));
    for staying in found["stays"].as_array().unwrap() {
        let agents = staying["component"] == "management-agents";
        assert_eq!(staying["found"], agents, "{staying:#}");
    }
    let mut nodes = BTreeMap::new();
    for component in found["components"].as_array().unwrap() {
        for node in component["nodes"].as_array().unwrap() {
            assert_eq!(node["version"], "4.6.673.0", "{node:#}");
            assert_eq!(node["account_kind"], "password", "{node:#}");
            let text = |value: &Value| value.as_str().unwrap().to_lowercase();
            let place = (text(&component["component"]), text(&node["host"]));
            nodes.insert(place, (node["name"].clone(), node["role"].clone()));
        }
    }
    for Carried {
        component,
        host,
        what,
        ..
    } in &CARRIED
    {
        let (name, role) = nodes
            .remove(&((*component).to_owned(), (*host).to_owned()))
            .unwrap();
        let (What::Service(expected) | What::Pool(expected)) = what;
        assert_eq!(name, *expected);
        let expected = match *host {
            "mimsync01" => "active",
            "mimsync02" => "standby",
            "mimpam01" => "only",
            _ => "one-of-several",
        };
        assert_eq!(role, expected, "{component} on {host}");
    }
    assert!(nodes.is_empty(), "{nodes:?}");
}

/// The stand-ins are as strict as Windows: what the agent cannot tell, they would show.
fn a_host_that_may_not_retrieve_starts_nothing(scene: &Scene) {
    const MEMBERSHIP: [&str; 2] = ["MIMPam_Servers", "MIMPAM01$"];
    const SERVICE: [&str; 2] = ["MIMPAM01", "PamMonitoringService"];
    const POOL: [&str; 2] = ["MIMPAM01", "MIMPAMRestApiAppPool"];
    let done = |verb: &[&str], what: [&str; 2]| {
        scene.json(&[verb, &what].concat()).ended(DONE);
    };
    let refused = |verb: &[&str], what: [&str; 2], says: &str| {
        let answer = scene.json(&[verb, &what].concat()).ended(REFUSED);
        assert!(answer.stdout.contains(says), "{answer}");
    };
    done(&["group", "remove"], MEMBERSHIP);
    done(&["host", "stop"], SERVICE);
    done(&["host", "app-pools", "stop"], POOL);
    refused(&["host", "start"], SERVICE, "1069");
    refused(&["host", "app-pools", "start"], POOL, "1326");
    done(&["group", "add"], MEMBERSHIP);
    done(&["host", "start"], SERVICE);
    done(&["host", "app-pools", "start"], POOL);
}

/// Whether an account may delegate to any service: [MS-ADTS] 2.2.16 "userAccountControl Bits", TRUSTED_FOR_DELEGATION.
fn unconstrained(now: &Dump, gmsa: &str) -> bool {
    let line =
        format!("CN={gmsa},CN=Managed Service Accounts,DC=contoso,DC=com userAccountControl: ");
    let [line] = now.about(&line)[..] else {
        panic!("{gmsa} has no userAccountControl");
    };
    let bits: u32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    bits & 0x8_0000 != 0
}

/// Both accounts have so many entries in the directory, the same ones on the same objects.
fn has_the_rights_of(scene: &Scene, old: &str, new: &str, count: usize) {
    let of = |name: &str| {
        let found = scene.json(&["account", "rights", name]).ended(DONE).json();
        let sid = found["sid"].as_str().unwrap().to_owned();
        let rights = found["rights"].as_array().unwrap().iter();
        let rights = rights.map(|right| right.to_string().replace(&sid, "-"));
        rights.collect::<BTreeSet<_>>()
    };
    let rights = of(old);
    assert_eq!(rights.len(), count, "{rights:?}");
    assert_eq!(of(new), rights, "{new}");
}

/// For each gMSA a host logs on with the password that it retrieves.
fn each_component_is_proved(plan: &Value, verified: &Value) {
    let steps = plan["steps"].as_array().unwrap();
    let checks = verified["checks"].as_array().unwrap();
    for component in COMPONENTS {
        let mut proofs = steps.iter().filter(|step| {
            step["id"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{component}/prove-logon"))
        });
        let first = proofs
            .next()
            .unwrap_or_else(|| panic!("{component} is not proved"));
        for proof in std::iter::once(first).chain(proofs) {
            let check = checks.iter().find(|check| check["id"] == proof["id"]);
            let check = check.unwrap_or_else(|| panic!("{proof} was not checked"));
            assert_eq!(check["holds"], true, "{check:#}");
        }
    }
}

/// Directory and hosts say the same without gmsactl.
fn is_converted(now: &Dump) {
    COMPONENTS
        .iter()
        .for_each(|component| runs_as(now, component, true));
    for (spn, old, new) in SPNS {
        let line = |holder: &str| format!("{holder},DC=contoso,DC=com servicePrincipalName: {spn}");
        let managed = format!("CN={new},CN=Managed Service Accounts");
        assert_eq!(
            now.about(&format!("servicePrincipalName: {spn}")).len(),
            if spn == "FIMService/mimservice" { 2 } else { 1 }
        );
        assert!(now.says(&line(&managed)), "{spn} is not on {new}");
        assert!(
            !now.says(&line(&format!("CN={old},CN=Users"))),
            "{spn} is still on {old}"
        );
    }
    for gmsa in ["MIMSrvGMSAsvc", "MIMSsprReg", "MIMSsprReset"] {
        assert!(!unconstrained(now, gmsa), "{gmsa}");
        assert!(now.says(&format!(
            "CN={gmsa},CN=Managed Service Accounts,DC=contoso,DC=com msDS-AllowedToDelegateTo: FIMService/mimservice"
        )), "{gmsa} may not delegate");
    }
    for group in ["MIMSyncPasswordSet", "MIMSyncBrowse"] {
        assert!(now.says(&format!(
            "CN={group},CN=Users,DC=contoso,DC=com member: CN=MIMSrvGMSAsvc,CN=Managed Service Accounts,DC=contoso,DC=com"
        )), "MIMSrvGMSAsvc is not in {group}");
    }
}

/// A component runs as its gMSA, or else as it did before, on each of its hosts; the warm standby is stopped.
#[track_caller]
fn runs_as(now: &Dump, component: &str, managed: bool) {
    for carried in CARRIED
        .iter()
        .filter(|carried| carried.component == component)
    {
        let host = carried.host;
        let account = match managed {
            true => carried.after,
            false => carried.before,
        };
        let (runs, logs_on) = match carried.what {
            What::Service(name) => (
                now.about(&format!("{host} service {name} STATE")),
                format!(
                    r#"{host} [HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\{name}] "ObjectName"="CONTOSO\\{account}""#
                ),
            ),
            What::Pool(pool) => (
                now.about(&format!(r#"{host} [HKEY_LOCAL_MACHINE\Software\Stand-in IIS\Application pools] "{pool}""#)),
                format!(r#"userName="CONTOSO\{account}""#),
            ),
        };
        let state = match host {
            "mimsync02" => "STOPPED",
            _ if matches!(carried.what, What::Pool(_)) => "=dword:00000001",
            _ => "RUNNING",
        };
        assert!(
            matches!(runs[..], [line] if line.ends_with(state)),
            "{component} on {host}: {runs:?}"
        );
        let lines = now.about(&logs_on);
        let own = lines
            .iter()
            .filter(|line| line.starts_with(&format!("{host} ")));
        assert_eq!(
            own.count(),
            1,
            "{component} on {host} is not {account}: {lines:?}"
        );
    }
}
