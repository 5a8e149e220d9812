//! Requests to a witness and its answers (C2SP `tlog-witness`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::witness(bytes));
