//! An estate as an inventory and an intent show it, to be changed before it is planned for.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::started_lab::{StartedLab, document};

/// What was found, and what is wanted of it.
pub struct Estate {
    pub inventory: Value,
    pub intent: String,
}

impl Estate {
    pub fn of(lab: &StartedLab, folder: &Path) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        let (inventory, intent) = (path("inventory.json"), path("proposed.toml"));
        drop(std::fs::remove_file(&intent));
        let output = lab.run(&["discover", "--out", &inventory, "--intent", &intent]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        Self {
            inventory: serde_json::from_str(&std::fs::read_to_string(inventory).unwrap()).unwrap(),
            intent: std::fs::read_to_string(intent).unwrap(),
        }
    }

    pub fn host(&mut self, name: &str) -> &mut Value {
        let hosts = self.inventory["hosts"].as_array_mut().unwrap();
        hosts.iter_mut().find(|host| host["name"] == name).unwrap()
    }

    pub fn service(&mut self, host: &str, name: &str) -> &mut Value {
        let services = self.host(host)["services"].as_array_mut().unwrap();
        let mut services = services.iter_mut();
        services.find(|service| service["name"] == name).unwrap()
    }

    pub fn right(&mut self, host: &str, name: &str) -> &mut Value {
        let rights = self.host(host)["rights"].as_array_mut().unwrap();
        let mut rights = rights.iter_mut();
        rights.find(|held| held["right"] == name).unwrap()
    }

    pub fn plan(&self, lab: &StartedLab, folder: &Path) -> Value {
        let path = |name: &str| folder.join(name).display().to_string();
        let (inventory, intent) = (path("changed.json"), path("changed.toml"));
        std::fs::write(&inventory, self.inventory.to_string()).unwrap();
        std::fs::write(&intent, &self.intent).unwrap();
        let output = lab.run(&["plan", "--inventory", &inventory, "--intent", &intent]);
        document(&output)
    }

    /// The findings of a plan, by id.
    pub fn findings(&self, lab: &StartedLab, folder: &Path) -> BTreeMap<String, Value> {
        let plan = self.plan(lab, folder);
        let findings = plan["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("{plan:#}"));
        let by_id = |finding: &Value| (finding["id"].as_str().unwrap().to_owned(), finding.clone());
        findings.iter().map(by_id).collect()
    }
}
