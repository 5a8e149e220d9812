//! Messages of protocol v1 in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::v1_json(bytes));
