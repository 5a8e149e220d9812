//! Time-stamp tokens and responses (RFC 3161).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tsa::tsa_token(bytes));
