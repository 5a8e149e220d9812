//! The HTTP side over a real store: the whole of it in one process, most of it without a port.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod app;
mod bad_input;
mod desk;
mod house;
mod live;
mod log_files;
mod mth;
mod pages;
mod rooms;
mod serving;
mod tokens;
mod ts;
mod witness;
