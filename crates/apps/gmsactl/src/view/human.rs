//! Documents for people.

mod agent;
mod changes;
mod demo;
mod directory;
mod explanation;
mod findings;
mod host;
mod keyset;
mod lab;
mod mim;
mod package;
mod plan;
mod rehearsal;
mod run;
mod sql;

pub use agent::agent;
pub use changes::{
    account_test, change_in_short, changed, controllers, delegation, directory_rights, gmsas,
    group, keytab, listed_account, spn_check, spns, wait,
};
pub use demo::demo;
pub use directory::{account, derived, doctor, inventory, root_keys};
pub use explanation::explanation;
pub use host::{
    access, app_pools, events, facts, host_change, members, products, registry_data,
    registry_value, rights, services, task, tasks, triggers,
};
pub use keyset::{fetched_copies, keyset_verification, keysets, opened_keyset};
pub use lab::{lab, lab_changed, lab_status};
pub use mim::detection;
pub use package::{package, setup_change};
pub use plan::plan;
pub use rehearsal::rehearsal;
pub use run::{report, run, runs, verification};
pub use sql::{sql_check, sql_sweep};

use serde_json::Value;

use super::paint::Paint;
use crate::error::Failure;

/// Why a command could not do its work: one line, its causes, what to do.
pub fn failure(failure: &Failure, paint: &Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad("error:"), failure.message);
    for cause in &failure.causes {
        text += &format!("  because {cause}\n");
    }
    text += &findings::findings(&failure.findings, paint);
    if let Some(hint) = &failure.hint {
        text += &format!("  {} {hint}\n", paint.strong("what to do:"));
    }
    text
}

/// A decoded document: names and values, indented by depth.
pub fn decoded(document: &Value, _paint: &Paint) -> String {
    let mut text = String::new();
    lines(document, 0, &mut text);
    text
}

fn lines(value: &Value, depth: usize, text: &mut String) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(_) => {
                *text += &format!("{indent}{name}:\n");
                lines(value, depth + 1, text);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                *text += &format!("{indent}{name}:\n");
                for item in items {
                    *text += &format!("{indent}  -\n");
                    lines(item, depth + 2, text);
                }
            }
            Value::String(word) => *text += &format!("{indent}{name}: {word}\n"),
            other => *text += &format!("{indent}{name}: {other}\n"),
        }
    }
}
