//! Words that every room shares: time, chance, events, and the store that did not answer.
//!
//! Nothing here knows what a timestamp, a post or an indicator is.

#![forbid(unsafe_code)]

mod actor;
mod bus;
mod entropy;
pub mod health;
pub mod metrics;
mod time;
pub mod trace;
mod unavailable;

pub use actor::{Actor, ApiTokenId, SessionId, UserId, Who};
pub use bus::{Bus, Event, InProcessBus, Subscription};
pub use entropy::{Entropy, SystemEntropy};
pub use time::{Clock, Skew, SystemClock, UnixMicros};
pub use unavailable::Unavailable;
