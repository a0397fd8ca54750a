//! Where Wine cannot do what Windows does and the lab as well: each with its reason, as data.

use serde::Deserialize;

const FILE: &str = include_str!("accepted.toml");

/// One accepted difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stays the same for ever.
    pub id: String,
    /// What Windows does, and the lab.
    pub windows: String,
    /// What the port says on Wine, one of these: `works`, the kind of an error, or a value as Rust prints it. Where
    /// Wine does as Windows, the test goes on.
    pub wine: Vec<String>,
    /// Why.
    pub reason: String,
}

#[derive(Deserialize)]
struct List {
    accepted: Vec<Entry>,
}

impl Entry {
    /// All of them.
    fn all() -> &'static [Self] {
        static LIST: std::sync::OnceLock<List> = std::sync::OnceLock::new();
        &LIST.get_or_init(|| toml::from_str(FILE).unwrap()).accepted
    }

    /// The one with this id.
    pub fn of(id: &str) -> &'static Self {
        let found = Self::all().iter().find(|entry| entry.id == id);
        found.unwrap_or_else(|| panic!("{id} is not on the list of accepted differences"))
    }
}

#[test]
fn every_accepted_difference_says_why_and_is_asked_for() {
    let tests = [
        include_str!("../hosts.rs"),
        include_str!("access_lists.rs"),
        include_str!("accounts.rs"),
        include_str!("files.rs"),
        include_str!("registry.rs"),
        include_str!("services.rs"),
        include_str!("system.rs"),
        include_str!("web_server.rs"),
    ]
    .concat();
    let mut ids = std::collections::BTreeSet::new();
    for entry in Entry::all() {
        assert!(ids.insert(&entry.id), "{} is there twice", entry.id);
        assert!(
            tests.contains(&format!("\"{}\"", entry.id)),
            "{}: no test asks for it",
            entry.id
        );
        assert!(
            !entry.reason.is_empty() && !entry.windows.is_empty() && !entry.wine.is_empty(),
            "{entry:?}"
        );
    }
}

/// docs/fidelity.md has a row for each, in this order and these words.
#[test]
fn the_manual_lists_every_accepted_difference() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fidelity.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, table) = page
        .split_once("| on hosts | Windows and the lab | Wine 8 | why |\n|---|---|---|---|\n")
        .unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let row = |entry: &Entry| {
        let wine: Vec<String> = entry.wine.iter().map(|text| format!("`{text}`")).collect();
        let Entry {
            id,
            windows,
            reason,
            ..
        } = entry;
        format!("| `{id}` | {windows} | {} | {reason} |", wine.join(", "))
    };
    let rows: Vec<String> = Entry::all().iter().map(row).collect();
    assert_eq!(
        table,
        rows.join("\n"),
        "copy the right side into docs/fidelity.md"
    );
}
