//! One value of a known kind.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::indicator::parse_value(bytes));
