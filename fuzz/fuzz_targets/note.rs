//! Signed notes (C2SP `signed-note`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::note(bytes));
