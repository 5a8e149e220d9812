//! Cosignatures of witnesses (C2SP `tlog-cosignature`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::cosignature(bytes));
