//! The operator's manual inside the program: the rows of its tables, found by what stands first in them.
//!
//! `gmsactl explain` and the pages in `docs/` cannot contradict each other: they are the same text.

/// A page whose tables have an entry a row.
struct Page {
    kind: &'static str,
    file: &'static str,
    text: &'static str,
}

const PAGES: &[Page] = &[
    Page {
        kind: "finding",
        file: "findings.md",
        text: include_str!("../../../../docs/findings.md"),
    },
    Page {
        kind: "step",
        file: "steps.md",
        text: include_str!("../../../../docs/steps.md"),
    },
    Page {
        kind: "error",
        file: "errors.md",
        text: include_str!("../../../../docs/errors.md"),
    },
];

/// A row of the manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is known by: `GMSA-014`, `move-spn`, `1069`.
    pub id: String,
    /// `finding`, `step`, `error`.
    pub kind: &'static str,
    /// The page in `docs/`.
    pub page: &'static str,
    /// Its other cells, each with its column's heading; empty ones are left out.
    pub cells: Vec<(String, String)>,
}

/// Every entry of the manual, page by page.
pub fn entries() -> Vec<Entry> {
    PAGES.iter().flat_map(entries_of).collect()
}

fn entries_of(page: &'static Page) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut heading = Vec::new();
    for line in page.text.lines() {
        let Some(cells) = cells(line) else {
            heading.clear();
            continue;
        };
        if heading.is_empty() {
            heading = cells;
            continue;
        }
        // An id stands in backticks, alone in its cell; everything else is another sort of table.
        let Some((id, others)) = cells.split_first() else {
            continue;
        };
        let Some(id) = id.strip_prefix('`').and_then(|id| id.strip_suffix('`')) else {
            continue;
        };
        let named = heading.iter().skip(1).zip(others);
        let named = named.filter(|(_, text)| !text.is_empty());
        entries.push(Entry {
            id: id.to_owned(),
            kind: page.kind,
            page: page.file,
            cells: named
                .map(|(name, text)| (name.clone(), plain(text)))
                .collect(),
        });
    }
    entries
}

/// The cells of a table's row; none for the line below its heading and for everything else.
fn cells(line: &str) -> Option<Vec<String>> {
    const BAR: char = '\u{1}'; // Stands for a bar inside of a cell.
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    if row
        .chars()
        .all(|letter| matches!(letter, '-' | '|' | ':' | ' '))
        && row.contains('-')
    {
        return Some(Vec::new());
    }
    let row = row.replace("\\|", &BAR.to_string());
    let cell = |cell: &str| cell.trim().replace(BAR, "|");
    Some(row.split('|').map(cell).collect())
}

/// Markdown without its marks: `code`, *emphasis*, [a link](of which the words stay).
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](").and_then(|(words, after)| {
            let (_, after) = after.split_once(')')?;
            (!words.contains(']')).then_some((words, after))
        });
        plain += before;
        rest = match link {
            Some((words, after)) => {
                plain += words;
                after
            }
            None => {
                plain.push('[');
                after
            }
        };
    }
    plain += rest;
    plain.replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_an_entry_and_no_id_stands_twice() {
        let entries = entries();
        for kind in planner::findings::ALL.iter().chain(mim::FINDINGS) {
            let found = entries.iter().find(|entry| entry.id == kind.id);
            assert_eq!(
                found.map(|entry| entry.kind),
                Some("finding"),
                "{}",
                kind.id
            );
        }
        let mut ids: Vec<_> = entries.iter().map(|entry| &entry.id).collect();
        let all = ids.len();
        assert!(all > 60, "{all} entries");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn an_error_tells_cause_check_fix_and_source() {
        let entries = entries();
        let errors = entries.iter().filter(|entry| entry.kind == "error");
        for entry in errors {
            let columns: Vec<_> = entry.cells.iter().map(|(name, _)| name.as_str()).collect();
            for needed in ["name", "cause", "fix", "source"] {
                assert!(columns.contains(&needed), "{entry:?}");
            }
        }
    }

    #[test]
    fn marks_go_and_words_stay() {
        for (text, expected) in [
            ("`sc.exe qc X`, *then*", "sc.exe qc X, then"),
            (
                "see [the page](steps.md#a) [MS-ADTS] 3.1",
                "see the page [MS-ADTS] 3.1",
            ),
            ("[open", "[open"),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(cells(r"| a \| b | c |").unwrap(), ["a | b", "c"]);
        assert_eq!(cells("no table"), None);
    }
}
