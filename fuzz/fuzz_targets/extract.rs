//! Indicators of free text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::indicator::extract(bytes));
