//! Fuzzes [`fuzz_bodies::sasl`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_bodies::sasl(bytes));
