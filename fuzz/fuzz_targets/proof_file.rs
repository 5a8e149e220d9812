//! Proof files (C2SP `tlog-proof`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::proof_file(bytes));
