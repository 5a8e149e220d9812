//! The rooms behind the door, as a browser and as programs see them.

mod access;
mod admin;
pub(crate) mod browser;
mod desk;
mod door;
mod own;
