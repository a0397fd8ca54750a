//! The manual in `docs/` says neither less nor more than the program: commands, options, findings, faults.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use model::finding::{FindingKind, Severity};

#[test]
fn every_command_and_option_is_in_the_manual() {
    let page = page("commands.md");
    let global = options_of(&help(&[]));
    for option in &global {
        let section = section(&page, "Options of every command").unwrap();
        assert!(mentions(section, option), "{option} of every command");
    }
    let mut options = global.clone();
    for command in commands(&[]) {
        let words: Vec<_> = command.split(' ').collect();
        let parent = words[..words.len() - 1].join(" ");
        let section = section(&page, &command)
            .or_else(|| section(&page, &parent).filter(|text| mentions(text, &command)))
            .unwrap_or_else(|| panic!("docs/commands.md does not describe gmsactl {command}"));
        for option in options_of(&help(&words)).difference(&global) {
            assert!(mentions(section, option), "{option} of gmsactl {command}");
            options.insert(option.clone());
        }
    }
    let described: BTreeSet<_> = quoted(&page).filter_map(long_option).collect();
    assert_eq!(described, options, "described, and there");
}

#[test]
fn the_help_of_every_command_ends_with_an_example_of_it() {
    let without: Vec<_> = commands(&[])
        .into_iter()
        .filter(|command| {
            let words: Vec<_> = command.split(' ').collect();
            let help = help(&words);
            let example = help.split_once("Example").map(|(_, example)| example);
            !example.is_some_and(|example| example.contains(&format!("gmsactl {command}")))
        })
        .collect();
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn what_stands_for_powershell_exists() {
    let page = page("from-powershell.md");
    let lines = quoted(&page).filter_map(|text| text.strip_prefix("gmsactl "));
    let lines: Vec<_> = lines.collect();
    let known = commands(&[]);
    for line in &lines {
        let command = known.iter().find(|known| line.starts_with(known.as_str()));
        let command = command.unwrap_or_else(|| panic!("there is no gmsactl {line}"));
        let words: Vec<_> = command.split(' ').collect();
        let options = options_of(&help(&words));
        for word in line.split(' ').filter_map(long_option) {
            assert!(options.contains(&word), "{word} of gmsactl {command}");
        }
    }
    assert!(lines.len() > 20, "{lines:?}");
}

#[test]
fn every_finding_is_in_the_manual_with_its_severity() {
    let known: BTreeSet<_> = planner::findings::ALL
        .iter()
        .chain(mim::FINDINGS)
        .map(row)
        .collect();
    let page = page("findings.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let described: BTreeSet<_> = rows
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[2])
        })
        .collect();
    assert_eq!(described, known);
}

#[test]
fn every_fault_is_in_the_manual() {
    let directory = lab::DirectoryFault::ALL.iter().map(|(name, _)| *name);
    let hosts = lab::hosts::NamedFault::ALL.iter().map(|(name, _)| *name);
    let known: BTreeSet<_> = directory.chain(hosts).map(str::to_owned).collect();
    let page = page("faults.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let described: BTreeSet<_> = rows
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            assert!(
                cells.iter().skip(1).take(5).all(|cell| !cell.is_empty()),
                "{line}"
            );
            cells[1].trim_matches('`').to_owned()
        })
        .collect();
    assert_eq!(described, known);
}

fn row(kind: &FindingKind) -> (String, &'static str) {
    let severity = match kind.severity {
        Severity::Blocks => "blocks",
        Severity::Warns => "warns",
        Severity::Informs => "informs",
    };
    (kind.id.to_owned(), severity)
}

fn page(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs");
    std::fs::read_to_string(docs.join(name)).unwrap()
}

/// The text below a heading of that title, with its subsections.
fn section<'a>(page: &'a str, title: &str) -> Option<&'a str> {
    let (level, text) = ["\n## ", "\n### "].into_iter().find_map(|level| {
        let (_, text) = page.split_once(&format!("{level}{title}\n"))?;
        Some((level, text))
    })?;
    let end = ["\n## ", level]
        .iter()
        .filter_map(|level| text.find(level))
        .min();
    Some(&text[..end.unwrap_or(text.len())])
}

/// Whether the text has it in backticks, alone or with what follows on it.
fn mentions(text: &str, what: &str) -> bool {
    quoted(text).any(|quoted| quoted == what || quoted.starts_with(&format!("{what} ")))
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// All commands below this one that do something themselves, each as its words with spaces between.
fn commands(path: &[&str]) -> Vec<String> {
    let help = help(path);
    let list = help
        .split_once("\nCommands:\n")
        .map_or("", |(_, list)| list);
    let below: Vec<_> = list
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   ")) // A description goes on.
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .flat_map(|name| commands(&[path, &[name]].concat()))
        .collect();
    if below.is_empty() {
        vec![path.join(" ")]
    } else {
        below
    }
}

fn options_of(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim_start);
    let long = lines.map(|line| line.trim_start_matches("-h, ").trim_start_matches("-V, "));
    long.filter_map(long_option).collect()
}

/// `--out` of `--out <FILE>`.
fn long_option(text: &str) -> Option<String> {
    let name = text.strip_prefix("--")?.split(' ').next()?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    (!name.is_empty() && name.chars().all(plain)).then(|| format!("--{name}"))
}

fn help(path: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_gmsactl"))
        .args(path)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{path:?}");
    String::from_utf8(output.stdout).unwrap()
}
