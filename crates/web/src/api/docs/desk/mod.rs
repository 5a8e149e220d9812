//! What each operation of the desk takes and answers.

mod lists;
mod lookups;
mod sources;

use super::operations::{Body, Kinds, Operation, Shape};
use crate::problem::Kind;

const OBJECT: Kinds = &[("application/json", Shape::Object)];
const ARRAY: Kinds = &[("application/json", Shape::List)];
const NUMBER: Kinds = &[("text/plain", Shape::Text)];
const EVENTS: Kinds = &[("text/event-stream", Shape::Text)];
const NOTHING: Kinds = &[];

/// What may happen to who reads.
const READING: &[Kind] = &[
    Kind::SignInNeeded,
    Kind::BadCredentials,
    Kind::NotPermitted,
    Kind::Throttled,
    Kind::MalformedQuery,
    Kind::NoSuchThing,
    Kind::Invalid,
];
/// The same, and to who changes something.
const CHANGING: &[Kind] = &[
    Kind::SignInNeeded,
    Kind::BadCredentials,
    Kind::NotPermitted,
    Kind::CrossSite,
    Kind::Throttled,
    Kind::MalformedQuery,
    Kind::MalformedJson,
    Kind::Invalid,
    Kind::MissingField,
    Kind::Conflict,
    Kind::NoSuchThing,
    Kind::BodyTooLarge,
    Kind::TooManyItems,
];

/// What may happen to who wants a proof.
const PROOF: &[Kind] = &[
    Kind::SignInNeeded,
    Kind::BadCredentials,
    Kind::NotPermitted,
    Kind::NoSuchThing,
    Kind::FactWaiting,
    Kind::Forgotten,
];

/// Every operation of the desk.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    let all = [lookups::OPERATIONS, sources::OPERATIONS, lists::OPERATIONS];
    all.into_iter().flatten()
}

/// What one operation is called.
#[derive(Clone, Copy)]
struct Words {
    id: &'static str,
    summary: &'static str,
    about: &'static str,
}

const fn words(id: &'static str, summary: &'static str, about: &'static str) -> Words {
    Words { id, summary, about }
}

/// Reads something.
const fn get(
    tag: &'static str,
    path: &'static str,
    words: Words,
    parameters: &'static [&'static str],
    answer: Done,
) -> Operation {
    Operation {
        method: "get",
        path,
        id: words.id,
        tag,
        summary: words.summary,
        about: words.about,
        parameters,
        required: &[],
        body: None,
        answers: answers(answer),
        problems: READING,
    }
}

/// Changes something; the body is JSON like the example.
const fn act(
    method: &'static str,
    tag: &'static str,
    path: &'static str,
    words: Words,
    parameters: &'static [&'static str],
    example: Option<&'static str>,
    answer: Done,
) -> Operation {
    Operation {
        method,
        path,
        id: words.id,
        tag,
        summary: words.summary,
        about: words.about,
        parameters,
        required: &[],
        body: match example {
            None => None,
            example => Some(Body {
                kinds: OBJECT,
                example,
            }),
        },
        answers: answers(answer),
        problems: CHANGING,
    }
}

const fn answers(done: Done) -> &'static [(u16, &'static str, Kinds)] {
    match done {
        Done::Gone => &[(204, "Done", NOTHING)],
        Done::Created => &[(201, "Done", NOTHING)],
        Done::Made => &[(201, "What was made", OBJECT)],
        Done::Number => &[(201, "Its number", NUMBER)],
        Done::Found => &[(200, "Its number", NUMBER)],
        Done::Told => &[(200, "What there is to say", OBJECT)],
        Done::List => &[(200, "The list", ARRAY)],
        Done::Events => &[(200, "The events", EVENTS)],
    }
}

/// How it is answered.
#[derive(Clone, Copy)]
enum Done {
    Gone,
    Created,
    Made,
    Number,
    Found,
    Told,
    List,
    Events,
}
