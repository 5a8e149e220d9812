//! Warning lists.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::indicator::warning_list(bytes));
