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
    /// What the request's text must hold, all of it.
    #[serde(default)]
    pub mentions: Vec<String>,
    /// `code`, `windows`, `entries`, or attributes in small letters.
    pub of: Vec<String>,
    /// What the lab has, one of these; `*` stands for anything at its place, see [`fit`].
    pub lab: Vec<String>,
    /// What Samba has, likewise.
    pub rig: Vec<String>,
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
                (self.requests.is_empty() || self.requests.iter().any(|it| it == kind)) && {
                    let text = operation.to_string();
                    self.mentions.iter().all(|it| text.contains(it))
                }
            }
            None => self.requests.is_empty() && self.mentions.is_empty(),
        };
        asked
            && self.of.contains(&difference.of)
            && self.lab.iter().any(|lab| {
                let rig = |rig: &String| fit(lab, rig, &difference.lab, &difference.rig);
                self.rig.iter().any(rig)
            })
    }
}

/// Whether both texts fit their patterns, in which `*` stands for any text: for the same one in both (but for its case)
/// where both have stars, unless one pattern is nothing else.
fn fit(lab_pattern: &str, rig_pattern: &str, lab: &str, rig: &str) -> bool {
    let (Some(of_lab), Some(of_rig)) = (stars(lab_pattern, lab), stars(rig_pattern, rig)) else {
        return false;
    };
    let is_anything = lab_pattern == "*" || rig_pattern == "*";
    let same = || of_lab.join("*").to_lowercase() == of_rig.join("*").to_lowercase();
    is_anything || of_lab.is_empty() || of_rig.is_empty() || same()
}

/// What the stars of a pattern stand for in a text, each for as little as it can; `None` where it does not fit.
fn stars<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = pattern.split('*');
    let mut rest = text.strip_prefix(parts.next().unwrap_or_default())?;
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty().then(Vec::new);
    };
    let mut found = Vec::new();
    for part in between {
        let (star, after) = rest.split_once(part)?;
        found.push(star);
        rest = after;
    }
    found.push(rest.strip_suffix(last)?);
    Some(found)
}

#[test]
fn a_star_stands_for_anything_but_the_same_in_both() {
    assert!(fit("a*c", "x", "abc", "x") && fit("*", "1 *", "", "1 2") && fit("a", "b", "a", "b"));
    assert!(
        !fit("a", "x", "ab", "x") && !fit("a*c", "x", "abd", "x") && !fit("*b*", "x", "ac", "x")
    );
    assert!(fit("*, x*", r"*\, x*", "a/1, x/o", r"a/1\, x/o"));
    assert!(!fit("*, x*", r"*\, x*", "a/1, x/o", r"a/2\, x/o"));
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
        let codes = |texts: &[String]| {
            let each: Vec<String> = texts.iter().map(|text| code(text)).collect();
            each.join(", ")
        };
        let (of, lab, rig) = (entry.of.join(", "), codes(&entry.lab), codes(&entry.rig));
        let Entry {
            id, reason, source, ..
        } = entry;
        format!("| `{id}` | {requests}: {of} | {lab} | {rig} | {reason} | {source} |\n")
    };
    let rows: String = Accepted::get().accepted.iter().map(row).collect();
    assert_eq!(table, rows, "copy the right side into docs/fidelity.md");
}
