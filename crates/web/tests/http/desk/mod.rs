//! The desk's API, over real stores and a world that follows a script.

mod client;
mod lookups;
mod many;
mod settings;
pub(crate) mod world;
