//! Custom actions: the package's own code, and as whom it runs.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Serialize;

use crate::error::PackageError;
use crate::tables::Tables;

// "Custom Action In-Script Execution Options" and "Custom Action Hidden Target Option".
const BASIC_TYPE: i32 = 0x3f;
const IN_SCRIPT: i32 = 0x400;
const NO_IMPERSONATE: i32 = 0x800;
const HIDE_TARGET: i32 = 0x2000;

/// One custom action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomAction {
    /// Its name.
    pub name: String,
    /// What it is: `dll`, `exe`, `script`, `set-property`, `set-directory`, `error`, `other`.
    pub what: &'static str,
    /// As whom it runs.
    pub runs: Runs,
    /// The key of the Binary or File table, the folder or the property that it is taken from or sets.
    pub source: String,
    /// Its entry point, command line or value; `None` where the package hides it.
    pub target: Option<String>,
    /// When it runs, where it is part of the installation's sequence.
    pub condition: Option<String>,
    /// Its place in the installation's sequence; `None`: only a page or nobody calls it.
    pub sequence: Option<i32>,
}

/// As whom a custom action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// At once, as whoever runs the set-up.
    AsUser,
    /// Within the installation, as whoever started it.
    DeferredAsUser,
    /// Within the installation, as the system.
    AsSystem,
}

impl Runs {
    fn of(kind: i32) -> Self {
        match (kind & IN_SCRIPT != 0, kind & NO_IMPERSONATE != 0) {
            (false, _) => Self::AsUser,
            (true, false) => Self::DeferredAsUser,
            (true, true) => Self::AsSystem,
        }
    }
}

/// "Summary List of All Custom Action Types": the low six bits.
fn what(kind: i32) -> &'static str {
    match kind & BASIC_TYPE {
        1 | 17 => "dll",
        2 | 18 | 34 | 50 => "exe",
        5 | 6 | 21 | 22 | 37 | 38 | 53 | 54 => "script",
        19 => "error",
        35 => "set-directory",
        51 => "set-property",
        _ => "other",
    }
}

/// All custom actions: those of the installation's sequence in its order, then the others.
pub(crate) fn read<F: Read + Seek>(
    tables: &mut Tables<F>,
) -> Result<Vec<CustomAction>, PackageError> {
    let mut sequence = BTreeMap::new();
    for row in tables.rows("InstallExecuteSequence")? {
        let place = (
            row.number("Sequence"),
            row.text("Condition").map(str::to_owned),
        );
        sequence.insert(row.owned("Action"), place);
    }
    let rows = tables.rows("CustomAction")?.into_iter();
    let mut actions: Vec<CustomAction> = rows
        .map(|row| {
            let name = row.owned("Action");
            let kind = row.number("Type").unwrap_or(0);
            let (sequence, condition) = sequence.remove(&name).unwrap_or_default();
            CustomAction {
                what: what(kind),
                runs: Runs::of(kind),
                source: row.owned("Source"),
                target: (kind & HIDE_TARGET == 0).then(|| row.owned("Target")),
                condition,
                sequence,
                name,
            }
        })
        .collect();
    actions.sort_by_key(|action| action.sequence.map_or(i64::MAX, i64::from));
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_type_say_what_runs_as_whom() {
        for (kind, expected, runs) in [
            (1, "dll", Runs::AsUser),
            (1 + 0x400, "dll", Runs::DeferredAsUser),
            (1 + 0x400 + 0x800, "dll", Runs::AsSystem),
            (3090, "exe", Runs::AsSystem), // 18 + in script + no impersonation: from the SDK's examples
            (51, "set-property", Runs::AsUser),
            (51 + 0x800, "set-property", Runs::AsUser), // without "in script" the bit means nothing
        ] {
            assert_eq!((what(kind), Runs::of(kind)), (expected, runs), "{kind}");
        }
    }
}
