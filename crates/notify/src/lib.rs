//! Words sent to people: mail, SMS and push, delivered by background jobs.
//!
//! A feature hands a letter to the [`Outbox`]; it becomes a notice, a record that expires, and a job
//! that hands it to a [`Transport`] until that takes it, refuses it for good, or its words are worth
//! nothing any more. Where no transport is set, notices are kept for the page that shows them.
//!
//! Knows neither what the words are about nor how a message leaves the machine.

#![forbid(unsafe_code)]

mod address;
mod courier;
pub mod gateway;
pub mod letters;
mod notice;
mod notices;
mod outbox;
mod store;
mod transport;

pub use address::{Address, BadAddress, Channel};
pub use courier::{Courier, Deliver, Sweep};
pub use notice::{Envelope, KEPT_FOR, Message, NewNotice, Notice, NoticeCounts, NoticeId, State};
pub use notices::Notices;
pub use outbox::Outbox;
pub use store::{NoticeFilter, Progress, Store};
pub use transport::{Delivery, Transport, Transports};
