//! Sources that are described, not programmed: what to ask, what to take out of the answer, and what
//! it means.
//!
//! A [`Description`] is data that people edit in a browser. [`Declared::check`] finds everything
//! that is wrong with it, each fault with its field; what is left cannot fail to run. It never holds
//! a secret: where one goes is set beside it, and put in by the egress guard.

mod condition;
mod description;
mod fault;
mod read;
mod request;
mod template;

pub use condition::Condition;
pub use description::{
    AnswerForm, BodyRule, Description, FieldRule, Meaning, Method, RequestRule, VerdictRule,
};
pub use fault::Fault;
pub use read::{Declared, Field, Finding, Outcome, Trouble};
pub use request::Ask;
