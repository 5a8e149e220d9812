//! What our proof files carry beside C2SP's lines.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::proof_extra(bytes));
