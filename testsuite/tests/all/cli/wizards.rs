//! `strategy = "guided"`: a run shows the pages, waits, and looks. The test is the person: it enters what the pages say,
//! into the properties that the fields of these pages set in the package, and runs setup with them.

use serde_json::Value;

use super::answer::{Answer, DONE, REFUSED};
use super::dump::Dump;
use super::media::{self, Media, step_of};
use super::packages::inspect;
use super::scene::Scene;

/// The run waits: `apply` again goes on.
const WAITING: i32 = 5;

/// A step that a person does, and with what.
struct Wizard {
    step: &'static str,
    media: &'static Media,
    host: &'static str,
}

const SYNC: &Wizard = &Wizard {
    step: "sync/follow-wizard",
    media: &media::SYNC,
    host: "MIMSYNC01",
};
const SERVICE: &Wizard = &Wizard {
    step: "service/follow-wizard",
    media: &media::SERVICE,
    host: "MIMSVC01",
};

#[test]
fn a_person_follows_the_pages_and_the_run_goes_on() {
    let scene = Scene::new();
    let before = Dump::take();
    scene.edit("conversion.toml", "\"direct\"", "\"guided\"");
    let plan = scene.plan();
    let entered = entered(&media::SYNC, step_of(&plan, SYNC.step));
    let wanted = [
        ("SERVICEACCOUNT", "MIMSyncGMSAsvc$"),
        ("SERVICEDOMAIN", "CONTOSO"),
        ("STANDIN_KEY_SET", r"C:\MIMBackup\miiskeys-1.bin"),
    ];
    assert_eq!(entered, owned(&wanted));

    let why = handed_over(&scene, SYNC);
    assert!(
        why.contains(r"runs as CONTOSO\svc-mimsync, and is to run as CONTOSO\MIMSyncGMSAsvc$"),
        "{why}"
    );
    assert_eq!(handed_over(&scene, SYNC), why, "nobody did anything");

    // Without its $ the name is that of a user, and setup wants a password: nothing was changed.
    let refused = follow(
        &scene,
        SYNC,
        &with(&entered, "SERVICEACCOUNT", "MIMSyncGMSAsvc"),
    );
    let refused = refused.ended(REFUSED).json();
    assert_eq!(refused["succeeded"], false, "{refused:#}");
    assert_eq!(handed_over(&scene, SYNC), why);

    // The account that the guide types, which is not the one that it made.
    let mut other = with(&entered, "SERVICEACCOUNT", "MIMSyncGMSA$");
    other.retain(|(name, _)| name != "STANDIN_KEY_SET");
    follow(&scene, SYNC, &other).ended(DONE);
    let named = handed_over(&scene, SYNC);
    assert!(
        named.contains(r"runs as CONTOSO\MIMSyncGMSA$, and is to run as CONTOSO\MIMSyncGMSAsvc$"),
        "{named}"
    );

    follow(&scene, SYNC, &entered).ended(DONE);
    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE).json();
    assert_eq!(verified["holds"], true, "{verified:#}");
    let now = Dump::take();
    assert!(now.says("service FIMSynchronizationService STATE              : 4  RUNNING"));
    scene.roll_back(&run);
    before.assert_unchanged();
}

/// With the box for a managed account, and once without it.
#[test]
fn the_mim_service_follows_its_pages() {
    let scene = Scene::of_every_host();
    let before = Dump::take_every_host();
    scene.write(
        "conversion.toml",
        "format = 1\n[[conversion]]\ncomponent = \"service\"\nhosts = [\"MIMSVC01\"]\ngmsa = \"MIMSrvGMSAsvc\"\n\
         retrieval-group = \"MIMService_Servers\"\nstrategy = \"guided\"\n",
    );
    let plan = scene.plan();
    let entered = entered(&media::SERVICE, step_of(&plan, SERVICE.step));
    let wanted = [
        ("USE_MANAGED_ACCOUNT_FOR_SERVICE", "1"),
        ("SERVICE_ACCOUNT_NAME", "MIMSrvGMSAsvc$"),
        ("SERVICE_ACCOUNT_DOMAIN", "CONTOSO"),
    ];
    assert_eq!(entered, owned(&wanted));

    let why = handed_over(&scene, SERVICE);
    let unticked = with(&entered, "USE_MANAGED_ACCOUNT_FOR_SERVICE", "0");
    follow(&scene, SERVICE, &unticked).ended(REFUSED);
    assert_eq!(handed_over(&scene, SERVICE), why);
    follow(&scene, SERVICE, &entered).ended(DONE);
    let run = scene.apply();
    let verified = scene.json(&["verify", &run]).ended(DONE).json();
    assert_eq!(verified["holds"], true, "{verified:#}");
    scene.roll_back(&run);
    before.assert_unchanged();
}

