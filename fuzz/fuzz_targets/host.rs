//! Fuzzes [`fuzz_bodies::host`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_bodies::host(bytes));
