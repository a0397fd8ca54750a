//! `cargo xtask bench`: how fast it is, each figure beside a peer or a limit of the same machine in the same run.
//!
//! | part | figure | beside |
//! |---|---|---|
//! | kds | cold derivations a second, root key to 256-byte password | what the machine's HMAC-SHA512 allows |
//! | directory | many gMSAs, long lists on the rig | ldapmodify, samba-tool; ldapsearch, python3-ldap3 |
//! | hosts | discovery of one large host, and of a thousand | a limit |
//! | start | `gmsactl --version`, whole process | `/bin/true` |
//! | plan | discover + plan on the rig, whole process | – |
//! | lab | start, memory, look-ups, searches a second | a limit; Samba and OpenLDAP's slapd, on the rig |
//! | journal | time in the journal during an apply and its rollback on the rig | time in the directory steps |
//!
//! Medians; the machine may be busy, so look at ratios.

mod directory;
mod hosts;
mod lab;
mod lab_process;
mod openldap;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::repo;

/// What to measure.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Key derivation.
    Kds,
    /// The LDAP client.
    Ldap,
    /// Many gMSAs and long lists on the rig, beside today's tools.
    Directory,
    /// The lab, beside the rig's Samba and OpenLDAP.
    Lab,
    /// Discovery of a large host, and of a thousand.
    Hosts,
    /// Start of the program.
    Start,
    /// Discover and plan on the rig.
    Plan,
    /// The journal's share of a run on the rig.
    Journal,
}

/// HMACs on the way from a root key to a password at L1 = L2 = 0: L0, 32 L1 keys, 32 L2 keys, 256 bytes of 64.
const HMACS_OF_WORST_CASE: f64 = 1.0 /* L0 */ + 32.0 /* L1 */ + 32.0 /* L2 */ + 4.0 /* password */;

/// Measures one part, or all.
pub fn run(part: Option<Part>) -> Result<()> {
    let wanted = |this| part.is_none_or(|part| part == this);
    if wanted(Part::Kds) {
        kds()?;
    }
    if wanted(Part::Ldap) {
        criterion("ldap", "search")?;
        let search = median_of("result of 1700 entries/search")?;
        let reading = median_of("result of 1700 entries/read only")?;
        println!(
            "ldap: a search of 1,700 entries takes {search:?}; only reading its bytes {reading:?}"
        );
    }
    if wanted(Part::Directory) {
        directory::run()?;
    }
    if wanted(Part::Lab) {
        lab::run()?;
    }
    if wanted(Part::Hosts) {
        hosts::run()?;
    }
    if wanted(Part::Start) {
        start()?;
    }
    if wanted(Part::Plan) {
        plan()?;
    }
    if wanted(Part::Journal) {
        journal()?;
    }
    Ok(())
}

fn kds() -> Result<()> {
    criterion("kds", "derive")?;
    criterion("managed-password", "derive")?;
    let per_second = |time: Duration| 1.0 / time.as_secs_f64();
    let limit =
        per_second(median_of("limit/one HMAC-SHA512 under a new key")?) / HMACS_OF_WORST_CASE;
    let worst = per_second(median_of("root key to password, SHA512/worst")?);
    let middle = per_second(median_of("root key to password, SHA512/middle")?);
    println!(
        "kds: {worst:.0} cold derivations a second a core at worst, {middle:.0} at the middle; {:.0} % of what \
         HMAC-SHA512 allows ({limit:.0})",
        worst / limit * 100.0
    );
    Ok(())
}

fn start() -> Result<()> {
    let gmsactl = release()?;
    let mut ours = Vec::new();
    let mut peer = Vec::new();
    for _ in 0..30 {
        ours.push(timed(Command::new(&gmsactl).arg("--version"))?.0);
        peer.push(timed(&mut Command::new("/bin/true"))?.0);
    }
    println!(
        "start: gmsactl --version {:?}, /bin/true {:?}",
        median(ours),
        median(peer)
    );
    Ok(())
}

