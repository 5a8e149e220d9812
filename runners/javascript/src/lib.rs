//! The JavaScript runner: `QuickJS` in jail, for sources that are code.
//!
//! [`zygote`] is the process that has the interpreter warm and is split for every call; [`runner`] is
//! the engine that a server asks. Code is an ES module that exports `fetchData(data, kind, ctx)`,
//! `backgroundTask(ctx)`, or both; around it stand the web platform's `fetch`, `URL`, `TextEncoder`,
//! `crypto` and `console`. It imports nothing: what it needs, it brings.

#![deny(unsafe_code)]

mod call;
mod host;
mod world;

use std::collections::BTreeSet;
use std::io;

use jail::{Rules, Wall};
use runners::Description;
use zygote::{Nursery, Runner, Start};

/// Calls at a time; further ones wait.
const CALLS_MAX: usize = 64;

/// Serves as a zygote over standard input, until the server is gone. Belongs into a process that has
/// one thread and holds no secret.
///
/// # Errors
/// When the interpreter cannot be made, or standard input is no socket of a server.
pub fn zygote(accept_missing: BTreeSet<Wall>) -> io::Result<()> {
    let world = world::World::make().map_err(io::Error::other)?;
    let nursery = Nursery {
        // Everything it needs is in memory.
        rules: Box::new(|limits, _| Rules::narrow(limits)),
        accept_missing,
    };
    zygote::serve(&nursery, |line| call::answer(&world, line))
}

/// An engine whose zygote is started so.
pub fn runner(start: Start, missing_walls: Vec<String>) -> Runner {
    let description = Description {
        language: "javascript".to_owned(),
        version: "QuickJS-ng, ECMAScript 2023".to_owned(),
        missing_walls,
    };
    Runner::new(start, description, CALLS_MAX)
}
