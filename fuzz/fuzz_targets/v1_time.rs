//! Times of protocol v1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::v1_time(bytes));
