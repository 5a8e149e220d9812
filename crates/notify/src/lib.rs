//! Words sent to people: mail, SMS and push, delivered by background jobs.
//!
//! Knows neither what the words are about nor how a message leaves the machine.

#![forbid(unsafe_code)]
