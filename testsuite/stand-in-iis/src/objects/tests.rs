//! The objects over a file in memory.

use std::collections::BTreeMap;

use super::*;
use crate::pools::{Installed, STARTED, install};

/// A user logs on with `good`, a managed account without anything.
#[derive(Clone, Default)]
struct Fake {
    saved: Arc<Mutex<Vec<String>>>,
    states: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Machine for Fake {
    fn save(&self, configuration: &Element) -> anyhow::Result<()> {
        lock(&self.saved).push(configuration.to_text());
        Ok(())
    }
    fn protect(&self, password: &str) -> anyhow::Result<String> {
        Ok(password.chars().rev().collect())
    }
    fn log_on(&self, user: &str, kept: &str) -> anyhow::Result<()> {
        let right = if user.ends_with('$') { "" } else { "doog" };
        anyhow::ensure!(kept == right, "refused");
        Ok(())
    }
    fn state(&self, pool: &str) -> u32 {
        lock(&self.states).get(pool).copied().unwrap_or(STOPPED)
    }
    fn set_state(&self, pool: &str, state: u32) -> anyhow::Result<()> {
        lock(&self.states).insert(pool.to_owned(), state);
        Ok(())
    }
}

fn server() -> (Object, Fake) {
    let (fake, mut tree) = (Fake::default(), Element::new("configuration", &[]));
    let new = Installed {
        pool: "P",
        site: "S",
        port: "8088",
        folder: r"C:\P\",
        account: r"A\b",
        password: "good",
    };
    install(&mut tree, &fake, &new).unwrap();
    install(&mut tree, &fake, &new).unwrap();
    (Object::manager(tree, Box::new(fake.clone())), fake)
}

fn object(from: &Object, name: &str, arguments: &[Value]) -> Object {
    match from.call(name, arguments) {
        Ok(Value::Object(object)) => object,
        _ => panic!("{name} gives no object"),
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn first(manager: &Object, section: &str) -> Object {
    let section = object(manager, "GetAdminSection", &[text(section), text(ROOT)]);
    let all = object(&section, "Collection", &[]);
    assert!(matches!(all.call("Count", &[]), Ok(Value::Number(1))));
    object(&all, "Item", &[Value::Number(0)])
}

fn property(of: &Object, name: &str) -> Object {
    object(&object(of, "Properties", &[]), "Item", &[text(name)])
}

fn shown(of: &Object, name: &str) -> String {
    match property(of, name).call("Value", &[]) {
        Ok(Value::Text(text)) => text,
        Ok(Value::Number(number)) => number.to_string(),
        Ok(Value::Flag(flag)) => flag.to_string(),
        other => panic!("{name}: {:?}", other.err()),
    }
}

fn run(pool: &Object, method: &str) -> Result<Value, Refused> {
    let method = object(&object(pool, "Methods", &[]), "Item", &[text(method)]);
    object(&method, "CreateInstance", &[]).call("Execute", &[])
}

#[test]
fn a_pool_is_read_stopped_changed_and_started() {
    let (manager, fake) = server();
    manager.put("CommitPath", &text(ROOT)).unwrap();
    let pool = first(&manager, "system.applicationHost/applicationPools");
    let model = object(
        &object(&pool, "ChildElements", &[]),
        "Item",
        &[text("processModel")],
    );
    let seen = [("name", "P"), ("autoStart", "true"), ("state", "1")];
    seen.iter()
        .for_each(|(name, value)| assert_eq!(shown(&pool, name), *value));
    assert_eq!(
        (shown(&model, "identityType"), shown(&model, "userName")),
        ("3".into(), r"A\b".into())
    );
    let refusal = property(&model, "password")
        .call("Value", &[])
        .err()
        .unwrap();
    assert_eq!(refusal.code, DENIED);

    run(&pool, "Stop").unwrap();
    assert_eq!(fake.state("P"), STOPPED);
    property(&model, "userName")
        .put("Value", &text(r"A\g$"))
        .unwrap();
    let refusal = run(&pool, "Start").err().unwrap();
    assert_eq!(
        (refusal.code, fake.state("P")),
        (LOGON_FAILURE, STOPPED),
        "it still has a password"
    );
    property(&model, "password")
        .put("Value", &text(""))
        .unwrap();
    run(&pool, "Start").unwrap();
    assert_eq!(fake.state("P"), STARTED);
    manager.call("CommitChanges", &[]).unwrap();
    let saved = lock(&fake.saved).last().unwrap().clone();
    assert!(saved.contains(r#"userName="A\g$" />"#), "{saved}");
}

#[test]
fn a_site_leads_to_its_folder() {
    let (manager, _) = server();
    let site = first(&manager, "system.applicationHost/sites");
    assert_eq!(shown(&site, "name"), "S");
    let application = object(
        &object(&site, "Collection", &[]),
        "Item",
        &[Value::Number(0)],
    );
    assert_eq!(shown(&application, "applicationPool"), "P");
    let folder = object(
        &object(&application, "Collection", &[]),
        "Item",
        &[Value::Number(0)],
    );
    assert_eq!(
        (shown(&folder, "path"), shown(&folder, "physicalPath")),
        ("/".into(), r"C:\P\".into())
    );
    let bindings = object(
        &object(&site, "ChildElements", &[]),
        "Item",
        &[text("bindings")],
    );
    let binding = object(
        &object(&bindings, "Collection", &[]),
        "Item",
        &[Value::Number(0)],
    );
    assert_eq!(
        (
            shown(&binding, "protocol"),
            shown(&binding, "bindingInformation")
        ),
        ("http".into(), "*:8088:".into())
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let (manager, _) = server();
    let path = [text("system.webServer/handlers"), text(ROOT)];
    assert_eq!(
        manager.call("GetAdminSection", &path).err().unwrap().code,
        NOT_FOUND
    );
    assert_eq!(
        manager.call("CommitChanges", &[]).err().unwrap().code,
        INVALID,
        "without a path"
    );
    let pool = first(&manager, "system.applicationHost/applicationPools");
    assert!(property(&pool, "queueLength").call("Value", &[]).is_err());
    assert!(property(&pool, "name").put("Value", &text("Q")).is_err());
    let model = object(
        &object(&pool, "ChildElements", &[]),
        "Item",
        &[text("processModel")],
    );
    assert!(
        property(&model, "identityType")
            .put("Value", &text("Anybody"))
            .is_err()
    );
}
