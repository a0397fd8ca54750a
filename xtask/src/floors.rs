//! `cargo xtask floors`: a crate imports only from the floors below its own.
//!
//! | floor | folder          | beside the edges, it may not depend on        |
//! |-------|-----------------|-----------------------------------------------|
//! | 0     | `crates/proto/` | [`RUNTIMES`], [`AMBIENT`]                     |
//! | 1     | `crates/model/` | [`RUNTIMES`]                                  |
//! | 2     | `crates/logic/` | [`RUNTIMES`]                                  |
//! | 3     | `crates/world/` |                                               |
//! | 4     | `crates/apps/`  |                                               |
//!
//! `testsuite/` and `xtask/` stand outside: they may import anything, and nobody imports them.
//! Only manifests are read, so what a dependency list cannot show (a `std::fs` call on floor 2)
//! is for the reviewer.

mod workspace;

use std::fmt;
use std::path::Path;

use anyhow::bail;

use crate::repo;
use workspace::{Crate, Dependency, Place};

/// Edges within one floor: importer, imported, and why it is worth the exception.
#[rustfmt::skip]
const SIDEWAYS: [(&str, &str, &str); 12] = [
    ("agent-protocol", "security", "rights and group memberships of a host belong to SIDs"),
    ("agent-protocol", "sealed-file", "a host is told to whom it seals a copy of a file"),
    ("kds", "security", "root keys are named by GUID, group keys bound to a security descriptor"),
    ("managed-password", "security", "a password belongs to a SID"),
    ("managed-password", "kds", "a password is derived from a group key"),
    ("mim", "planner", "the MIM catalogue is one profile of the planner"),
    ("directory", "ldap", "the directory port speaks LDAP"),
    ("hosts", "logon", "a host is logged on to with the operator's tickets"),
    ("hosts", "winrm", "WinRM is one way to a host's agent, as ssh is"),
    ("winrm", "logon", "so is WinRM"),
    ("sql", "logon", "so is SQL Server's protocol"),
    ("ldap", "logon", "LDAP is one of the protocols that carry a log-on and its seal"),
];

/// Executors, sockets, databases and system calls: floors 0 to 2 only compute.
#[rustfmt::skip]
const RUNTIMES: [&str; 18] = [
    "async-std", "hyper", "libc", "mio", "nix", "reqwest", "rusqlite", "russh", "rustix", "rustls",
    "smol", "socket2", "sspi", "tokio", "tokio-rustls", "windows-service", "windows-sys", "winreg",
];

/// Clocks, logging, randomness and async: floor 0 is a function of its input.
#[rustfmt::skip]
const AMBIENT: [&str; 8] = [
    "async-trait", "chrono", "futures", "getrandom", "jiff", "log", "time", "tracing",
];

/// Checks this workspace.
///
/// # Errors
/// As [`check`].
pub fn run() -> anyhow::Result<()> {
    let crates = check(&repo::root())?;
    println!("floors: {crates} crates, every edge goes down");
    Ok(())
}

/// Checks the workspace in `root` and returns the number of its crates.
///
/// # Errors
/// Names every edge that breaks the rules, one a line; or says why the manifests cannot be read.
fn check(root: &Path) -> anyhow::Result<usize> {
    let workspace = workspace::read(root)?;
    let violations = violations(&workspace);
    if !violations.is_empty() {
        let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
        bail!("the floors do not hold\n{}", lines.join("\n"));
    }
    Ok(workspace.len())
}

/// A dependency that the floors do not allow.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    from: String,
    /// The floor of `from`.
    floor: usize,
    to: String,
    rule: Rule,
}

/// The rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Imports from this higher floor.
    NotUp(usize),
    NotSideways,
    NotFromOutside,
    /// A crate from elsewhere that this floor does without.
    Forbidden,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            from,
            floor,
            to,
            rule,
        } = self;
        write!(f, "  {from} (floor {floor}) -> {to} ")?;
        match rule {
            Rule::NotUp(above) => write!(
                f,
                "(floor {above}) goes up: move the shared type down, \
                 or define a port in `model` that {to} implements"
            ),
            Rule::NotSideways => write!(
                f,
                "(floor {floor}) goes sideways: move what they share to a lower floor, \
                 or, if it must be, list the edge with its reason in xtask/src/floors.rs"
            ),
            Rule::NotFromOutside => write!(
                f,
                "(outside the floors): nobody imports it, so move what {from} needs to a floor"
            ),
            Rule::Forbidden => write!(
                f,
                "(from elsewhere): floor {floor} does without it, so move the code that needs it \
                 to `crates/world/`, behind a port"
            ),
        }
    }
}

