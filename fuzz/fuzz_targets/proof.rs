//! Inclusion and consistency proofs (RFC 9162).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::proof(bytes));
