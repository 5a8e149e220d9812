//! The only crate that opens outgoing HTTP.