fn plan() -> Result<()> {
    let gmsactl = release()?;
    let mut times = Vec::new();
    for _ in 0..7 {
        let folder = scratch()?;
        let (discover, _) = timed(
            on_rig(&gmsactl)?
                .args(["discover", "--out"])
                .arg(folder.join("inventory.json")),
        )?;
        let (plan, output) = timed(
            on_rig(&gmsactl)?
                .args(["plan", "--out"])
                .arg(folder.join("plan.json")),
        )?;
        ensure!(
            matches!(output.status.code(), Some(0 | 2)),
            "plan: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        times.push(discover + plan);
    }
    println!("plan: discover + plan on the rig {:?}", median(times));
    Ok(())
}

fn journal() -> Result<()> {
    let gmsactl = release()?;
    let mut shares = Vec::new();
    for _ in 0..3 {
        let folder = scratch()?;
        let (plan, state) = (folder.join("plan.json"), folder.join("journal.sqlite"));
        timed(on_rig(&gmsactl)?.args(["plan", "--out"]).arg(&plan))?;
        let apply = document(
            on_rig(&gmsactl)?
                .args(["apply", "--json", "--state"])
                .arg(&state)
                .arg(&plan),
        )?;
        let run = apply
            .pointer("/run")
            .and_then(Value::as_str)
            .context("apply names no run")?
            .to_owned();
        let back = document(
            on_rig(&gmsactl)?
                .args(["rollback", "--json", "--state"])
                .arg(&state)
                .arg(run),
        )?;
        let sum = |field: fn(&Value) -> f64| field(&apply) + field(&back);
        shares.push((
            sum(|report| number(report, "/journal_ms")),
            sum(directory_ms),
        ));
    }
    shares.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (journal, directory) = shares.get(1).copied().context("no run")?;
    println!(
        "journal: {journal:.0} ms in the journal, {directory:.0} ms in directory steps: {:.1} %",
        journal / directory * 100.0
    );
    Ok(())
}

/// The kinds of steps that only ask or change the directory, as they begin a step's id behind its component.
const DIRECTORY_STEPS: &[&str] = &[
    "await-root-key",
    "create-group",
    "add-member",
    "create-gmsa",
    "prove-",
    "move-spn",
];

fn directory_ms(report: &Value) -> f64 {
    let steps = report
        .pointer("/steps")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let kind = |step: &&Value| {
        let id = step
            .pointer("/id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let kind = id.split_once('/').map_or(id, |(_, kind)| kind);
        DIRECTORY_STEPS
            .iter()
            .any(|directory| kind.starts_with(directory))
    };
    steps
        .filter(kind)
        .map(|step| number(step, "/took_ms"))
        .sum()
}

fn number(document: &Value, pointer: &str) -> f64 {
    document
        .pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or(0.0)
}

fn criterion(package: &str, bench: &str) -> Result<()> {
    let status = Command::new("cargo")
        .args([
            "bench", "--quiet", "--locked", "-p", package, "--bench", bench,
        ])
        .current_dir(repo::root())
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "cargo bench -p {package} failed");
    Ok(())
}

/// The median that criterion kept of a benchmark `group/function`.
fn median_of(benchmark: &str) -> Result<Duration> {
    let folder = target().join("criterion").join(benchmark);
    let file = folder.join("new/estimates.json");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let nanos = number(&serde_json::from_str(&text)?, "/median/point_estimate");
    Ok(Duration::from_secs_f64(nanos / 1e9))
}

fn release() -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "--release", "-p", "gmsactl"])
        .current_dir(repo::root())
        .status()?;
    ensure!(status.success(), "gmsactl does not build");
    Ok(target().join("release/gmsactl"))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repo::root().join("target"), PathBuf::from)
}

fn on_rig(gmsactl: &Path) -> Result<Command> {
    let estate = repo::root().join("target/rig/estate.toml");
    if !estate.exists() {
        bail!("the rig is not up: run cargo xtask rig up first");
    }
    let mut command = Command::new(gmsactl);
    command.arg("--estate").arg(estate).arg("--non-interactive");
    Ok(command)
}

fn scratch() -> Result<PathBuf> {
    let folder = target().join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn document(command: &mut Command) -> Result<Value> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn timed(command: &mut Command) -> Result<(Duration, Output)> {
    let since = Instant::now();
    let output = command.output()?;
    Ok((since.elapsed(), output))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How many times the one is as long as the other.
fn ratio(time: Duration, other: Duration) -> f64 {
    time.as_secs_f64() / other.as_secs_f64()
}
