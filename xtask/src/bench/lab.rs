//! `cargo xtask bench lab`: the lab's start, memory and look-ups, and its searches beside Samba's and OpenLDAP's.

mod in_lab;
mod in_samba;
mod in_slapd;
mod searches;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::number;
use crate::repo;
use crate::system::command;

/// Starts of which the median is told.
const STARTS: usize = 9;

/// Measures and prints.
pub fn run() -> Result<()> {
    let figures = Figures::build()?;
    start(&figures)?;
    lookups(&figures)?;
    scale(&figures)?;
    searches::run(&figures)
}

/// The lab's bench program.
struct Figures(PathBuf);

impl Figures {
    fn build() -> Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["bench", "--quiet", "--locked", "--no-run", "-p", "lab"])
            .args(["--bench", "figures", "--message-format=json"])
            .current_dir(repo::root());
        let messages = command::output(&mut cargo)?;
        let executable = |line: &str| {
            let message: Value = serde_json::from_str(line).ok()?;
            let name = message.pointer("/target/name")?.as_str()?;
            let program = message.get("executable")?.as_str()?;
            (name == "figures").then(|| PathBuf::from(program))
        };
        let program = messages.lines().find_map(executable);
        let program = program.context("cargo names no program of the lab's bench")?;
        Ok(Self(program))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(words);
        command
    }

    /// The documents that a part prints, a line each.
    fn lines(&self, words: &[&str]) -> Result<Vec<Value>> {
        let text = command::output(&mut self.command(words))?;
        let line = |line| serde_json::from_str(line).with_context(|| format!("{line:?}"));
        text.lines().map(line).collect()
    }

    fn line(&self, words: &[&str]) -> Result<Value> {
        let lines = self.lines(words)?;
        lines.into_iter().next().context("the bench prints nothing")
    }
}

fn start(figures: &Figures) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(number(&figures.line(&["start"])?, "/start_ms"));
    }
    let start = median(times);
    println!("lab: start of the reference estate {start:.1} ms (limit 100 ms)");
    Ok(())
}

fn lookups(figures: &Figures) -> Result<()> {
    for lookup in figures.lines(&["lookups"])? {
        let (few, many) = (number(&lookup, "/few_us"), number(&lookup, "/many_us"));
        println!(
            "lab: search {} among 1,000 users {few:.1} µs, among 100,000 {many:.1} µs: {:.2} times",
            text(&lookup, "/lookup"),
            many / few
        );
    }
    Ok(())
}

fn scale(figures: &Figures) -> Result<()> {
    let scale = figures.line(&["scale"])?;
    let number = |pointer| number(&scale, pointer);
    println!(
        "lab: {} objects in {:.0} ms, {} hosts in {:.0} ms: {} MiB resident, {} of them for the objects (limit 1024 MiB)",
        number("/objects"),
        number("/objects_ms"),
        number("/hosts"),
        number("/hosts_ms"),
        number("/all_mib"),
        number("/objects_mib"),
    );
    Ok(())
}

fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    let text = document.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
