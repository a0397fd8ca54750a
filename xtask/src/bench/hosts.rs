//! `cargo xtask bench hosts`: discovery over the agent's frames, on hosts of a lab that runs as a process of its own.
//!
//! One large host, and a thousand of which one in twenty is dead or never answers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::lab_process::LabProcess;
use super::{median, release, scratch, timed};

const ROUNDS: usize = 9;
/// Services, scheduled tasks, application pools of the large host.
const LARGE: (usize, usize, usize) = (300, 40, 20);
const HOSTS: usize = 1_000;
/// Of a thousand hosts one in so many is dead, and as many never answer.
const ONE_IN: usize = 40;
/// What `--host-timeout` gives each host, and `--parallel` at a time.
const TIME_OUT: Duration = Duration::from_secs(10);
const AT_ONCE: usize = 25;

/// Measures and prints.
pub fn run() -> Result<()> {
    let gmsactl = release()?;
    let folder = scratch()?;
    let found = reference(&gmsactl, &folder)?;
    large(&gmsactl, &folder, &found)?;
    many(&gmsactl, &folder, &found)
}

/// What is discovered in the reference estate: the form in which the other estates are given to the lab.
fn reference(gmsactl: &Path, folder: &Path) -> Result<Value> {
    let lab = LabProcess::start(gmsactl, &folder.join("reference"), None)?;
    let file = folder.join("reference.json");
    let (_, output) = timed(lab.command(gmsactl).args(["discover", "--out"]).arg(&file))?;
    ensure!(output.status.success(), "discover of the reference estate");
    Ok(serde_json::from_slice(&fs::read(&file)?)?)
}

fn large(gmsactl: &Path, folder: &Path, found: &Value) -> Result<()> {
    let (services, tasks, pools) = LARGE;
    let seed = estate(found, 1, LARGE)?;
    let lab = LabProcess::start(gmsactl, &folder.join("large"), Some(&seed))?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let (took, output) = timed(lab.command(gmsactl).args(["discover", "--json"]))?;
        let document: Value = serde_json::from_slice(&output.stdout)?;
        let has = |what: &str| {
            document
                .pointer(what)
                .and_then(Value::as_array)
                .map(Vec::len)
        };
        ensure!(has("/hosts/0/services") == Some(services), "other services");
        ensure!(has("/hosts/0/tasks") == Some(tasks), "other tasks");
        ensure!(has("/hosts/0/app_pools") == Some(pools), "other pools");
        times.push(took);
    }
    println!(
        "hosts: {services} services, {tasks} tasks, {pools} pools: discover as a whole process, directory included, \
         {:?} (limit of the host's part 200 ms)",
        median(times)
    );
    Ok(())
}

fn many(gmsactl: &Path, folder: &Path, found: &Value) -> Result<()> {
    let seed = estate(found, HOSTS, (3, 1, 0))?;
    let lab = LabProcess::start(gmsactl, &folder.join("many"), Some(&seed))?;
    break_hosts(&lab)?;
    let (seconds, at_once) = (TIME_OUT.as_secs().to_string(), AT_ONCE.to_string());
    let mut discover = lab.command(gmsactl);
    discover.args([
        "discover",
        "--json",
        "--host-timeout",
        &seconds,
        "--parallel",
        &at_once,
    ]);
    let (took, output) = timed(&mut discover)?;
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let count = |what: &str| {
        document
            .pointer(what)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    };
    let (asked, answered) = (count("/coverage/asked"), count("/coverage/answered"));
    let gaps = document.pointer("/coverage/gaps").and_then(Value::as_array);
    let of_hosts = gaps.into_iter().flatten().filter(|gap| {
        let subject = gap.pointer("/subject").and_then(Value::as_str);
        subject.is_some_and(|subject| subject.starts_with("APP"))
    });
    let silent = 2 * (HOSTS / ONE_IN);
    ensure!(asked == HOSTS, "{asked} hosts were asked");
    ensure!(answered == HOSTS - silent, "{answered} hosts answered");
    ensure!(
        of_hosts.count() == silent,
        "other gaps than the silent hosts"
    );
    println!(
        "hosts: {HOSTS} hosts, {silent} of them dead or hanging, {AT_ONCE} at a time: {answered} answered, the others are \
         gaps, in {took:?} (time-out {TIME_OUT:?})"
    );
    Ok(())
}

/// An inventory of so many hosts, each with services, tasks and pools under the reference estate's accounts.
fn estate(
    found: &Value,
    hosts: usize,
    (services, tasks, pools): (usize, usize, usize),
) -> Result<Value> {
    let account = r"CONTOSO\svc-mimsync";
    let service = |number: usize| {
        json!({
            "name": format!("App{number}"), "display_name": "An application", "logon_account": account,
            "managed_account": false, "start": "automatic", "state": "running", "image_path": r"C:\App\app.exe",
            "dependants": [],
        })
    };
    let task = |number: usize| json!({ "path": format!(r"\App\{number}"), "account": account, "logon": "password", "enabled": true });
    let pool = |number: usize| {
        let folders = json!([format!(r"C:\inetpub\{number}")]);
        json!({ "name": format!("Pool {number}"), "account": account, "started": true, "folders": folders })
    };
    let mut estate = found.clone();
    let template = found.pointer("/hosts/0").context("no host was found")?;
    let host = |number: usize| {
        let mut host = template.clone();
        let name = format!("APP{number:04}");
        let fields = [
            (
                "dns_name",
                json!(format!("{}.contoso.com", name.to_lowercase())),
            ),
            ("name", json!(name)),
            ("services", (0..services).map(service).collect()),
            ("tasks", (0..tasks).map(task).collect()),
            ("app_pools", (0..pools).map(pool).collect()),
            ("components", json!([])),
        ];
        for (field, value) in fields {
            set(&mut host, field, value);
        }
        if let Some(facts) = host.get_mut("facts") {
            set(facts, "computer_name", json!(name));
        }
        host
    };
    set(&mut estate, "hosts", (0..hosts).map(host).collect());
    Ok(estate)
}

fn set(document: &mut Value, field: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

/// One host in [`ONE_IN`] is dead from now on, and one never says a word.
fn break_hosts(lab: &LabProcess) -> Result<()> {
    let file = lab.file("estate.toml");
    let mut estate: toml::Table = fs::read_to_string(&file)?.parse()?;
    let Some(toml::Value::Array(hosts)) = estate.get_mut("host") else {
        bail!("{} has no hosts", file.display());
    };
    for (at, host) in hosts.iter_mut().enumerate() {
        let command = match at % ONE_IN {
            7 => vec!["false".to_owned()],
            27 => vec!["sleep".to_owned(), (10 * TIME_OUT.as_secs()).to_string()],
            _ => continue,
        };
        if let Some(host) = host.as_table_mut() {
            host.insert("command".to_owned(), command.into());
        }
    }
    fs::write(&file, toml::to_string(&estate)?)?;
    Ok(())
}