/// Every violation in the workspace, in the order of its manifests. Pure.
fn violations(workspace: &[Crate]) -> Vec<Violation> {
    workspace
        .iter()
        .filter_map(|from| match from.place {
            Place::Floor(floor) => Some((from, floor)),
            Place::Outside => None,
        })
        .flat_map(|(from, floor)| {
            let broken = move |to: &Dependency| {
                let rule = broken_rule(workspace, from, floor, to)?;
                let (from, to) = (from.name.clone(), to.name.clone());
                Some(Violation {
                    from,
                    floor,
                    to,
                    rule,
                })
            };
            from.dependencies.iter().filter_map(broken)
        })
        .collect()
}

fn broken_rule(workspace: &[Crate], from: &Crate, floor: usize, to: &Dependency) -> Option<Rule> {
    let Some(ours) = workspace.iter().find(|each| each.name == to.name) else {
        return is_forbidden(floor, to).then_some(Rule::Forbidden);
    };
    match ours.place {
        Place::Floor(below) if below < floor => None,
        Place::Floor(same) if same == floor => {
            // Tests may use a neighbour, as the lab's tests use the real clients.
            (!to.for_tests && !is_listed(&from.name, &to.name)).then_some(Rule::NotSideways)
        }
        Place::Floor(above) => Some(Rule::NotUp(above)),
        Place::Outside => Some(Rule::NotFromOutside),
    }
}

fn is_listed(from: &str, to: &str) -> bool {
    SIDEWAYS
        .iter()
        .any(|(importer, imported, _)| (*importer, *imported) == (from, to))
}

fn is_forbidden(floor: usize, to: &Dependency) -> bool {
    let name = to.name.as_str();
    let listed = floor <= 2 && RUNTIMES.contains(&name) || floor == 0 && AMBIENT.contains(&name);
    listed && !to.for_tests
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What the real workspace breaks with one more dependency.
    fn with(from: &str, to: &str, for_tests: bool) -> Vec<Rule> {
        let mut workspace = workspace::read(&repo::root()).unwrap();
        let importer = workspace.iter_mut().find(|each| each.name == from).unwrap();
        let name = to.into();
        importer.dependencies.push(Dependency { name, for_tests });
        let found = violations(&workspace);
        assert!(
            found.iter().all(|each| each.from == from && each.to == to),
            "{found:?}"
        );
        found.iter().map(|each| each.rule).collect()
    }

    #[test]
    fn the_workspace_keeps_its_floors() {
        let crates = check(&repo::root()).unwrap();
        assert!(crates >= 15, "only {crates} crates read");
    }

    #[test]
    fn every_listed_sideways_edge_is_used_and_says_why() {
        let workspace = workspace::read(&repo::root()).unwrap();
        for (from, to, why) in SIDEWAYS {
            let importer = workspace.iter().find(|each| each.name == from).unwrap();
            assert!(
                importer.dependencies.iter().any(|each| each.name == to),
                "{from} -> {to}"
            );
            assert!(!why.is_empty());
        }
    }

    #[test]
    fn an_upward_edge_is_refused_in_tests_too() {
        assert_eq!(with("model", "planner", false), [Rule::NotUp(2)]);
        assert_eq!(with("model", "planner", true), [Rule::NotUp(2)]);
        assert_eq!(with("engine", "journal-sqlite", true), [Rule::NotUp(3)]);
    }

    #[test]
    fn a_sideways_edge_is_refused_unless_listed() {
        assert_eq!(with("planner", "engine", false), [Rule::NotSideways]);
        assert_eq!(with("ldap", "directory", false), [Rule::NotSideways]);
        assert_eq!(with("gmsactl", "gmsactl-agent", false), [Rule::NotSideways]);
        assert_eq!(with("directory", "ldap", false), []);
        assert_eq!(with("ldap", "directory", true), []);
    }

    #[test]
    fn nobody_imports_what_stands_outside() {
        assert_eq!(with("gmsactl", "xtask", false), [Rule::NotFromOutside]);
        assert_eq!(with("testsuite", "gmsactl", false), []);
    }

    #[test]
    fn the_lower_floors_only_compute() {
        assert_eq!(with("engine", "tokio", false), [Rule::Forbidden]);
        assert_eq!(with("model", "rusqlite", false), [Rule::Forbidden]);
        assert_eq!(with("kds", "tracing", false), [Rule::Forbidden]);
        assert_eq!(with("engine", "tracing", false), []);
        assert_eq!(with("engine", "tokio", true), []);
        assert_eq!(with("ldap", "tokio", false), []);
    }

    #[test]
    fn an_upward_dependency_in_a_manifest_is_found() {
        let copy = tempfile::tempdir().unwrap();
        workspace::copy_manifests(&repo::root(), copy.path());
        check(copy.path()).unwrap();

        let manifest = copy.path().join("crates/logic/planner/Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let upward = "[dependencies]\ndirectory = { path = \"../../world/directory\" }\n";
        fs::write(&manifest, text.replacen("[dependencies]\n", upward, 1)).unwrap();

        let error = check(copy.path()).unwrap_err().to_string();
        let expected = "\n  planner (floor 2) -> directory (floor 3) goes up: ";
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 2, "{error}");
    }
}
