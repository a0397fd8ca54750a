//! Random operations on the embedded lab and on a real domain controller: both must answer the same, and hold the same.

mod accepted;
mod address;
mod case;
mod generate;
mod normal;
mod operation;
mod random;
mod shrink;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use lab::{Lab, LabSeed};

use accepted::Accepted;
use address::Address;
use case::{Difference, Failure, Pair, Report};
use operation::Operation;
use system::System;

use crate::rig::Rig;

/// What one `./test` does; `cargo xtask differential` sets others.
const OPERATIONS: u64 = 800;
const SEED: u64 = 1;
/// After so many differences the rest would mostly repeat them.
const MAX_DIFFERENCES: u64 = 12;
/// Cases at a time: they are in units of their own.
const WORKERS: u64 = 4;
/// Cases after which the domain controller forgets what they deleted: Samba goes through it in every search.
const TIDY: u64 = 50;
/// How often an operation breaks the connection until it is believed to do so, and how often a case is run at most.
const TRIES: usize = 3;
const MAX_TRIES: usize = 20;
/// Operations between two lines that say how far it is.
const PROGRESS: u64 = 2500;

/// What is to be done; from the environment, which `cargo xtask differential` sets.
struct Settings {
    seed: u64,
    first_case: u64,
    operations: u64,
    max_differences: u64,
}

impl Settings {
    fn get() -> Self {
        let setting = |name: &str, usual: u64| match std::env::var(name) {
            Ok(text) => text.parse().unwrap(),
            Err(_) => usual,
        };
        Self {
            seed: setting("GMSACTL_DIFFERENTIAL_SEED", SEED),
            first_case: setting("GMSACTL_DIFFERENTIAL_FIRST_CASE", 0),
            operations: setting("GMSACTL_DIFFERENTIAL_OPERATIONS", OPERATIONS),
            max_differences: setting("GMSACTL_DIFFERENTIAL_MAX_DIFFERENCES", MAX_DIFFERENCES),
        }
    }
}

