//! The test bench: a source tried on one indicator, live or on an answer that was recorded.

use super::card::Card;
use crate::rooms::view::Field;

/// The bench of one source.
pub(crate) struct Bench {
    pub action: String,
    pub fields: Vec<Field>,
    /// An answer to replay.
    pub body: String,
    pub hidden: Vec<(&'static str, String)>,
    pub wrong: Option<String>,
    /// What was asked, without secrets: method and address, then headers and body.
    pub asked: Option<String>,
    /// What came of it.
    pub outcome: Option<Card>,
}

impl Bench {
    /// A bench without a form of its own.
    pub(crate) fn empty(action: String) -> Self {
        Self {
            action,
            fields: Vec::new(),
            body: String::new(),
            hidden: Vec::new(),
            wrong: None,
            asked: None,
            outcome: None,
        }
    }
}
