//! Searches a second: the lab, Samba and OpenLDAP's slapd.
//!
//! All three hold the same users and groups, answer over LDAPS on loopback, and get the same requests from the same
//! client, in turns: what else the machine does hits them alike.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::super::{number, scratch};
use super::in_lab::InLab;
use super::in_samba::InSamba;
use super::in_slapd::InSlapd;
use super::{Figures, median, text};
use crate::repo;
use crate::system::{command, packages};

/// Users that are searched for.
pub const USERS: &str = "1000";
/// On how many connections, how many searches under way on each, how long for each kind of search in each round.
const CONNECTIONS: &str = "4";
const WINDOW: &str = "16";
const MILLISECONDS: &str = "400";
const ROUNDS: usize = 5;
/// The name in the certificates of all three.
pub const HOST: &str = "dc1.contoso.com";

/// A directory under load.
pub struct Target {
    /// `lab`
    pub name: &'static str,
    /// Where it answers over LDAPS.
    pub address: String,
    /// Whose certificates to trust.
    pub authority: PathBuf,
    /// Who logs on, and the file with the password.
    pub user: String,
    pub password: PathBuf,
    /// What the users and groups are below.
    pub base: &'static str,
}

/// Brings all three up, measures, and takes them down.
pub fn run(figures: &Figures) -> Result<()> {
    let rig = repo::root().join("target/rig");
    ensure!(
        rig.join("estate.toml").exists(),
        "the rig is not up: run cargo xtask rig up first"
    );
    let folder = scratch()?;
    packages::ensure_without_service(
        &["slapd", "ldap-utils"],
        "slapd",
        &folder.join("packages.log"),
    )?;

    let ldif = |base: &str| command::output(&mut figures.command(&["ldif", USERS, base]));
    let lab = InLab::start(figures, &folder)?;
    let samba = InSamba::fill(&rig, &folder, &ldif(InSamba::BASE)?)?;
    let slapd = InSlapd::start(&rig, &folder, &ldif(InSlapd::BASE)?)?;
    let targets = [lab.target(), samba.target(), slapd.target()];
    let mut rates = vec![Vec::new(); targets.len()];
    for _ in 0..ROUNDS {
        for (target, rounds) in targets.iter().zip(&mut rates) {
            rounds.push(load(figures, target)?);
        }
    }
    print(&targets, &rates)
}

/// How many searches of each kind a second.
fn load(figures: &Figures, target: &Target) -> Result<Vec<(String, f64)>> {
    let authority = target.authority.display().to_string();
    let password = target.password.display().to_string();
    let words = [
        "load",
        &target.address,
        HOST,
        &authority,
        &target.user,
        &password,
        target.base,
        USERS,
        CONNECTIONS,
        WINDOW,
        MILLISECONDS,
    ];
    let lines = figures.lines(&words).with_context(|| target.name)?;
    let rate = |line: &serde_json::Value| number(line, "/searches") / number(line, "/seconds");
    let kinds = lines.iter();
    Ok(kinds
        .map(|line| (text(line, "/kind").to_owned(), rate(line)))
        .collect())
}

fn print(targets: &[Target], rates: &[Vec<Vec<(String, f64)>>]) -> Result<()> {
    let first = rates.first().and_then(|rounds| rounds.first());
    for (kind, _) in first.context("nothing was measured")? {
        let of_kind = |rounds: &Vec<Vec<(String, f64)>>| {
            let all = rounds.iter().flatten();
            let same = all.filter(|(name, _)| name == kind);
            median(same.map(|(_, rate)| *rate).collect())
        };
        let rates: Vec<f64> = rates.iter().map(of_kind).collect();
        let ours = rates.first().copied().unwrap_or(f64::NAN);
        let beside = targets.iter().zip(&rates).skip(1);
        let beside: Vec<String> = beside
            .map(|(target, rate)| format!("{} {rate:.0} ({:.1} times)", target.name, ours / rate))
            .collect();
        println!(
            "lab: searches a second, {kind}: lab {ours:.0}; {}",
            beside.join(", ")
        );
    }
    Ok(())
}
