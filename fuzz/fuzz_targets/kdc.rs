//! Fuzzes [`fuzz_bodies::kdc`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_bodies::kdc(bytes));
