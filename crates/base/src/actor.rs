//! Who does something, as every room has to know for the trail.

use std::net::IpAddr;

/// The number of an account: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// The number of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// The number of an API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiTokenId(pub i64);

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who it is.
    pub who: Who,
    /// The address that asked; `None` for the product itself.
    pub address: Option<IpAddr>,
    /// The request in which it happened, as the server's log has it; `None` outside of one.
    pub request: Option<String>,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody who is known: before signing in.
    Stranger,
    /// A person in a browser.
    Person(UserId, SessionId),
    /// A program with somebody's token.
    Program(UserId, ApiTokenId),
    /// Somebody who sent e-mail address and password with the request itself.
    Password(UserId),
    /// The product itself: a schedule, a job, the command line.
    Product,
}

impl Actor {
    /// The product itself.
    pub const PRODUCT: Self = Self {
        who: Who::Product,
        address: None,
        request: None,
    };

    /// Whose account acts, if any.
    pub fn user(&self) -> Option<UserId> {
        match self.who {
            Who::Person(user, _) | Who::Program(user, _) | Who::Password(user) => Some(user),
            Who::Stranger | Who::Product => None,
        }
    }
}
