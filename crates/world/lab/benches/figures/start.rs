//! How long the reference estate takes to start.

use std::time::Instant;

use lab::{Lab, LabSeed};

use crate::content::PASSWORD;

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let began = Instant::now();
    let seed = LabSeed::reference_estate(PASSWORD, PASSWORD);
    let lab = runtime.block_on(Lab::start(seed)).unwrap();
    let took = began.elapsed();
    println!(
        r#"{{"start_ms": {}, "objects": {}}}"#,
        took.as_secs_f64() * 1e3,
        lab.snapshot().len()
    );
}
