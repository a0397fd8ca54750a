//! Everything in a lab at one moment, to compare with another moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use lab::hosts::LabHost;
use lab::mim::SqlServer;
use lab::{Lab, Snapshot};
use serde_json::Value;

use crate::error::Failure;

/// What is no change of the estate: what happened is logged; a computer's ticket, its restarts and its refreshes of
/// policy are its administrator's business.
const NOT_COMPARED: [&str; 4] = ["events", "machine_token", "booted", "policy_applied"];

/// Directory, hosts and databases.
pub struct LabSnapshot {
    directory: Snapshot,
    others: BTreeMap<String, Value>,
}

impl LabSnapshot {
    /// As they are now.
    pub fn of(lab: &Lab, hosts: &[Arc<LabHost>], sql: &SqlServer) -> Result<Self, Failure> {
        let mut others = BTreeMap::new();
        for host in hosts {
            let mut state = serde_json::to_value(host.state())?;
            if let Value::Object(fields) = &mut state {
                fields.retain(|name, _| !NOT_COMPARED.contains(&name.as_str()));
            }
            others.insert(host.name().to_string(), state);
        }
        others.insert(
            "SQL Server".to_owned(),
            serde_json::to_value(sql.content())?,
        );
        Ok(Self {
            directory: lab.snapshot(),
            others,
        })
    }

    /// What differs, one line each; empty where all is the same.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut lines = self.directory.differences(&other.directory);
        for (name, value) in &self.others {
            compare(
                name,
                value,
                other.others.get(name).unwrap_or(&Value::Null),
                &mut lines,
            );
        }
        lines
    }
}

/// Names the deepest places that differ.
fn compare(place: &str, ours: &Value, theirs: &Value, lines: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let mut names: Vec<_> = ours.keys().chain(theirs.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let value = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned();
                let (ours, theirs) = (
                    value(ours).unwrap_or_default(),
                    value(theirs).unwrap_or_default(),
                );
                compare(&format!("{place}: {name}"), &ours, &theirs, lines);
            }
        }
        (ours, theirs) if ours == theirs => {}
        _ => lines.push(place.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_by_their_place() {
        let one = serde_json::json!({ "services": { "a": { "state": "Running" } }, "files": [1] });
        let two = serde_json::json!({ "services": { "a": { "state": "Stopped" }, "b": 1 }, "files": [1] });
        let mut lines = Vec::new();
        compare("HOST", &one, &two, &mut lines);
        assert_eq!(lines, ["HOST: services: a: state", "HOST: services: b"]);
    }
}
