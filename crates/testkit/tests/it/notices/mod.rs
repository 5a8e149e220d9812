//! Words sent to people: the courier's decisions, and real mail servers.

mod courier;
mod server;
mod signing_up;
mod smtp;