/// Each field that any component's pages tell of is one of the package, where it sets a property.
#[test]
fn the_pages_are_those_of_the_packages() {
    let scene = Scene::of_every_host();
    let found = [
        "discover",
        "--out",
        "inventory.json",
        "--intent",
        "conversion.toml",
    ];
    scene.json(&found).ended(DONE);
    let intent = std::fs::read_to_string(scene.path("conversion.toml")).unwrap();
    let mut intent: toml::Table = toml::from_str(&intent).unwrap();
    for conversion in intent["conversion"].as_array_mut().unwrap() {
        let conversion = conversion.as_table_mut().unwrap();
        conversion.insert("strategy".to_owned(), "guided".into());
    }
    scene.write("conversion.toml", toml::to_string(&intent).unwrap());
    let plan = scene.plan();
    let mut components = std::collections::BTreeSet::new();
    for step in plan["steps"].as_array().unwrap() {
        if step["kind"] == "follow-wizard" {
            let media = match step["component"].as_str().unwrap() {
                "sync" => &media::SYNC,
                _ => &media::SERVICE,
            };
            let entered = entered(media, step);
            let account = entered
                .iter()
                .any(|(name, value)| name.contains("ACCOUNT") && value.ends_with('$'));
            assert!(account, "{step:#}");
            components.insert(step["component"].as_str().unwrap());
        }
    }
    assert_eq!(components.len(), 7, "{components:?}");
}

/// Applies; the wizard's step says why it waits.
#[track_caller]
fn handed_over(scene: &Scene, wizard: &Wizard) -> String {
    let report = scene.json(&["apply", "plan.json"]).ended(WAITING).json();
    let step = step_of(&report, wizard.step);
    assert_eq!(step["status"], "handed-over", "{step:#}");
    let advice = step["advice"].as_str().unwrap();
    assert!(advice.contains("GMSAsvc$, with the $"), "{advice}");
    step["why"].as_str().unwrap().to_owned()
}

/// Runs setup with what was entered; on all other pages a wizard shows what is set, here it is said again.
fn follow(scene: &Scene, wizard: &Wizard, entered: &[(String, String)]) -> Answer {
    let properties = [entered, &wizard.media.restated()].concat();
    wizard.media.change(scene, wizard.host, &properties, &[])
}

fn owned(properties: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn with(entered: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let entered = entered.iter().map(|(known, old)| {
        let value = if known == name { value } else { old };
        (known.clone(), value.to_owned())
    });
    entered.collect()
}

/// What a person enters who reads a step's pages, by the property that the page's field sets.
fn entered(media: &Media, step: &Value) -> Vec<(String, String)> {
    let package = inspect(&media.copy()).ended(DONE).json();
    let mut entered = Vec::new();
    for page in step["action"]["wizard"]["pages"].as_array().unwrap() {
        for field in page["fields"].as_array().unwrap() {
            let text = |name: &str| field[name].as_str().unwrap();
            let Some(value) = typed(text("entry")) else {
                continue;
            };
            let property = property(&package, page["title"].as_str().unwrap(), text("label"));
            entered.push((property, value));
        }
    }
    entered
}

/// The text that an entry says to type; `None` where nothing is to be typed.
fn typed(entry: &str) -> Option<String> {
    if ["leave it empty", "it cannot", "Yes", "No:", "Next"]
        .iter()
        .any(|nothing| entry.starts_with(nothing))
    {
        return None;
    }
    if entry.starts_with("tick it") {
        return Some("1".to_owned());
    }
    let text = entry.strip_prefix("clear it and type ").unwrap_or(entry);
    let text = text.split(", with the").next().unwrap();
    Some(text.trim_end_matches(": the exported one").to_owned())
}

/// The property that a field of a page sets in the package.
#[track_caller]
fn property(package: &Value, title: &str, label: &str) -> String {
    let first = |text: &str| text.split(" (later: ").next().unwrap().to_owned();
    let (title, label) = (first(title), first(label));
    let list = |value: &Value| value.as_array().unwrap().clone();
    for page in list(&package["dialogs"]) {
        let controls = list(&page["controls"]);
        let labelled = controls
            .iter()
            .find(|control| control["text"] == label.as_str());
        if let (true, Some(labelled)) = (page["title"] == title.as_str(), labelled) {
            let name = labelled["name"].as_str().unwrap().replace("Label", "Field");
            let field = controls
                .iter()
                .find(|control| control["name"] == name.as_str());
            return field.unwrap()["property"].as_str().unwrap().to_owned();
        }
    }
    panic!("no field {label:?} on a page {title:?}: {package:#}")
}
