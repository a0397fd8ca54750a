//! Random operations on the embedded lab and on a real domain controller: both must answer the same, and hold the same.

mod accepted;
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
use case::{Difference, Failure, Pair};
use operation::Operation;
use system::{Address, System};

use crate::rig::Rig;

/// What one `./test` does; `cargo xtask differential` sets others.
const OPERATIONS: u64 = 800;
const SEED: u64 = 1;
/// Cases at a time: they are in units of their own.
const WORKERS: usize = 4;
/// After so many failing cases the rest would only repeat them.
const MAX_FAILURES: usize = 12;

#[derive(Default)]
struct Totals {
    sent: usize,
    written: usize,
    accepted: BTreeMap<&'static str, usize>,
    failures: Vec<String>,
    known: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_and_rig_do_the_same() {
    let setting = |name: &str, usual: u64| match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => usual,
    };
    let operations = setting("GMSACTL_DIFFERENTIAL_OPERATIONS", OPERATIONS);
    let seed = setting("GMSACTL_DIFFERENTIAL_SEED", SEED);
    let _alone = Rig::get().exclusive_for("differential");
    let began = Instant::now();

    let password = b"Lab-Admin-Pa55";
    let lab = Lab::start(LabSeed::new("contoso.com", "CONTOSO", password))
        .await
        .unwrap();
    let addresses = Arc::new([
        Address {
            name: "lab",
            server: lab.controller(),
            ldaps: lab.addresses().ldaps,
            authority_pem: lab.authority_pem().as_bytes().to_vec(),
            administrator_password: password.to_vec(),
        },
        Address::rig(),
    ]);
    for address in &*addresses {
        address.prepare().await;
    }
    let next = Arc::new(AtomicU64::new(0));
    let totals = Arc::new(Mutex::new(Totals::default()));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (addresses, next, totals) = (addresses.clone(), next.clone(), totals.clone());
            tokio::spawn(async move { work(&addresses, seed, operations, &next, &totals).await })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    addresses[1].clean().await;

    let totals = totals.lock().unwrap();
    println!(
        "{} operations (seed {seed}) in {:.0} s: {} changes made by both, {} accepted differences, {} others",
        totals.sent,
        began.elapsed().as_secs_f64(),
        totals.written,
        totals.accepted.values().sum::<usize>(),
        totals.failures.len(),
    );
    for (id, count) in &totals.accepted {
        println!("  {count:6} {id}");
    }
    assert!(
        totals.failures.is_empty(),
        "\n{}",
        totals.failures.join("\n")
    );
}

async fn work(
    addresses: &[Address; 2],
    seed: u64,
    operations: u64,
    next: &AtomicU64,
    totals: &Mutex<Totals>,
) {
    let (lab, rig) = tokio::join!(
        System::connect(&addresses[0]),
        System::connect(&addresses[1])
    );
    let pair = Pair { lab, rig };
    loop {
        let is_enough = {
            let totals = totals.lock().unwrap();
            totals.sent as u64 >= operations || totals.failures.len() >= MAX_FAILURES
        };
        if is_enough {
            return;
        }
        let number = next.fetch_add(1, Ordering::Relaxed);
        let (tag, operations) = (format!("d{number}"), generate::case(seed, number));
        let report = case::run(&pair, &tag, &operations, Accepted::get()).await;
        let mut failures = Vec::new();
        for failure in report.failures {
            let key = key(&operations, &failure);
            if totals.lock().unwrap().known.insert(key) {
                let failing = operations[..operations.len().min(failure.index + 1)].to_vec();
                let title = format!("seed {seed}, case {number}, operation {}", failure.index);
                let shortest = shrink::shrink(&pair, &tag, failing, failure, Accepted::get()).await;
                failures.push(describe(&title, &shortest.0, &shortest.1));
            }
        }
        tokio::join!(pair.lab.leave(&tag), pair.rig.leave(&tag));
        let mut totals = totals.lock().unwrap();
        totals.sent += report.sent;
        totals.written += report.written;
        for id in report.accepted {
            *totals.accepted.entry(id).or_default() += 1;
        }
        totals.failures.extend(failures);
    }
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

fn describe(title: &str, operations: &[Operation], failure: &Failure) -> String {
    let mut text = format!("{title}; shortest:\n");
    for operation in operations {
        text += &format!("  {operation}\n");
    }
    for Difference { of, lab, rig } in &failure.differences {
        text += &format!("    {of}\n      lab: {lab}\n      rig: {rig}\n");
    }
    let [lab, rig] = &failure.said;
    text + &format!("    lab said {lab:?}\n    rig said {rig:?}\n")
}
