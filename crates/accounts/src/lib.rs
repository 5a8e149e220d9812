//! People and programs: who may do what, and the trail of what was done.
//!
//! Knows no SQL and no HTTP.

#![forbid(unsafe_code)]

mod permission;

pub use permission::Permission;
