//! The door through which words leave the machine.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Channel, Notice};

/// What a transport did with a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Taken; the server's words.
    Taken(String),
    /// Not now: no answer, greylisting, a full queue, a password that an operator must mend. Later
    /// may do.
    NotNow(String),
    /// Never: the server refused it for good.
    Refused(String),
}

/// Hands one notice to whoever carries it on. An attempt may be repeated, so a receiver may see a
/// notice twice: [`Notice::key`] is the same then.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Tries once, within a time limit of its own below [`a minute`].
    async fn deliver(&self, notice: &Notice) -> Delivery;
}

/// The transports that are set.
#[derive(Clone, Default)]
pub struct Transports {
    /// For mail.
    pub mail: Option<Arc<dyn Transport>>,
    /// For short messages.
    pub sms: Option<Arc<dyn Transport>>,
    /// For push messages.
    pub push: Option<Arc<dyn Transport>>,
}

impl Transports {
    /// The one for a channel.
    pub fn of(&self, channel: Channel) -> Option<&Arc<dyn Transport>> {
        match channel {
            Channel::Mail => self.mail.as_ref(),
            Channel::Sms => self.sms.as_ref(),
            Channel::Push => self.push.as_ref(),
        }
    }
}
