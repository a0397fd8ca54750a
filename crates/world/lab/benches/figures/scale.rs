//! Memory of 100,000 directory objects and 10,000 hosts in one process.

use std::sync::Arc;
use std::time::Instant;

use lab::hosts::{HostState, LabHost, WindowsRelease};
use lab::mim::{Mim, SqlServer};
use lab::{Lab, LabSeed};

use crate::content::{PASSWORD, spn};

const OBJECTS: usize = 100_000;
const HOSTS: usize = 10_000;

/// Every host has a computer account; every fifth has a Synchronization Service.
pub fn run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let began = Instant::now();
    let mut seed = LabSeed::reference_estate(PASSWORD, PASSWORD);
    for host in 0..HOSTS {
        seed.computer(&format!("HOST{host}"));
    }
    for user in HOSTS..OBJECTS {
        seed.user(&format!("user{user}"), PASSWORD, &[&spn(user)]);
    }
    let lab = runtime.block_on(Lab::start(seed)).unwrap();
    let objects_took = began.elapsed();
    let objects_bytes = resident_bytes();

    let began = Instant::now();
    let (domain, mim) = (lab.domain(), Mim::on(&Arc::new(SqlServer::default())));
    let release = WindowsRelease::server_2019();
    let host = |number: usize| {
        let name = format!("HOST{number}").parse().unwrap();
        let state = HostState::new(name, release.clone());
        let host = LabHost::new(state, Arc::clone(&domain), mim.clone());
        if number.is_multiple_of(5) {
            host.with(|machine| {
                let build = lab::mim::reference::BUILD;
                mim.install_sync(machine, build, r"CONTOSO\svc-mimsync", None);
            });
        }
        host.boot();
        host
    };
    let hosts: Vec<LabHost> = (0..HOSTS).map(host).collect();
    let hosts_took = began.elapsed();
    println!(
        r#"{{"objects": {}, "objects_ms": {}, "objects_mib": {}, "hosts": {}, "hosts_ms": {}, "all_mib": {}}}"#,
        lab.snapshot().len(),
        objects_took.as_millis(),
        objects_bytes >> 20,
        hosts.len(),
        hosts_took.as_millis(),
        resident_bytes() >> 20,
    );
}

/// VmRSS of proc_pid_status(5).
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.unwrap().parse::<u64>().unwrap() * 1024
}
