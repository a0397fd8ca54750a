//! Fuzzes [`fuzz_bodies::directory`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_bodies::directory(bytes));
