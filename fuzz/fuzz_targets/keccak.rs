//! The lane-parallel hash, whose loads are `unsafe`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::keccak::keccak(bytes));
