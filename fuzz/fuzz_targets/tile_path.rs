//! Paths of tiles (C2SP `tlog-tiles`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::tlog::tile_path(bytes));
