//! Warm processes for runners. A zygote is a process with one thread and an interpreter that is ready;
//! for every call it is split, and the copy is in jail before it sees a byte of anybody's code.
//!
//! Three processes take part. The *server* ([`Runner`], an [`runners::Engine`]) speaks with whoever
//! wants code run. The *zygote* ([`serve`]) holds the interpreter, splits itself, watches over the
//! copies and ends them. A *child* answers one call over its [`Line`] and is gone. The server and the
//! zygote share one socket; with it the zygote hands the server the other end of each child's line.
//!
//! Knows no language: what a child does with its line is the language's business.

#![forbid(unsafe_code)]

mod control;
mod frame;
mod line;
mod message;
mod nursery;
mod runner;

pub use frame::{FRAME_BYTES_MAX, Frame, Kind};
pub use line::Line;
pub use message::{Asked, Asks, Ended, Failed, Given, Said, Task};
pub use nursery::{Nursery, serve};
pub use runner::{Runner, Start};
