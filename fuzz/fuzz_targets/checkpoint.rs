//! The text of a checkpoint (C2SP `tlog-checkpoint`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::checkpoint(bytes));
