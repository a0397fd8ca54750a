//! Differences between the lab and Samba that are meant to be: each with its reason, as data.

use serde::Deserialize;

use super::case::Difference;
use super::operation::Operation;

const FILE: &str = include_str!("accepted.toml");

/// One accepted difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stays the same for ever.
    pub id: String,
    /// Requests in which it is accepted; all where there are none, and then also in what the directories hold in the
    /// end.
    #[serde(default)]
    pub requests: Vec<String>,
    /// What the request's text must hold.
    #[serde(default)]
    pub mentions: String,
    /// `code`, `windows`, `entries`, or attributes in small letters.
    pub of: Vec<String>,
    /// What the lab has; `*` stands for anything at its place.
    pub lab: String,
    /// What Samba has.
    pub rig: String,
    /// Why the lab is right, or why it does not matter.
    pub reason: String,
    /// Where that is written.
    pub source: String,
}

/// The list.
#[derive(Debug, Deserialize)]
pub struct Accepted {
    pub accepted: Vec<Entry>,
}

impl Accepted {
    /// The list of this repository.
    pub fn get() -> &'static Self {
        static LIST: std::sync::OnceLock<Accepted> = std::sync::OnceLock::new();
        LIST.get_or_init(|| toml::from_str(FILE).unwrap())
    }

    /// The ids of those that are accepted, and the others.
    pub fn sort(
        &'static self,
        operation: Option<&Operation>,
        differences: Vec<Difference>,
    ) -> (Vec<&'static str>, Vec<Difference>) {
        let mut met = Vec::new();
        let mut open = Vec::new();
        for difference in differences {
            let entry = self
                .accepted
                .iter()
                .find(|entry| entry.covers(operation, &difference));
            match entry {
                Some(entry) => met.push(entry.id.as_str()),
                None => open.push(difference),
            }
        }
        (met, open)
    }
}

impl Entry {
    fn covers(&self, operation: Option<&Operation>, difference: &Difference) -> bool {
        let asked = match operation {
            Some(operation) => {
                let kind = operation.request.kind();
                (self.requests.is_empty() || self.requests.iter().any(|it| it == kind))
                    && operation.to_string().contains(&self.mentions)
            }
            None => self.requests.is_empty() && self.mentions.is_empty(),
        };
        asked
            && self.of.contains(&difference.of)
            && fits(&self.lab, &difference.lab)
            && fits(&self.rig, &difference.rig)
    }
}

/// Whether a text fits a pattern with `*` for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn a_star_stands_for_anything() {
    assert!(fits("a*c", "abc") && fits("*", "") && fits("a", "a") && fits("a*b*", "a-b-"));
    assert!(!fits("a", "ab") && !fits("a*c", "abd") && !fits("*b*", "ac"));
}

#[test]
fn every_accepted_difference_says_why() {
    let mut ids = std::collections::BTreeSet::new();
    for entry in &Accepted::get().accepted {
        assert!(ids.insert(&entry.id), "{} is there twice", entry.id);
        assert!(
            !entry.reason.is_empty() && !entry.source.is_empty(),
            "{entry:?}"
        );
        assert!(!entry.of.is_empty(), "{entry:?}");
    }
}

/// docs/fidelity.md has a row for each, in this order and these words.
#[test]
fn the_manual_lists_every_accepted_difference() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fidelity.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("|---|---|---|---|---|---|\n").unwrap();
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let row = |entry: &Entry| {
        let requests = match entry.requests.is_empty() {
            true => "everywhere".to_owned(),
            false => entry.requests.join(", "),
        };
        let (of, lab, rig) = (entry.of.join(", "), code(&entry.lab), code(&entry.rig));
        let Entry {
            id, reason, source, ..
        } = entry;
        format!("| `{id}` | {requests}: {of} | {lab} | {rig} | {reason} | {source} |\n")
    };
    let rows: String = Accepted::get().accepted.iter().map(row).collect();
    assert_eq!(table, rows, "copy the right side into docs/fidelity.md");
}