/// What was done so far.
#[derive(Default)]
struct Totals {
    sent: u64,
    written: u64,
    accepted: BTreeMap<&'static str, u64>,
    differences: u64,
    /// Those that were told already.
    known: BTreeSet<String>,
    /// Cases that are done although one before them is not.
    ahead: BTreeSet<u64>,
    /// All cases before this one are done.
    next: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_and_rig_do_the_same() {
    let settings = Settings::get();
    let _alone = Rig::get().exclusive_for("differential");
    let began = Instant::now();

    let password = b"Lab-Admin-Pa55";
    let lab = Lab::start(LabSeed::new("contoso.com", "CONTOSO", password))
        .await
        .unwrap();
    let addresses = [
        Address {
            name: "lab",
            server: lab.controller(),
            ldaps: lab.addresses().ldaps,
            authority_pem: lab.authority_pem().as_bytes().to_vec(),
            administrator_password: password.to_vec(),
        },
        Address::rig(),
    ];
    for address in &addresses {
        address.prepare().await;
    }
    let totals = Totals {
        next: settings.first_case,
        ..Totals::default()
    };
    let run = Arc::new(Run {
        next: AtomicU64::new(settings.first_case),
        tidied: AtomicU64::new(0),
        settings,
        addresses,
        began,
        totals: Mutex::new(totals),
    });
    let workers = run.settings.operations.div_ceil(generate::LENGTH as u64);
    let workers: Vec<_> = (0..workers.min(WORKERS))
        .map(|_| {
            let run = run.clone();
            tokio::spawn(async move { run.work().await })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    run.addresses[1].clean().await;

    let totals = run.totals.lock().unwrap();
    println!(
        "{} operations (seed {}, cases {} to {}) in {:.0} s: {} changes made by both, {} accepted differences, {} others",
        totals.sent,
        run.settings.seed,
        run.settings.first_case,
        run.next.load(Ordering::Relaxed) - 1,
        began.elapsed().as_secs_f64(),
        totals.written,
        totals.accepted.values().sum::<u64>(),
        totals.differences,
    );
    for (id, count) in &totals.accepted {
        println!("  {count:6} {id}");
    }
    assert_eq!(totals.differences, 0, "lab and rig differ: see above");
}

struct Run {
    settings: Settings,
    addresses: [Address; 2],
    began: Instant,
    /// The next case that nobody has begun.
    next: AtomicU64,
    /// How many cases had begun when what they deleted was last forgotten.
    tidied: AtomicU64,
    totals: Mutex<Totals>,
}

impl Run {
    /// One worker's cases, until enough was done.
    async fn work(&self) {
        let mut pair = self.connect().await;
        let is_enough = || {
            let totals = self.totals.lock().unwrap();
            totals.sent >= self.settings.operations
                || totals.differences >= self.settings.max_differences
        };
        while !is_enough() {
            if self.is_time_to_tidy() {
                tokio::task::block_in_place(tidy);
            }
            let case = self.next.fetch_add(1, Ordering::Relaxed);
            let (tag, operations) = (format!("d{case}"), generate::case(self.settings.seed, case));
            let mut report = self.run_case(&mut pair, &tag, &operations).await;
            for failure in std::mem::take(&mut report.failures) {
                let is_new = {
                    let mut totals = self.totals.lock().unwrap();
                    totals.known.insert(key(&operations, &failure))
                };
                if is_new {
                    let told = self.describe(&pair, case, &operations, failure).await;
                    println!("{told}");
                    self.totals.lock().unwrap().differences += 1;
                }
            }
            // What cannot be removed now goes with everything else in the end.
            let _ = tokio::join!(pair.lab.leave(&tag), pair.rig.leave(&tag));
            self.count(case, report);
        }
    }

    /// Once in [`TIDY`] cases, for one of the workers.
    fn is_time_to_tidy(&self) -> bool {
        let done = self.next.load(Ordering::Relaxed) - self.settings.first_case;
        let due = done / TIDY * TIDY;
        due > self.tidied.fetch_max(due, Ordering::Relaxed)
    }

    async fn connect(&self) -> Pair {
        let [lab, rig] = &self.addresses;
        let (lab, rig) = tokio::join!(System::connect(lab), System::connect(rig));
        Pair { lab, rig }
    }

    /// Runs a case, again if a connection breaks: it may have been another worker's operation that ended the process
    /// behind both. What breaks it every time is a difference.
    async fn run_case(&self, pair: &mut Pair, tag: &str, operations: &[Operation]) -> Report {
        let mut times = BTreeMap::new();
        for _ in 0..MAX_TRIES {
            let broken = match case::run(pair, tag, operations, Accepted::get()).await {
                Ok(report) => return report,
                Err(broken) => broken,
            };
            *pair = self.connect().await;
            let Some(index) = broken.index else { continue };
            let times = times.entry(index).or_insert(0);
            *times += 1;
            if *times == TRIES {
                return broken.failure(Accepted::get(), &operations[index]);
            }
        }
        panic!("case {tag}: the connections break at {times:?}");
    }

    /// Adds what came of a case, and says from time to time how far it is.
    fn count(&self, case: u64, report: Report) {
        let mut totals = self.totals.lock().unwrap();
        let before = totals.sent;
        totals.sent += report.sent as u64;
        totals.written += report.written as u64;
        for id in report.accepted {
            *totals.accepted.entry(id).or_default() += 1;
        }
        totals.ahead.insert(case);
        while let Some(next) = totals
            .ahead
            .first()
            .copied()
            .filter(|it| *it == totals.next)
        {
            totals.ahead.remove(&next);
            totals.next += 1;
        }
        if before / PROGRESS != totals.sent / PROGRESS {
            let seconds = self.began.elapsed().as_secs_f64();
            println!(
                "{} of {} operations in {seconds:.0} s, {} differences; to go on from here: --seed {} --first-case {}",
                totals.sent,
                self.settings.operations,
                totals.differences,
                self.settings.seed,
                totals.next,
            );
        }
    }

    /// A difference with the command that shows it again, and the shortest sequence that does.
    async fn describe(
        &self,
        pair: &Pair,
        case: u64,
        operations: &[Operation],
        failure: Failure,
    ) -> String {
        let (seed, index) = (self.settings.seed, failure.index);
        let mut text = format!(
            "\nseed {seed}, case {case}, operation {index}; \
             again: cargo xtask differential --seed {seed} --first-case {case} --operations 1; shortest:\n"
        );
        let failing = operations[..operations.len().min(index + 1)].to_vec();
        let tag = format!("d{case}");
        let (operations, failure) =
            shrink::shrink(pair, &tag, failing, failure, Accepted::get()).await;
        for operation in operations {
            text += &format!("  {operation}\n");
        }
        for Difference { of, lab, rig } in &failure.differences {
            text += &format!("    {of}\n      lab: {lab}\n      rig: {rig}\n");
        }
        let [lab, rig] = &failure.said;
        text + &format!("    lab said {lab:?}\n    rig said {rig:?}\n")
    }
}

/// Takes the tombstones out of the rig's domain controller.
fn tidy() {
    let forget = ["domain", "tombstones", "expunge", "--tombstone-lifetime=0"];
    Rig::get().samba_tool(&forget);
}

/// Differences with the same key are told once.
fn key(operations: &[Operation], failure: &Failure) -> String {
    let request = operations.get(failure.index);
    let request = request.map_or("end", |operation| operation.request.kind());
    let Difference { of, lab, rig } = &failure.differences[0];
    match of.as_str() {
        "entries" => format!("{request} {of} {}", lab.len() < rig.len()),
        "code" | "windows" => format!("{request} {of} {lab} {rig}"),
        _ => format!("{request} {of} {} {}", lab == "absent", rig == "absent"),
    }
}
