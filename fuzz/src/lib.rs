//! What must hold for any bytes at all, one function for each fuzz target.
//!
//! The modules of the parsers stand alone: the crates that they test include them by path, and run
//! them over `testdata/fuzz` on stable, so that whatever was once found stays found.

pub mod indicator;
pub mod keccak;
pub mod tlog;
pub mod tsa;
