//! Time-stamp requests (RFC 3161).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tsa::tsa_request(bytes));
