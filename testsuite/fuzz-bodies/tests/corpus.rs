//! The fuzz targets' bodies over the kept corpus, and over bytes near it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests, which may fail"
)]

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Runs a target over its corpus, then over so many changed copies of it.
fn holds(target: &str, changed: u32, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(folder.join(target))
        .unwrap()
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    corpus.sort();
    assert!(!corpus.is_empty());
    corpus.iter().for_each(|bytes| body(bytes));

    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let near = (
        prop::sample::select(corpus),
        edits,
        any::<prop::sample::Index>(),
    );
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(changed),
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let run = runner.run(&near, |(mut bytes, edits, cut)| {
        for (at, byte) in edits {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        body(&bytes);
        body(&bytes[..cut.index(bytes.len() + 1)]);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn directory() {
    holds("directory", 400, fuzz_bodies::directory);
}

#[test]
fn sasl() {
    holds("sasl", 200, fuzz_bodies::sasl);
}

#[test]
fn kdc() {
    holds("kdc", 200, fuzz_bodies::kdc);
}

#[test]
fn host() {
    holds("host", 200, fuzz_bodies::host);
}

#[test]
fn parsers() {
    holds("parsers", 1000, fuzz_bodies::parsers);
}
