//! Tiles and bundles of entries (C2SP `tlog-tiles`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::bundle(bytes));
