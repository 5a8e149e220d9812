//! Whether a part of the product does its work, as health checks ask it.

use async_trait::async_trait;

/// A part's state: a word for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is, in one word.
    pub name: &'static str,
    /// Whether it does its work.
    pub is_well: bool,
    /// Its state in words, for an operator.
    pub says: String,
}

/// A part that can be asked.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Its state now. Looks, and answers within seconds.
    async fn part(&self) -> Part;
}
